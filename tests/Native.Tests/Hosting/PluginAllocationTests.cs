using System.Buffers;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

/// <summary>Exact bytes on the managed heap for each hot call.</summary>
public sealed class PluginAllocationTests : IDisposable
{
    private const int Rounds = 1000;

    private readonly IPlugin _plugin = TestPlugins.Load();

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public void CallRaw_FixedSize_AllocatesNothing()
    {
        var request = SmallRequest.For("bench_key", 1);
        Assert.Equal(0, BytesPerRound(() => _plugin.CallRaw<SmallRequest, SmallResponse>(1, in request, out _)));
    }

    [Fact]
    public void CallRaw_VariableSize_AllocatesNothing() =>
        Assert.Equal(0, BytesPerRound(() => _plugin.CallRaw(100, "some bytes"u8).Dispose()));

    [Fact]
    public void Call_Utf8_AllocatesNothing() =>
        Assert.Equal(0, BytesPerRound(() => _plugin.Call("echo"u8, """{"message":"hello"}"""u8).Dispose()));

    [Fact]
    public void Call_Utf8ToWriter_AllocatesNothing()
    {
        var writer = new ArrayBufferWriter<byte>(1024);
        Assert.Equal(0, BytesPerRound(() =>
        {
            writer.ResetWrittenCount();
            _plugin.Call("echo"u8, """{"message":"hello"}"""u8, writer);
        }));
    }

    [Fact]
    public void Call_Text_AllocatesTheAnswerAlone()
    {
        var answer = "";
        var bytes = BytesPerRound(() => answer = _plugin.Call("echo", """{"message":"hello"}"""));

        // Object header, method table, length, characters with their NUL; rounded up to 8.
        Assert.Equal((8 + 8 + 4 + 2 * (answer.Length + 1) + 7) / 8 * 8, bytes);
    }

    [Fact]
    public void State_AllocatesNothing() => Assert.Equal(0, BytesPerRound(() => _ = _plugin.State));

    [Fact]
    public void RejectedRequestCount_AllocatesNothing() => Assert.Equal(0, BytesPerRound(() => _ = _plugin.RejectedRequestCount));

    private static long BytesPerRound(Action action)
    {
        action();
        action();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Rounds; i++)
        {
            action();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }
}
