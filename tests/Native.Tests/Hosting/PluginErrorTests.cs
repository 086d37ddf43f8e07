using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginErrorTests : IDisposable
{
    private readonly IPlugin _plugin = TestPlugins.Load();

    public void Dispose() => _plugin.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(99)]
    public void Call_RefusedInAnEnvelope_HasCodeMessageTagAndDetails(int code)
    {
        var exception = Assert.Throws<PluginException>(() => _plugin.Call($"error.{code}", "{}"));

        Assert.Equal((PluginErrorCode)code, exception.Code);
        Assert.Equal((uint)code, exception.RawCode);
        Assert.Equal($"error number {code}", exception.Message);
        Assert.Equal($"error.{code}", exception.Tag);
        Assert.Equal($$"""{"tag":"error.{{code}}"}""", exception.Details);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(11)]
    [InlineData(4000000000)]
    public void Call_RefusedInPlainText_HasCleanMessage(uint code)
    {
        var exception = Assert.Throws<PluginException>(() => _plugin.Call($"plain.{code}", "{}"));

        Assert.Equal(code, exception.RawCode);
        Assert.Equal("plain text", exception.Message);
        Assert.Null(exception.Details);
    }

    [Fact]
    public void Call_UnknownTag_IsUnknownMessageType() =>
        Assert.Equal(PluginErrorCode.UnknownMessageType, Assert.Throws<PluginException>(() => _plugin.Call("no.such.tag", "{}")).Code);

    [Theory]
    [InlineData("{not json")]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1,2")]
    public void Call_BadRequest_IsSerializationError(string request) =>
        Assert.Equal(PluginErrorCode.SerializationError, Assert.Throws<PluginException>(() => _plugin.Call("echo", request)).Code);

    [Theory]
    [InlineData("bad.text")]
    [InlineData("bad.trailing")]
    public void Call_AnswerThatIsNoEnvelope_IsSerializationError(string tag) =>
        Assert.Equal(PluginErrorCode.SerializationError, Assert.Throws<PluginException>(() => _plugin.Call(tag, "{}")).Code);

    [Fact]
    public void Call_FailureOnlyInTheEnvelope_IsAFailure()
    {
        var exception = Assert.Throws<PluginException>(() => _plugin.Call("bad.status", "{}"));

        Assert.Equal(PluginErrorCode.HandlerError, exception.Code);
        Assert.Equal("only the envelope says so", exception.Message);
    }

    [Fact]
    public void Call_PayloadOfAnotherShape_IsSerializationError()
    {
        var exception = Assert.Throws<PluginException>(() => _plugin.Call(
            "math.add", new AddRequest(1, 2), TestJson.Default.AddRequest, TestJson.Default.EchoRequest));

        Assert.Equal(PluginErrorCode.SerializationError, exception.Code);
        Assert.Equal("math.add", exception.Tag);
    }

    [Fact]
    public void Panic_MarksTheInstanceFailed_AndItStillStops()
    {
        var panic = Assert.Throws<PluginException>(() => _plugin.Call("panic", "{}"));
        var later = Assert.Throws<PluginException>(() => _plugin.Call("echo", """{"message":"a"}"""));

        Assert.Equal(PluginErrorCode.Internal, panic.Code);
        Assert.Equal("Plugin panicked: on purpose", panic.Message);
        Assert.Equal(PluginErrorCode.InvalidState, later.Code);
        Assert.Equal(PluginState.Failed, _plugin.State);
        _plugin.Dispose();
        Assert.Equal(PluginState.Stopped, _plugin.State);
    }

    [Fact]
    public async Task Async_Refusals_AreTheSameExceptions()
    {
        var exception = await Assert.ThrowsAsync<PluginException>(() => _plugin.CallAsync("error.7", "{}"u8.ToArray()).Soon());

        Assert.Equal(PluginErrorCode.HandlerError, exception.Code);
        Assert.Equal("error number 7", exception.Message);
        Assert.Equal("error.7", exception.Tag);
    }
}
