using GetStream.CodeGen.Spec;

namespace GetStream.CodeGen.Emit;

/// <summary>Writes a union of events: a wrapper that reads whichever event its discriminator names.</summary>
internal sealed class UnionEmitter(ApiSpec spec)
{
    public string Emit(SpecType type)
    {
        var union = type.Union!;
        var code = new CodeWriter(
            spec.Version, "GetStream.Models", "System.Diagnostics.CodeAnalysis", "System.Text.Json", "GetStream.Json");
        code.Summary($"Any of {union.Mapping.Count} event types, told apart by <c>{union.Discriminator}</c>.");
        code.Line($"/// <param name=\"Event\">The event; an <see cref=\"UnknownEvent\"/> where the type is newer than this version.</param>");
        code.Open($"public sealed record {type.Name}(StreamEvent Event) : IStreamModel<{type.Name}>");
        code.Summary("Every value of the discriminator that has a type of its own.");
        code.Line("public static IReadOnlyList<string> KnownTypes { get; } =");
        code.Line("[");
        code.Indent();
        foreach (var value in union.Mapping.Keys)
        {
            code.Line($"{CodeWriter.Literal(value)},");
        }

        code.Outdent();
        code.Line("];");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public static {type.Name} ReadFrom(ref Utf8JsonReader reader) => new(ReadEvent(ref reader));");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line("public void WriteTo(Utf8JsonWriter writer, StreamTimeFormat times) => Event.WriteTo(writer, times);");
        code.Line();
        code.Line("private static StreamEvent ReadEvent(ref Utf8JsonReader reader) =>");
        code.Indent();
        code.Line($"UnknownEvent.PeekType(reader, \"{union.Discriminator}\"u8) switch");
        code.Line("{");
        code.Indent();
        foreach (var (value, name) in union.Mapping)
        {
            code.Line($"{CodeWriter.Literal(value)} => {Naming.Type(name)}.ReadFrom(ref reader),");
        }

        code.Line("_ => UnknownEvent.ReadFrom(ref reader),");
        code.Outdent();
        code.Line("};");
        code.Outdent();
        code.Close();
        return code.ToString();
    }
}
