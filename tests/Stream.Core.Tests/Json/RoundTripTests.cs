using System.Reflection;
using System.Text;
using System.Text.Json;
using GetStream.Json;
using GetStream.Models;
using GetStream.Tests.Spec;
using Xunit.Abstractions;

namespace GetStream.Tests.Json;

public sealed class RoundTripTests(ITestOutputHelper output)
{
    private static readonly Dictionary<string, Type> s_models = StreamJson.ModelTypes.ToDictionary(type => type.Name);

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Every_type_writes_back_the_bytes_it_read(bool textTimes, bool unknownValues)
    {
        var samples = new SampleWriter(Facts.Server, new SampleOptions(textTimes, unknownValues));
        var count = Facts.Server.Types.Keys.Count(name => RoundTrip(name, samples.Write(name), textTimes));

        output.WriteLine($"{count}/{Facts.Server.Types.Count} types");
        Assert.Equal(1445, count);
    }

    [Fact]
    public void Every_type_of_the_clients_description_writes_back_the_bytes_it_read()
    {
        var samples = new SampleWriter(Facts.Client, new SampleOptions(TextTimes: true));
        var own = Facts.Client.Types.Keys.Except(Facts.Server.Types.Keys).ToList();

        Assert.Equal(own.Count, own.Count(name => RoundTrip(name, samples.Write(name), textTimes: true)));
    }

    [Fact]
    public void Nothing_optional_is_invented()
    {
        var samples = new SampleWriter(Facts.Server, new SampleOptions(RequiredOnly: true));

        Assert.All(Facts.Server.Types.Keys, name => Assert.True(RoundTrip(name, samples.Write(name), textTimes: false)));
    }

    [Fact]
    public void Optional_and_required_are_those_of_the_facts()
    {
        var nullability = new NullabilityInfoContext();
        foreach (var (name, type) in Facts.Server.Types.Where(pair => pair.Value.TryGetProperty("fields", out _)))
        {
            var properties = Model(name).GetProperties().ToDictionary(property => property.Name.ToUpperInvariant());
            foreach (var field in Facts.Items(type, "fields"))
            {
                var wire = field.GetProperty("name").GetString()!;
                var key = new string([.. wire.Where(char.IsLetterOrDigit)]).ToUpperInvariant();
                var property = properties.GetValueOrDefault(key) ?? properties[key + "VALUE"];
                var isNullable = nullability.Create(property).ReadState is NullabilityState.Nullable;
                Assert.True(isNullable != Facts.Flag(field, "required"), $"{name}.{wire}");
            }
        }
    }

    [Fact]
    public void Unknown_properties_are_ignored_wherever_they_stand()
    {
        const string Json = """{"new":{"a":[{}]},"id":"u","other":[1,[2]],"custom":{},"name":"n","z":null}""";

        Assert.Equal("""{"id":"u","name":"n","custom":{}}""", StreamJson.Serialize(StreamJson.Deserialize<UserRequest>(Json)));
    }

    [Fact]
    public void Coordinator_events_are_read_by_their_type()
    {
        var own = new SampleWriter(Facts.Client, new SampleOptions(TextTimes: true));
        var shared = new SampleWriter(Facts.Server, new SampleOptions(TextTimes: true));

        Assert.IsType<HealthCheckEvent>(StreamJson.Deserialize<CoordinatorEvent>(own.Write("HealthCheckEvent")).Event);
        Assert.IsType<CallCreatedEvent>(StreamJson.Deserialize<CoordinatorEvent>(shared.Write("CallCreatedEvent")).Event);
        Assert.IsType<UnknownEvent>(StreamJson.Deserialize<CoordinatorEvent>("""{"type":"brand.new"}""").Event);
    }

    [Fact]
    public void Escaped_property_names_are_the_same_names() =>
        Assert.Equal("u", StreamJson.Deserialize<UserRequest>("""{"\u0069d":"u"}""").Id);

    [Fact]
    public void Values_newer_than_this_version_survive()
    {
        const string Json = """{"mode":"sometimes"}""";
        var settings = StreamJson.Deserialize<EncryptionSettingsRequest>(Json);

        Assert.Equal("sometimes", settings.Mode?.Value);
        Assert.NotEqual(FeatureMode.Available, settings.Mode);
        Assert.Equal(Json, StreamJson.Serialize(settings));
    }

    [Fact]
    public void Custom_data_keeps_numbers_and_texts_as_they_came()
    {
        const string Json = """{"id":"u","custom":{"a":1.50,"b":1e400,"c":123456789012345678901234567890,"d":"ü"}}""";

        Assert.Equal(Json, StreamJson.Serialize(StreamJson.Deserialize<UserRequest>(Json)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"id":7}""")]
    [InlineData("""{"id":"u"} {}""")]
    [InlineData("""{"id":"u","teams":{}}""")]
    [InlineData("""{"id":"u","invisible":"yes"}""")]
    public void Json_of_another_shape_is_refused(string json) =>
        Assert.ThrowsAny<JsonException>(() => StreamJson.Deserialize<UserRequest>(json));

    [Fact]
    public void Missing_objects_are_named_and_missing_values_are_empty()
    {
        var error = Assert.Throws<JsonException>(() => StreamJson.Deserialize<GetCallResponse>("""{"duration":"1ms"}"""));
        Assert.Contains("'call'", error.Message, StringComparison.Ordinal);

        var user = StreamJson.Deserialize<UserResponse>("""{"id":"u"}""");
        Assert.Equal("", user.Role);
        Assert.Empty(user.Teams);
        Assert.Empty(user.Custom);
    }

    [Fact]
    public void Deep_nesting_is_refused_instead_of_exhausting_the_stack()
    {
        var json = """{"id":"u","custom":""" + string.Concat(Enumerable.Repeat("""{"a":""", 5000)) + "1" + new string('}', 5001);

        _ = Assert.ThrowsAny<JsonException>(() => StreamJson.Deserialize<UserRequest>(json));
    }

    private static bool RoundTrip(string name, byte[] json, bool textTimes)
    {
        if (Facts.Server.Types.TryGetValue(name, out var facts) && facts.TryGetProperty("enum", out var values))
        {
            return RoundTripEnum(name, values);
        }

        var options = textTimes ? StreamJson.TextTimeOptions : StreamJson.Options;
        var type = options.GetTypeInfo(Model(name));
        var written = JsonSerializer.SerializeToUtf8Bytes(JsonSerializer.Deserialize(json, type), type);
        Assert.True(
            written.AsSpan().SequenceEqual(json),
            $"{name}\nread  {Encoding.UTF8.GetString(json)}\nwrote {Encoding.UTF8.GetString(written)}");
        return true;
    }

    private static bool RoundTripEnum(string name, JsonElement values)
    {
        var type = typeof(StreamJson).Assembly.GetType($"GetStream.Models.{name}", throwOnError: true)!;
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Static).Select(p => p.GetValue(null)!.ToString());
        Assert.Equal(values.EnumerateArray().Select(value => value.GetString()).Order(), known.Order());
        return true;
    }

    private static Type Model(string name) => s_models[name is "Action" ? "AttachmentAction" : name];
}
