using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginCallTests : IDisposable
{
    private readonly IPlugin _plugin = TestPlugins.Load();

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public void Call_Text_AnswersPayloadAlone() =>
        Assert.Equal("""{"length":5,"message":"hello"}""", _plugin.Call("echo", """{"message":"hello"}"""));

    [Theory]
    [InlineData("")]
    [InlineData("😀 emoji 🎉")]
    [InlineData("漢字かな")]
    [InlineData("مرحبا")]
    [InlineData("quote \" backslash \\ newline \n tab \t nul \0")]
    public void Call_Text_ComesBackUnchanged(string message)
    {
        var answer = _plugin.Call("echo", new EchoRequest(message), TestJson.Default.EchoRequest, TestJson.Default.EchoAnswer);

        Assert.Equal(new EchoAnswer(message, Encoding.UTF8.GetByteCount(message)), answer);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(513)]
    [InlineData(10_000)]
    [InlineData(1 << 20)]
    public void Call_RequestsAroundTheStackBuffer_ComeBackWhole(int size)
    {
        var message = new string('ü', size);

        var answer = _plugin.Call("echo", $$"""{"message":"{{message}}"}""");

        Assert.Equal($$"""{"length":{{2 * size}},"message":"{{message}}"}""", answer);
    }

    [Fact]
    public void Call_LongTag_ReachesThePlugin()
    {
        var tag = new string('t', 2000);

        var exception = Assert.Throws<PluginException>(() => _plugin.Call(tag, "{}"));

        Assert.Equal(PluginErrorCode.UnknownMessageType, exception.Code);
        Assert.Equal(tag, exception.Tag);
    }

    [Fact]
    public void Call_Utf8_ReadsPayloadInPlace()
    {
        using var response = _plugin.Call("greet"u8, """{"name":"Ada"}"""u8);

        Assert.Equal("""{"greeting":"Hello, Ada! Welcome to rustbridge."}""", Encoding.UTF8.GetString(response.Payload));
    }

    [Fact]
    public void Call_Writer_ReceivesPayload()
    {
        var writer = new ArrayBufferWriter<byte>();

        _plugin.Call("math.add"u8, """{"a":20,"b":22}"""u8, writer);

        Assert.Equal("""{"result":42}""", Encoding.UTF8.GetString(writer.WrittenSpan));
    }

    [Fact]
    public void Call_Typed_ReadsAndWritesJson()
    {
        var sum = _plugin.Call("math.add", new AddRequest(long.MaxValue, 1), TestJson.Default.AddRequest, TestJson.Default.AddAnswer);

        Assert.Equal(long.MinValue, sum!.Result);
    }

    [Fact]
    public void Call_UserCreate_CountsUp()
    {
        var first = Create();
        var second = Create();

        Assert.Matches("^user-[0-9a-f]{8}$", first.UserId);
        Assert.Equal(Number(first) + 1, Number(second));
        Assert.Matches("^[0-9]+Z$", first.CreatedAt);

        UserAnswer Create() => _plugin.Call(
            "user.create", new UserRequest("ada", "ada@example.com"), TestJson.Default.UserRequest, TestJson.Default.UserAnswer)!;

        static uint Number(UserAnswer answer) => Convert.ToUInt32(answer.UserId[5..], 16);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void Call_LargeAnswer_IsWhole(int size)
    {
        var json = _plugin.Call("bench.large", $$"""{"query_id":3,"filters":[],"page_size":{{size}},"page_token":null}""");

        using var document = JsonDocument.Parse(json);
        Assert.Equal(size, document.RootElement.GetProperty("results").GetArrayLength());
        Assert.Equal($"token_3_{size}", document.RootElement.GetProperty("next_page_token").GetString());
    }

    [Fact]
    public void Call_MediumAnswer_HasWhatWasAskedFor()
    {
        var json = _plugin.Call("bench.medium", """{"user_id":7,"include_fields":[],"options":{"include_metadata":true,"include_permissions":false,"max_results":1}}""");

        using var document = JsonDocument.Parse(json);
        Assert.Equal(10, document.RootElement.GetProperty("metadata").GetArrayLength());
        Assert.Equal(0, document.RootElement.GetProperty("permissions").GetArrayLength());
    }

    [Fact]
    public void Call_EmptyAnswer_IsNull() => Assert.Equal("null", _plugin.Call("bad.empty", "{}"));

    [Fact]
    public void Call_EnvelopeInAnotherOrder_IsUnderstood() =>
        Assert.Equal("""[ 1, {"status":"x"} ]""", _plugin.Call("bad.order", "{}"));

    [Fact]
    public void Call_EnvelopeWithMoreMembers_AnswersPayloadAlone() =>
        Assert.Equal("""{"a":1}""", _plugin.Call("bad.more", "{}"));

    [Fact]
    public void Call_TagWithNul_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => _plugin.Call("ec\0ho", "{}"));
        Assert.Throws<ArgumentException>(() => _plugin.Call("ec\0ho"u8, "{}"u8).Dispose());
    }

    [Fact]
    public void Call_Null_IsRefused()
    {
        Assert.Throws<ArgumentNullException>(() => _plugin.Call(null!, "{}"));
        Assert.Throws<ArgumentNullException>(() => _plugin.Call("echo", null!));
    }

    [Fact]
    public void Call_ManyInSequence_AllAnswered()
    {
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal($$"""{"result":{{2 * i}}}""", _plugin.Call("math.add", $$"""{"a":{{i}},"b":{{i}}}"""));
        }
    }

    [Fact]
    public async Task Call_HundredAtOnce_EachGetsItsOwnAnswer()
    {
        var calls = Enumerable.Range(0, 100).Select(i => Task.Run(() =>
            (Expected: $"message {i}", Answer: _plugin.Call("echo", new EchoRequest($"message {i}"), TestJson.Default.EchoRequest, TestJson.Default.EchoAnswer))));

        foreach (var (expected, answer) in await Task.WhenAll(calls).Soon())
        {
            Assert.Equal(expected, answer!.Message);
        }
    }

    [Fact]
    public void Call_FreesEveryAnswer()
    {
        var before = TestPlugins.LiveAllocations;

        _plugin.Call("echo", """{"message":"a"}""");
        Assert.Throws<PluginException>(() => _plugin.Call("error.7", "{}"));
        Assert.Throws<PluginException>(() => _plugin.Call("bad.text", "{}"));
        Assert.Throws<PluginException>(() => _plugin.Call("plain.1", "{}"));
        _plugin.Call("echo"u8, """{"message":"a"}"""u8).Dispose();
        _plugin.Call("echo"u8, """{"message":"a"}"""u8, new ArrayBufferWriter<byte>());
        Assert.Throws<PluginException>(() => _plugin.Call("math.add", new AddRequest(1, 2), TestJson.Default.AddRequest, TestJson.Default.EchoRequest));

        Assert.Equal(before, TestPlugins.LiveAllocations);
    }
}

internal sealed record EchoRequest(string Message);

internal sealed record EchoAnswer(string Message, int Length);

internal sealed record AddRequest(long A, long B);

internal sealed record AddAnswer(long Result);

internal sealed record UserRequest(string Username, string Email);

internal sealed record UserAnswer(string UserId, string CreatedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(EchoRequest))]
[JsonSerializable(typeof(EchoAnswer))]
[JsonSerializable(typeof(AddRequest))]
[JsonSerializable(typeof(AddAnswer))]
[JsonSerializable(typeof(UserRequest))]
[JsonSerializable(typeof(UserAnswer))]
internal sealed partial class TestJson : JsonSerializerContext;
