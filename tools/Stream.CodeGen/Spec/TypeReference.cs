namespace GetStream.CodeGen.Spec;

internal enum TypeKind
{
    String,
    Bool,
    Int32,
    Int64,
    Double,
    Float,
    Time,
    TimeText,
    Duration,
    Any,
    Named,
    List,
    Map,
}

/// <summary>A type as it is written in the description: <c>string</c>, <c>UserResponse[]</c>, <c>map&lt;int32&gt;</c>.</summary>
internal sealed record TypeReference(TypeKind Kind, string Name = "", TypeReference? Element = null)
{
    /// <exception cref="FormatException">The text is not a type this generator knows.</exception>
    public static TypeReference Parse(string text)
    {
        if (text.EndsWith("[]", StringComparison.Ordinal))
        {
            return new TypeReference(TypeKind.List, Element: Parse(text[..^2]));
        }

        if (text.StartsWith("map<", StringComparison.Ordinal) && text.EndsWith('>'))
        {
            return new TypeReference(TypeKind.Map, Element: Parse(text[4..^1]));
        }

        return text switch
        {
            "string" => new TypeReference(TypeKind.String),
            "bool" => new TypeReference(TypeKind.Bool),
            "int32" => new TypeReference(TypeKind.Int32),
            "int64" => new TypeReference(TypeKind.Int64),
            "double" => new TypeReference(TypeKind.Double),
            "float" => new TypeReference(TypeKind.Float),
            "time_ns" => new TypeReference(TypeKind.Time),
            "time" => new TypeReference(TypeKind.TimeText),
            "duration" => new TypeReference(TypeKind.Duration),
            "any" => new TypeReference(TypeKind.Any),
            _ when char.IsAsciiLetterUpper(text[0]) && text.All(char.IsAsciiLetterOrDigit) =>
                new TypeReference(TypeKind.Named, text),
            _ => throw new FormatException($"Unknown type '{text}'."),
        };
    }
}
