using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace GetStream.Tests.Spec;

/// <summary>Makes JSON samples of the API's types from the facts alone, in the order of the fields there.</summary>
internal sealed class SampleWriter(Facts facts, SampleOptions options)
{
    /// <summary>Down to here optional fields are written as well; deeper only what must be there.</summary>
    private const int FullDepth = 1;

    public const string Custom = """{"text":"ü \"/<>& 日本","number":2.50,"big":12345678901234567890,"list":[1,null,true,{"deep":{}}]}""";

    private int _counter;

    public byte[] Write(string type)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Named(writer, type, 0);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private void Named(Utf8JsonWriter writer, string type, int depth)
    {
        if (facts.Type(type).TryGetProperty("one_of", out var members))
        {
            Named(writer, members[0].GetString()!, depth);
            return;
        }

        if (facts.Type(type).TryGetProperty("enum", out var values))
        {
            writer.WriteStringValue(options.UnknownValues ? "never seen before" : values[0].GetString());
            return;
        }

        writer.WriteStartObject();
        foreach (var field in facts.Fields(type))
        {
            if (!Facts.Flag(field, "required") && (options.RequiredOnly || depth > FullDepth))
            {
                continue;
            }

            writer.WritePropertyName(field.GetProperty("name").GetString()!);
            Field(writer, type, field, depth);
        }

        writer.WriteEndObject();
    }

    private void Field(Utf8JsonWriter writer, string type, JsonElement field, int depth)
    {
        if (field.GetProperty("name").ValueEquals("type") && facts.Events.TryGetValue(type, out var e))
        {
            writer.WriteStringValue(e.GetProperty("type").GetString());
            return;
        }

        var permitted = Facts.Items(field, "enum").Concat(Facts.Items(field, "item_enum")).ToList();
        Value(writer, field.GetProperty("type").GetString()!, permitted, depth);
    }

    private void Value(Utf8JsonWriter writer, string type, IReadOnlyList<JsonElement> permitted, int depth)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
        {
            writer.WriteStartArray();
            for (var i = 0; i < 2 && depth <= FullDepth; i++)
            {
                Value(writer, type[..^2], permitted, depth + 1);
            }

            writer.WriteEndArray();
        }
        else if (type is "map<any>")
        {
            writer.WriteRawValue(Custom);
        }
        else if (type.StartsWith("map<", StringComparison.Ordinal))
        {
            writer.WriteStartObject();
            for (var i = 0; i < 2 && depth <= FullDepth; i++)
            {
                writer.WritePropertyName($"key {++_counter} ü.\"");
                Value(writer, type[4..^1], permitted, depth + 1);
            }

            writer.WriteEndObject();
        }
        else
        {
            Scalar(writer, type, permitted, depth);
        }
    }

    private void Scalar(Utf8JsonWriter writer, string type, IReadOnlyList<JsonElement> permitted, int depth)
    {
        _counter++;
        switch (type)
        {
            case "string" when permitted.Count > 0 && !options.UnknownValues:
                writer.WriteStringValue(permitted[_counter % permitted.Count].GetString());
                break;
            case "string":
                writer.WriteStringValue($"text {_counter} ü \"quoted\" </tag> 😀");
                break;
            case "bool":
                writer.WriteBooleanValue(_counter % 2 is 0);
                break;
            case "int32":
                writer.WriteNumberValue(_counter % 2 is 0 ? int.MinValue + _counter : int.MaxValue - _counter);
                break;
            case "int64":
                writer.WriteNumberValue(_counter % 2 is 0 ? long.MinValue + _counter : long.MaxValue - _counter);
                break;
            case "double":
                writer.WriteNumberValue(_counter + 0.1);
                break;
            case "float":
                writer.WriteNumberValue(_counter + 0.25f);
                break;
            case "time_ns" when !options.TextTimes:
                writer.WriteNumberValue(1_738_317_600_123_456_789 + _counter);
                break;
            case "time_ns" or "time":
                writer.WriteStringValue($"2025-01-31T10:00:00.{123_456_701 + (_counter % 9)}Z");
                break;
            case "duration":
                writer.WriteStringValue($"{1 + (_counter % 50)}h0m0.5s");
                break;
            default:
                Named(writer, type, depth + 1);
                break;
        }
    }
}
