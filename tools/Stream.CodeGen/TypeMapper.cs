using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen;

/// <summary>Spells the description's types in C#: the type itself, how to read it and how to write it.</summary>
internal sealed class TypeMapper(EnumCatalog enums)
{
    /// <summary>The C# type without a question mark.</summary>
    public string CSharp(TypeReference type, SpecConstraints constraints)
    {
        if (enums.NameFor(type, constraints) is { } name && type.Element is null)
        {
            return name;
        }

        return type.Kind switch
        {
            TypeKind.String => "string",
            TypeKind.Bool => "bool",
            TypeKind.Int32 => "int",
            TypeKind.Int64 => "long",
            TypeKind.Double => "double",
            TypeKind.Float => "float",
            TypeKind.Time or TypeKind.TimeText => "StreamTime",
            TypeKind.Duration => "StreamDuration",
            TypeKind.Named => Naming.Type(type.Name),
            TypeKind.List => $"IReadOnlyList<{CSharp(type.Element!, constraints)}>",
            TypeKind.Map when type.Element!.Kind is TypeKind.Any => "JsonObject",
            TypeKind.Map => $"IReadOnlyDictionary<string, {CSharp(type.Element!, constraints)}>",
            _ => throw new NotSupportedException($"A bare '{type.Kind}' has no C# type."),
        };
    }

    /// <summary>The C# type of a property without a question mark.</summary>
    public string CSharp(SpecField field) =>
        field.IsNullable ? $"OrNull<{ScalarOf(field)}>" : CSharp(field.Type, field.Constraints);

    /// <summary>An expression that reads a property's value from <c>reader</c>.</summary>
    public string Read(SpecField field) =>
        field.IsNullable
            ? $"JsonIn.OrNull<{ScalarOf(field)}>(ref reader, JsonIn.{ReadMethod(field.Type, field.Constraints)})"
            : Read(field.Type, field.Constraints);

    /// <summary>A statement that writes a property's value that is not null.</summary>
    public string Write(SpecField field, string value) =>
        field.IsNullable
            ? $"JsonOut.OrNull(writer, {value}, times, JsonOut.{WriteMethod(field.Type, field.Constraints)});"
            : Write(field.Type, field.Constraints, value);

    public bool IsValueType(TypeReference type, SpecConstraints constraints) =>
        enums.NameFor(type, constraints) is not null && type.Element is null
        || type.Kind is TypeKind.Bool or TypeKind.Int32 or TypeKind.Int64 or TypeKind.Double or TypeKind.Float
            or TypeKind.Time or TypeKind.TimeText or TypeKind.Duration;

    /// <summary>An expression that reads one value, or null, from <c>reader</c>.</summary>
    public string Read(TypeReference type, SpecConstraints constraints, string reader = "reader") => type.Kind switch
    {
        TypeKind.List or TypeKind.Map when ReadMethod(type, constraints) is null =>
            $"JsonIn.{Container(type, constraints)}(ref {reader}, {ElementReader(type.Element!, constraints)})",
        _ => $"JsonIn.{ReadMethod(type, constraints)}(ref {reader})",
    };

    /// <summary>A statement that writes a value that is not null.</summary>
    public string Write(TypeReference type, SpecConstraints constraints, string value) => type.Kind switch
    {
        TypeKind.List or TypeKind.Map when WriteMethod(type, constraints) is null =>
            $"JsonOut.{type.Kind}(writer, {value}, times, {ElementWriter(type.Element!, constraints)});",
        _ => $"JsonOut.{WriteMethod(type, constraints)}(writer, {value}, times);",
    };

    /// <exception cref="NotSupportedException">A kind of nullable property that no description had so far.</exception>
    private string ScalarOf(SpecField field) =>
        IsValueType(field.Type, field.Constraints) && !field.IsRequired
            ? CSharp(field.Type, field.Constraints)
            : throw new NotSupportedException($"'{field.Name}' is nullable, and not an optional scalar.");

    private string Container(TypeReference type, SpecConstraints constraints)
    {
        var element = CSharp(type.Element!, constraints);
        return IsValueType(type.Element!, constraints) ? $"Value{type.Kind}<{element}>" : $"{type.Kind}<{element}>";
    }

    private string ElementReader(TypeReference type, SpecConstraints constraints) =>
        ReadMethod(type, constraints) is { } method
            ? "JsonIn." + method
            : $"static (ref Utf8JsonReader r) => {Read(type, constraints, "r")}";

    private string ElementWriter(TypeReference type, SpecConstraints constraints)
    {
        if (WriteMethod(type, constraints) is { } method)
        {
            return "JsonOut." + method;
        }

        var inner = ElementWriter(type.Element!, constraints);
        return $"static (w, value, t) => JsonOut.{type.Kind}(w, value, t, {inner})";
    }

    private string? ReadMethod(TypeReference type, SpecConstraints constraints) =>
        enums.NameFor(type, constraints) is { } name && type.Element is null
            ? $"Enum<{name}>"
            : type.Kind switch
            {
                TypeKind.Float => "Single",
                TypeKind.TimeText => "Time",
                TypeKind.Named => $"Model<{Naming.Type(type.Name)}>",
                TypeKind.List => null,
                TypeKind.Map => type.Element!.Kind is TypeKind.Any ? "Object" : null,
                _ => type.Kind.ToString(),
            };

    private string? WriteMethod(TypeReference type, SpecConstraints constraints) =>
        enums.NameFor(type, constraints) is not null && type.Element is null
            ? "Enum"
            : type.Kind switch
            {
                TypeKind.Float => "Single",
                TypeKind.Named => "Model",
                TypeKind.List => null,
                TypeKind.Map => type.Element!.Kind is TypeKind.Any ? "Object" : null,
                _ => type.Kind.ToString(),
            };
}
