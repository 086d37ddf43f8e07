using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using StreamGateway.Events;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Tests.Events;

/// <summary>Holds the hand-written JSON against protobuf's own, for every payload there is.</summary>
public sealed class EventJsonTests
{
    private static readonly JsonFormatter Reference = new(
        JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true));

    private static readonly OneofDescriptor Payload = Event.Descriptor.Oneofs.Single(oneof => oneof.Name == "payload");

    public static TheoryData<string> PayloadNames => [.. Payload.Fields.Select(payload => payload.Name)];

    [Theory]
    [MemberData(nameof(PayloadNames))]
    public void Payload_with_every_field_set_is_the_JSON_of_protobuf(string name)
    {
        foreach (var variant in SampleMessages.Full(PayloadField(name).MessageType))
        {
            AssertSame(name, variant);
        }
    }

    [Theory]
    [MemberData(nameof(PayloadNames))]
    public void Payload_with_nothing_set_is_the_JSON_of_protobuf(string name) =>
        AssertSame(name, SampleMessages.Empty(PayloadField(name).MessageType));

    [Theory]
    [MemberData(nameof(PayloadNames))]
    public void Type_of_an_event_is_the_name_of_its_payload(string name) =>
        Assert.Equal(name, EventJson.TypeOf(EventWith(name, SampleMessages.Empty(PayloadField(name).MessageType))));

    [Fact]
    public void Type_of_an_event_from_the_future_is_unknown() => Assert.Null(EventJson.TypeOf(new Event()));

    [Theory]
    [InlineData(double.NaN, float.NaN)]
    [InlineData(double.PositiveInfinity, float.PositiveInfinity)]
    [InlineData(double.NegativeInfinity, float.NegativeInfinity)]
    [InlineData(1e-300, 1e-30f)]
    [InlineData(1e300, 1e30f)]
    [InlineData(-0.1, 0.1f)]
    public void Numbers_at_the_edges_are_the_JSON_of_protobuf(double number, float level)
    {
        AssertSame("reconnected", new Reconnected { OutageMs = number });
        AssertSame("audio_levels", new AudioLevels { Levels = { new AudioLevel { Level = level } } });
    }

    [Fact]
    public void Enum_values_from_the_future_are_the_JSON_of_protobuf() =>
        AssertSame("connection_state_changed", new ConnectionStateChanged { State = (ConnectionState)77 });

    [Theory]
    [InlineData("line\nbreak \r\n and \u2028")]
    [InlineData("quote \" backslash \\ <tag> & 'apostrophe' \u007f \0")]
    [InlineData("naïve 日本語 😀")]
    public void Text_of_any_kind_keeps_its_meaning_and_fits_on_one_line(string text)
    {
        var json = Write(EventWith("go_away", new GoAway { Reason = text }));

        Assert.DoesNotContain('\n', json);
        Assert.DoesNotContain('\r', json);
        Assert.Equal(text, JsonNode.Parse(json)!["reason"]!.GetValue<string>());
    }

    private static FieldDescriptor PayloadField(string name) => Payload.Fields.Single(field => field.Name == name);

    private static Event EventWith(string name, IMessage payload)
    {
        var source = new Event();
        PayloadField(name).Accessor.SetValue(source, payload);
        return source;
    }

    private static void AssertSame(string name, IMessage payload)
    {
        var expected = JsonNode.Parse(Reference.Format(payload))!;
        var actual = JsonNode.Parse(Write(EventWith(name, payload)))!;

        // By meaning: 1e3 is 1E3, but 1 is not "1".
        Assert.True(JsonNode.DeepEquals(expected, actual), $"Expected {expected}, but was {actual}.");
    }

    private static string Write(Event source)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            EventJson.WritePayload(json, source);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
