using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes one object of the API as a class that reads and writes its own JSON.</summary>
internal sealed class ModelEmitter(ApiSpec spec, EnumCatalog enums, TypeMapper mapper)
{
    /// <summary>How the requests and payloads that carry a position are paged, by their type.</summary>
    private readonly Dictionary<string, Paging> _paged = spec.Operations
        .Select(operation => Paging.Of(operation, spec))
        .OfType<Paging>()
        .Where(paging => paging.Carrier is not null)
        .DistinctBy(paging => paging.Carrier)
        .ToDictionary(paging => paging.Carrier!);

    private readonly HashSet<string> _eventTypes =
        [.. spec.Types.Values.Where(type => type.Union is not null).SelectMany(type => type.Union!.Mapping.Values)];

    public string Emit(SpecType type)
    {
        var code = new CodeWriter(
            spec.Version,
            "GetStream.Models",
            "System.Diagnostics.CodeAnalysis",
            "System.Text.Json",
            "System.Text.Json.Nodes",
            "GetStream.Json");
        if (type.Fields.Any(field => field.IsDeprecated))
        {
            code.Line("#pragma warning disable CS0618 // The type still reads and writes its own deprecated properties.");
            code.Line();
        }

        var name = Naming.Type(type.Name);
        var isEvent = _eventTypes.Contains(type.Name);
        code.Summary(Summary(type));
        code.Open($"public sealed partial class {name} : {(isEvent ? "StreamEvent, " : "")}IStreamModel<{name}>");
        Constructors(code, type, name, isEvent);
        foreach (var field in type.Fields)
        {
            Property(code, type, field, isEvent);
        }

        code.Line("/// <inheritdoc/>");
        code.Line($"public static {name} ReadFrom(ref Utf8JsonReader reader) => new(ref reader);");
        code.Line();
        Writer(code, type, isEvent);
        Position(code, type, name);
        PropertyReader(code, type, isEvent);
        code.Close();
        return code.ToString();
    }

    private string Summary(SpecType type) =>
        spec.Events.TryGetValue(type.Name, out var e)
            ? $"The event <c>{CodeWriter.Xml(e.Type)}</c>."
            : $"The API's <c>{type.Name}</c>: {Naming.Words(type.Name)}.";

    private void Constructors(CodeWriter code, SpecType type, string name, bool isEvent)
    {
        code.Summary("Starts out with only the defaults.");
        code.Open($"public {name}()");
        code.Close();
        code.Line();
        code.Line("[SetsRequiredMembers]");
        code.Open($"private {name}(ref Utf8JsonReader reader)");
        code.Line("JsonIn.BeginObject(ref reader);");
        code.Open($"while (JsonIn.Next(ref reader, out {(type.Fields.Count > 0 ? "var name" : "_")}))");
        code.Line(type.Fields.Count > 0 ? "ReadProperty(ref reader, name);" : "reader.Skip();");
        code.Close();
        code.Line();
        foreach (var field in type.Fields.Where(field => field.IsRequired && !IsTypeOfEvent(field, isEvent)))
        {
            if (Fallback(field) is { } fallback)
            {
                code.Line($"{PropertyName(type, field)} ??= {fallback};");
            }
        }

        code.Close();
        code.Line();
    }

    /// <summary>Requests for pages can be repeated from another position without touching the caller's object.</summary>
    private void Position(CodeWriter code, SpecType type, string name)
    {
        if (!_paged.TryGetValue(type.Name, out var paging))
        {
            return;
        }

        code.Line();
        code.Open($"internal {name} At({(paging.IsCursor ? "string?" : "int?")} position)");
        code.Line($"var copy = ({name})MemberwiseClone();");
        code.Line($"copy.{Naming.Pascal(paging.Field)} = position;");
        if (paging.IsCursor && type.Fields.Any(field => field.Name is "offset"))
        {
            // The API refuses both at once.
            code.Line("copy.Offset = position is null ? Offset : null;");
        }

        code.Line("return copy;");
        code.Close();
    }

    // Apart from the loop around it: the trimming analyzer's data flow takes many rounds through a switch in a loop.
    private void PropertyReader(CodeWriter code, SpecType type, bool isEvent)
    {
        if (type.Fields.Count is 0)
        {
            return;
        }

        code.Line();
        code.Open("private void ReadProperty(ref Utf8JsonReader reader, scoped ReadOnlySpan<byte> name)");
        code.Open("switch (name.Length)");
        foreach (var field in type.Fields.OrderBy(field => field.Name.Length))
        {
            var property = PropertyName(type, field);
            var read = mapper.Read(field);
            var missing = !field.IsRequired ? ""
                : mapper.IsValueType(field.Type, field.Constraints) ? " ?? default"
                : IsTypeOfEvent(field, isEvent) || field.Default is not null ? $" ?? {property}"
                : "!";
            code.Line($"case {field.Name.Length} when name.SequenceEqual(\"{field.Name}\"u8):");
            code.Indent();
            code.Line($"{property} = {read}{missing};");
            code.Line("break;");
            code.Outdent();
        }

        code.Line("default:");
        code.Indent();
        code.Line("reader.Skip();");
        code.Line("break;");
        code.Outdent();
        code.Close();
        code.Close();
    }

    /// <summary>What a required property becomes when the answer lacks it; objects have no empty value and throw.</summary>
    private string? Fallback(SpecField field) => field.Type.Kind switch
    {
        _ when field.Default is not null || mapper.IsValueType(field.Type, field.Constraints) => null,
        TypeKind.String => "\"\"",
        TypeKind.List => "[]",
        TypeKind.Map when field.Type.Element!.Kind is TypeKind.Any => "[]",
        TypeKind.Map => $"new Dictionary<string, {mapper.CSharp(field.Type.Element!, field.Constraints)}>()",
        _ => $"JsonIn.Missing<{mapper.CSharp(field.Type, field.Constraints)}>(\"{field.Name}\")",
    };

    private void Property(CodeWriter code, SpecType type, SpecField field, bool isEvent)
    {
        var enumName = enums.NameFor(field.Type, field.Constraints);
        code.Summary(
            Docs.Field(field.Name, field.Constraints, enumName)
            + (field.IsNullable ? " Left out when null; cleared by <c>OrNull&lt;T&gt;.Null</c>." : ""));
        if (field.IsDeprecated)
        {
            code.Line($"[Obsolete(\"The API has deprecated {field.Name}.\")]");
        }

        var csharp = mapper.CSharp(field);
        var name = PropertyName(type, field);
        if (IsTypeOfEvent(field, isEvent))
        {
            var value = field.Default ?? spec.Events.GetValueOrDefault(type.Name)?.Type ?? "";
            code.Line($"public override string Type {{ get; set; }} = {CodeWriter.Literal(value)};");
        }
        else if (field.Default is { } @default && csharp is "string")
        {
            code.Line($"public string {name} {{ get; set; }} = {CodeWriter.Literal(@default)};");
        }
        else
        {
            var required = field.IsRequired && !field.IsDeprecated ? "required " : "";
            var nullable = field.IsRequired ? "" : "?";
            code.Line($"public {required}{csharp}{nullable} {name} {{ get; set; }}");
        }

        code.Line();
    }

    private void Writer(CodeWriter code, SpecType type, bool isEvent)
    {
        code.Line("/// <inheritdoc/>");
        code.Open($"public {(isEvent ? "override " : "")}void WriteTo(Utf8JsonWriter writer, StreamTimeFormat times)");
        code.Line("writer.WriteStartObject();");
        foreach (var field in type.Fields)
        {
            WriteField(code, type, field);
        }

        code.Line("writer.WriteEndObject();");
        code.Close();
    }

    private void WriteField(CodeWriter code, SpecType type, SpecField field)
    {
        var property = PropertyName(type, field);
        var value = property;
        if (!field.IsRequired)
        {
            value = Naming.Camel(field.Name) + "Value";
            code.Open($"if ({property} is {{ }} {value})");
        }

        var direct = field.IsNullable || enums.NameFor(field.Type, field.Constraints) is not null ? null : field.Type.Kind switch
        {
            TypeKind.String => "String",
            TypeKind.Bool => "Boolean",
            TypeKind.Int32 or TypeKind.Int64 or TypeKind.Double or TypeKind.Float => "Number",
            _ => null,
        };
        if (direct is not null)
        {
            code.Line($"writer.Write{direct}(\"{field.Name}\"u8, {value});");
        }
        else
        {
            code.Line($"writer.WritePropertyName(\"{field.Name}\"u8);");
            code.Line(mapper.Write(field, value));
        }

        if (!field.IsRequired)
        {
            code.Close();
        }
    }

    private static bool IsTypeOfEvent(SpecField field, bool isEvent) => isEvent && field.Name is "type";

    /// <summary>A member must not have the name of its type.</summary>
    private static string PropertyName(SpecType type, SpecField field)
    {
        var name = Naming.Pascal(field.Name);
        return name == Naming.Type(type.Name) ? name + "Value" : name;
    }
}
