using System.Diagnostics;
using System.Text;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.Benchmarks;

/// <summary>
/// The host and the bare loop in turns of some hundred microseconds, so that a busy machine slows both alike.
/// </summary>
/// <remarks>The ratio is the median over all rounds, each with a batch of either; nanoseconds are of the quickest batch.</remarks>
internal sealed class PairedRatios : IDisposable
{
    private const string Request = """{"message":"benchmark test"}""";
    private const int Rounds = 2_000;
    private static readonly TimeSpan BatchTime = TimeSpan.FromMicroseconds(300);

    private readonly Plugin _plugin;
    private readonly BarePlugin _bare;
    private readonly byte[] _answer = new byte[256];
    private readonly byte[] _request = Encoding.UTF8.GetBytes(Request);
    private SmallRequest _small = SmallRequest.For("bench_key"u8);
    private SmallResponse _smallAnswer;
    private long _sink;
    private bool _held = true;

    private PairedRatios()
    {
        _plugin = NativePluginLoader.Load(TestPlugin.Path, new PluginConfig { MaxConcurrentOps = 0 });
        _bare = new BarePlugin(TestPlugin.Path);
    }

    /// <summary>Prints the table; false when a bound did not hold.</summary>
    public static bool Run()
    {
        using var pairs = new PairedRatios();
        Console.WriteLine("what                            bare        host    ratio   bound   bytes   bound");
        pairs.Compare("binary call", pairs.BinaryBare, pairs.BinaryHost, Bounds.BinaryRatio, bytes: 0);
        pairs.Compare("JSON echo, UTF-8 in and out", pairs.JsonBare, pairs.JsonUtf8, Bounds.JsonRatio, Bounds.JsonBytes);
        pairs.Compare("JSON echo, strings", pairs.JsonBare, pairs.JsonText, Bounds.JsonTextRatio, bytes: null);
        pairs.Compare("State", pairs.StateBare, pairs.StateHost, Bounds.StateRatio, bytes: 0);
        return pairs._held;
    }

    public void Dispose()
    {
        _bare.Dispose();
        _plugin.Dispose();
    }

    private void Compare(string what, Action<int> bare, Action<int> host, double ratio, long? bytes)
    {
        var count = CountFor(bare);
        CountFor(host);
        var ratios = new double[Rounds];
        var (bestBare, bestHost) = (double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            var bareFirst = round % 2 == 0;
            var first = Nanoseconds(bareFirst ? bare : host, count);
            var second = Nanoseconds(bareFirst ? host : bare, count);
            var (bareTime, hostTime) = bareFirst ? (first, second) : (second, first);
            ratios[round] = hostTime / bareTime;
            bestBare = Math.Min(bestBare, bareTime);
            bestHost = Math.Min(bestHost, hostTime);
        }

        Array.Sort(ratios);
        var median = ratios[Rounds / 2];
        var allocated = BytesPerCall(host, count);
        _held &= median <= ratio && (bytes is null || allocated <= bytes);
        Console.WriteLine(
            $"{what,-28}{bestBare,8:F1} ns {bestHost,8:F1} ns {median,8:F3} {ratio,7:F2} {allocated,7} {bytes?.ToString() ?? "-",7}");
    }

    /// <summary>Warms up, and finds how many calls fill a batch.</summary>
    private static int CountFor(Action<int> run)
    {
        const int Trial = 1_000;
        var warm = Stopwatch.StartNew();
        var best = double.MaxValue;
        while (warm.Elapsed < TimeSpan.FromSeconds(0.5))
        {
            best = Math.Min(best, Nanoseconds(run, Trial));
        }

        return Math.Max((int)(BatchTime.TotalNanoseconds / best), 1);
    }

    private static double Nanoseconds(Action<int> run, int count)
    {
        var start = Stopwatch.GetTimestamp();
        run(count);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
    }

    private static long BytesPerCall(Action<int> run, int count)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        run(count);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / count;
    }

    private void BinaryBare(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _bare.CallRaw(in _small, out _smallAnswer);
            _sink += _smallAnswer.CacheHit;
        }
    }

    private void BinaryHost(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _plugin.CallRaw(1, in _small, out _smallAnswer);
            _sink += _smallAnswer.CacheHit;
        }
    }

    private void JsonBare(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _sink += _bare.Call("echo\0"u8, _request, _answer);
        }
    }

    private void JsonUtf8(int count)
    {
        for (var i = 0; i < count; i++)
        {
            using var response = _plugin.Call("echo"u8, _request);
            _sink += response.Payload.Length;
        }
    }

    private void JsonText(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _sink += _plugin.Call("echo", Request).Length;
        }
    }

    private void StateBare(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _sink += _bare.State;
        }
    }

    private void StateHost(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _sink += (long)_plugin.State;
        }
    }
}
