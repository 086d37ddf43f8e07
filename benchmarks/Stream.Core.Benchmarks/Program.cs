using System.Diagnostics;
using System.Globalization;
using System.Text;
using GetStream;
using GetStream.Auth;
using GetStream.Benchmarks;

// The cost of one small GET over loopback: the typed client against the same call by hand. The two take turns within
// milliseconds and change who goes first, so that what else the machine does falls on both; the time that counts is
// the median over all pairs of the quotient of a pair. Ends with 0 when all bounds are kept.
const int Pairs = 61;
const int CallsPerTurn = 1024;

const string Body = """{"task_id":"t","status":"completed","created_at":1738317600123456789,"updated_at":1738317600123456789,"duration":"1.23ms"}""";
var answer = Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
using var server = new CannedServer(answer);
using var raw = new RawClient(server.Address, StreamTokens.CreateServerToken("secret"));
using var client = new StreamClient(new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = server.Address });

Console.WriteLine("| at once | by hand us | typed us | time x | by hand B | typed B | allocations x | within 1.15, 1.5 and 4096 B |");
Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | :--- |");
var kept = true;
foreach (var parallel in new[] { 1, 64 })
{
    var comparison = await CompareAsync(parallel, () => raw.GetTaskAsync("t"), () => client.Common.GetTaskAsync("t"));
    Console.WriteLine(comparison.Row(parallel));
    kept &= comparison.IsWithinBounds;
}

return kept ? 0 : 1;

static async Task<Comparison> CompareAsync(int parallel, Func<Task> byHand, Func<Task> typed)
{
    // Until the compiler has seen where the time goes and has recompiled it.
    for (var i = 0; i < 12; i++)
    {
        _ = await MeasureAsync(parallel, byHand);
        _ = await MeasureAsync(parallel, typed);
    }

    var pairs = new List<(Sample ByHand, Sample Typed)>();
    for (var i = 0; i < Pairs; i++)
    {
        var first = await MeasureAsync(parallel, i % 2 is 0 ? byHand : typed);
        var second = await MeasureAsync(parallel, i % 2 is 0 ? typed : byHand);
        pairs.Add(i % 2 is 0 ? (first, second) : (second, first));
    }

    return new Comparison(pairs);
}

static async Task<Sample> MeasureAsync(int parallel, Func<Task> call)
{
    var allocated = GC.GetTotalAllocatedBytes(precise: true);
    var started = Stopwatch.GetTimestamp();
    await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => RunAsync(CallsPerTurn / parallel, call)));
    var elapsed = Stopwatch.GetElapsedTime(started);
    return new Sample(
        elapsed.TotalMicroseconds / CallsPerTurn,
        (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)CallsPerTurn);
}

static async Task RunAsync(int calls, Func<Task> call)
{
    await Task.Yield();
    for (var i = 0; i < calls; i++)
    {
        await call();
    }
}

internal readonly record struct Sample(double Microseconds, double Bytes);

internal sealed class Comparison(IReadOnlyList<(Sample ByHand, Sample Typed)> pairs)
{
    private readonly double _time = Median(pairs.Select(pair => pair.Typed.Microseconds / pair.ByHand.Microseconds));
    private readonly double _byHandBytes = Median(pairs.Select(pair => pair.ByHand.Bytes));
    private readonly double _typedBytes = Median(pairs.Select(pair => pair.Typed.Bytes));

    public bool IsWithinBounds => _time <= 1.15 && _typedBytes / _byHandBytes <= 1.5 && _typedBytes <= 4096;

    public string Row(int parallel) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {parallel} | {Median(pairs.Select(pair => pair.ByHand.Microseconds)):0.0} | {Median(pairs.Select(pair => pair.Typed.Microseconds)):0.0} "
        + $"| {_time:0.00} | {_byHandBytes:0} | {_typedBytes:0} | {_typedBytes / _byHandBytes:0.00} | {(IsWithinBounds ? "yes" : "no")} |");

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
