using System.Diagnostics;
using System.Globalization;
using System.Text;
using GetStream;
using GetStream.Auth;
using GetStream.Benchmarks;

// The cost of one small GET over loopback: the typed client against the same call by hand, in turns, so that what else
// the machine does falls on both. Prints medians; ratios are what to compare.
const int Rounds = 15;
const int CallsPerRound = 4000;

const string Body = """{"task_id":"t","status":"completed","created_at":1738317600123456789,"updated_at":1738317600123456789,"duration":"1.23ms"}""";
var answer = Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\n\r\n{Body}");
using var server = new CannedServer(answer);
using var raw = new RawClient(server.Address, StreamTokens.CreateServerToken("secret"));
using var client = new StreamClient(new StreamClientOptions { ApiKey = "key", ApiSecret = "secret", BaseUrl = server.Address });

foreach (var parallel in new[] { 1, 64 })
{
    var byHand = new List<Sample>();
    var typed = new List<Sample>();
    for (var round = 0; round <= Rounds; round++)
    {
        var one = await MeasureAsync(parallel, () => raw.GetTaskAsync("t"));
        var other = await MeasureAsync(parallel, () => client.Common.GetTaskAsync("t"));
        if (round > 0) // the first is for the compiler
        {
            byHand.Add(one);
            typed.Add(other);
        }
    }

    Report(parallel, Median(byHand), Median(typed));
}

static async Task<Sample> MeasureAsync(int parallel, Func<Task> call)
{
    var allocated = GC.GetTotalAllocatedBytes(precise: true);
    var started = Stopwatch.GetTimestamp();
    await Task.WhenAll(Enumerable.Range(0, parallel).Select(_ => RunAsync(CallsPerRound / parallel, call)));
    var elapsed = Stopwatch.GetElapsedTime(started);
    return new Sample(
        elapsed.TotalMicroseconds / CallsPerRound,
        (GC.GetTotalAllocatedBytes(precise: true) - allocated) / (double)CallsPerRound);
}

static async Task RunAsync(int calls, Func<Task> call)
{
    await Task.Yield();
    for (var i = 0; i < calls; i++)
    {
        await call();
    }
}

static Sample Median(List<Sample> samples) => new(
    samples.Select(sample => sample.Microseconds).Order().ElementAt(samples.Count / 2),
    samples.Select(sample => sample.Bytes).Order().ElementAt(samples.Count / 2));

static void Report(int parallel, Sample byHand, Sample typed) => Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"{parallel,2}-way: by hand {byHand.Microseconds:0.0} us {byHand.Bytes:0} B; typed {typed.Microseconds:0.0} us {typed.Bytes:0} B; "
    + $"time x{typed.Microseconds / byHand.Microseconds:0.00}, allocations x{typed.Bytes / byHand.Bytes:0.00}"));

internal readonly record struct Sample(double Microseconds, double Bytes);
