using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using StreamGateway.Native.Hosting;
using StreamGateway.Native.Tests.Support;

namespace StreamGateway.Native.Tests.Hosting;

public sealed class PluginRawCallTests : IDisposable
{
    private const uint BenchSmall = 1;
    private const uint Echo = 100;
    private const uint Short = 101;
    private const uint Nothing = 103;

    private readonly IPlugin _plugin = TestPlugins.Load();

    public void Dispose() => _plugin.Dispose();

    [Fact]
    public void Structs_HaveTheSizesOfTheContract()
    {
        Assert.Equal(76, Unsafe.SizeOf<SmallRequest>());
        Assert.Equal(80, Unsafe.SizeOf<SmallResponse>());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(0, false)]
    [InlineData(3, true)]
    public void CallRaw_FixedSize_AnswersStruct(uint flags, bool hit)
    {
        var request = SmallRequest.For("bench_key", flags);

        _plugin.CallRaw<SmallRequest, SmallResponse>(BenchSmall, in request, out var response);

        Assert.True(_plugin.HasBinaryTransport);
        Assert.Equal("value_for_bench_key", response.Text);
        Assert.Equal(3600u, response.TtlSeconds);
        Assert.Equal(hit, response.CacheHit != 0);
    }

    [Fact]
    public async Task CallRaw_TwentyAtOnceWithAlternatingFlags_EachGetsItsOwnAnswer()
    {
        var calls = Enumerable.Range(0, 20).Select(i => Task.Run(() =>
        {
            var request = SmallRequest.For($"key_{i}", (uint)i % 2);
            _plugin.CallRaw<SmallRequest, SmallResponse>(BenchSmall, in request, out var response);
            return (Index: i, Response: response);
        }));

        foreach (var (index, response) in await Task.WhenAll(calls).Soon())
        {
            Assert.Equal($"value_for_key_{index}", response.Text);
            Assert.Equal(index % 2, response.CacheHit);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1 << 20)]
    public void CallRaw_VariableSize_ComesBackWhole(int size)
    {
        var request = new byte[size];
        new Random(size).NextBytes(request);

        using var response = _plugin.CallRaw(Echo, request);

        Assert.True(response.Data.SequenceEqual(request));
    }

    [Fact]
    public void CallRaw_EmptyAnswer_IsEmpty()
    {
        using var response = _plugin.CallRaw(Nothing, default);

        Assert.True(response.Data.IsEmpty);
    }

    [Fact]
    public void CallRaw_AnswerOfAnotherSize_IsRefused()
    {
        var request = SmallRequest.For("key", 0);

        var exception = Assert.Throws<PluginException>(
            () => _plugin.CallRaw<SmallRequest, SmallResponse>(Short, in request, out _));

        Assert.Equal(PluginErrorCode.FfiError, exception.Code);
        Assert.Contains("5 bytes where 80", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CallRaw_UnknownMessage_IsNamed()
    {
        var exception = Assert.Throws<PluginException>(() => _plugin.CallRaw(4711, default).Dispose());

        Assert.Equal(PluginErrorCode.UnknownMessageType, exception.Code);
        Assert.Equal("Unknown message ID: 4711", exception.Message);
        Assert.Equal("4711", exception.Tag);
    }

    [Fact]
    public void CallRaw_TooSmallOrWrongVersion_IsRefusedByTheHandler()
    {
        var request = SmallRequest.For("key", 0);
        request.Version = 9;

        var small = Assert.Throws<PluginException>(() => _plugin.CallRaw(BenchSmall, new byte[75]).Dispose());
        var version = Assert.Throws<PluginException>(
            () => _plugin.CallRaw<SmallRequest, SmallResponse>(BenchSmall, in request, out _));

        Assert.Equal((PluginErrorCode.HandlerError, "Request too small"), (small.Code, small.Message));
        Assert.Equal((PluginErrorCode.HandlerError, "Unsupported request version"), (version.Code, version.Message));
    }

    [Theory]
    [InlineData("minimal")]
    [InlineData("half_binary")]
    public void CallRaw_LibraryWithoutBinaryTransport_SaysSo(string library)
    {
        using var plugin = NativePluginLoader.Load(TestPlugins.PathOf(library));

        Assert.False(plugin.HasBinaryTransport);
        Assert.Throws<NotSupportedException>(() => plugin.CallRaw(Echo, default).Dispose());
        Assert.Equal("""{"result":3}""", plugin.Call("math.add", """{"a":1,"b":2}"""));
    }

    [Fact]
    public void CallRaw_FreesEveryAnswer()
    {
        var before = TestPlugins.LiveAllocations;
        var request = SmallRequest.For("key", 0);

        _plugin.CallRaw<SmallRequest, SmallResponse>(BenchSmall, in request, out _);
        _plugin.CallRaw(Echo, new byte[10]).Dispose();
        _plugin.CallRaw(Nothing, default).Dispose();
        Assert.Throws<PluginException>(() => _plugin.CallRaw(4711, default).Dispose());
        Assert.Throws<PluginException>(() => _plugin.CallRaw<SmallRequest, SmallResponse>(Short, in request, out _));

        Assert.Equal(before, TestPlugins.LiveAllocations);
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct SmallRequest
{
    public byte Version;
    private readonly byte _reserved0;
    private readonly ushort _reserved1;
    public Key64 Key;
    public uint KeyLength;
    public uint Flags;

    internal static SmallRequest For(string key, uint flags)
    {
        var request = new SmallRequest { Version = 1, Flags = flags };
        request.KeyLength = (uint)Encoding.UTF8.GetBytes(key, request.Key);
        return request;
    }
}

[StructLayout(LayoutKind.Sequential)]
internal struct SmallResponse
{
    public byte Version;
    private readonly byte _reserved0;
    private readonly ushort _reserved1;
    public Key64 Value;
    public uint ValueLength;
    public uint TtlSeconds;
    public byte CacheHit;
    private readonly byte _padding0;
    private readonly ushort _padding1;

    internal readonly string Text => Encoding.UTF8.GetString(((ReadOnlySpan<byte>)Value)[..(int)ValueLength]);
}

[InlineArray(64)]
internal struct Key64
{
    private byte _first;
}
