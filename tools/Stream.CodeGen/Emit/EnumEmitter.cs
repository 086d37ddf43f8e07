namespace GetStream.CodeGen.Emit;

/// <summary>Writes a set of permitted texts as a value type that also carries texts it does not know.</summary>
internal sealed class EnumEmitter(string version)
{
    public string Emit(string name, IReadOnlyList<string> values)
    {
        var code = new CodeWriter(version, "GetStream.Models", "System.Diagnostics.CodeAnalysis", "GetStream.Json");
        code.Summary($"{Naming.Sentence(name)}: one of the texts below, or one newer than this version, kept as it came.");
        code.Open($"public readonly record struct {name} : IStreamEnum<{name}>");
        code.Line("private readonly string? _value;");
        code.Line();
        code.Summary("Wraps any text.");
        code.Line($"public {name}(string value) => _value = value;");
        code.Line();
        foreach (var value in values)
        {
            code.Summary($"<c>{CodeWriter.Xml(value)}</c>.");
            code.Line($"public static {name} {MemberName(name, value)} {{ get; }} = new({CodeWriter.Literal(value)});");
            code.Line();
        }

        code.Line("/// <inheritdoc/>");
        code.Line("public string Value => _value ?? \"\";");
        code.Line();
        code.Summary("Wraps any text.");
        code.Line($"public static implicit operator {name}(string value) => new(value);");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public static {name} From(string value) => new(value);");
        code.Line();
        code.Summary("The text on the wire.");
        code.Line("public override string ToString() => Value;");
        code.Close();
        return code.ToString();
    }

    private static string MemberName(string type, string value)
    {
        var name = Naming.Pascal(value.Any(char.IsAsciiLetterLower) ? value : value.ToLowerInvariant());
        return name is "Value" or "From" or "Equals" or "GetType" || name == type ? name + "Text" : name;
    }
}
