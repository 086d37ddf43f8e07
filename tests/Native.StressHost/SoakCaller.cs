using System.Text;
using StreamGateway.Native.Hosting;

namespace StreamGateway.Native.StressHost;

/// <summary>One thread that calls in every way there is, and checks each answer.</summary>
internal sealed class SoakCaller(SoakInstances instances, SoakOptions options, int number)
{
    private const int CallsPerRound = 50;
    private const int LogEvery = 15;
    private const int AsyncEvery = 7;
    private const int GoEvery = 4;
    private static readonly byte[] Message = """{"message":"soak"}"""u8.ToArray();
    private static readonly byte[] Sleep = """{"duration_ms":5}"""u8.ToArray();

    public void Run()
    {
        SignalStorm.Register();
        for (long round = number; Interlocked.Read(ref Figures.Calls) < options.Calls; round++)
        {
            var answered = CallRound(round);
            Interlocked.Add(ref Figures.Calls, answered);
            ManagedCode.Run(round);
        }

        SignalStorm.Unregister();
    }

    private static bool IsGo(Plugin plugin) => plugin.Path.Contains("librtc", StringComparison.Ordinal);

    private int CallRound(long round)
    {
        // Slot 0 is Go's, where a call takes fifty times as long.
        var plugin = instances.Pick(round % GoEvery == 0 ? round : round % 3 + 1);
        var answered = 0;
        try
        {
            var go = IsGo(plugin);
            for (var i = 0; i < CallsPerRound; i++, answered++)
            {
                Call(plugin, (i + round) % 4, go);
            }

            if (!go && round % LogEvery == 0)
            {
                plugin.Call("log"u8, """{"level":1,"target":"soak","message":"a line"}"""u8).Dispose();
                answered++;
            }

            if (round % AsyncEvery == 0)
            {
                answered += CallAsync(plugin, round, go);
            }
        }
        catch (ObjectDisposedException)
        {
            Interlocked.Increment(ref Figures.Refused);
        }

        return answered;
    }

    private static void Call(Plugin plugin, long kind, bool go)
    {
        switch (kind)
        {
            case 0:
                Check(plugin.Call("echo", """{"message":"text"}""").Contains("\"text\"", StringComparison.Ordinal), "string echo");
                break;
            case 1 when !go:
                using (var raw = plugin.CallRaw(100, Message))
                {
                    Check(raw.Data.SequenceEqual(Message), "raw echo");
                }

                break;
            case 2:
                CheckRefusal(plugin);
                break;
            default:
                using (var response = plugin.Call("echo"u8, Message))
                {
                    Check(response.Payload.IndexOf("\"soak\""u8) > 0, "echo");
                }

                break;
        }
    }

    private static void CheckRefusal(Plugin plugin)
    {
        try
        {
            plugin.Call("soak.unknown"u8, Message).Dispose();
            Stress.Fail("an unknown tag was answered");
        }
        catch (PluginException refusal)
        {
            Check(refusal.Code == PluginErrorCode.UnknownMessageType, $"unknown tag: {refusal.Code} {refusal.Message}");
        }
    }

    private static int CallAsync(Plugin plugin, long round, bool go)
    {
        using var cancellation = new CancellationTokenSource();
        var cancelled = !go && round % (2 * AsyncEvery) == 0;
        var call = plugin.CallAsync(cancelled ? "test.sleep" : "echo", cancelled ? Sleep : Message, cancellation.Token);
        if (cancelled)
        {
            cancellation.Cancel();
        }

        try
        {
            Check(Encoding.UTF8.GetString(call.GetAwaiter().GetResult()).Length > 0, "asynchronous echo");
        }
        catch (OperationCanceledException) when (cancelled)
        {
            Interlocked.Increment(ref Figures.Cancelled);
        }
        catch (PluginException refusal) when (refusal.Code == PluginErrorCode.InvalidState || (go && refusal.Code == PluginErrorCode.Cancelled))
        {
            // The instance stopped between taking the call and running it; librtc cancels what still runs.
            Interlocked.Increment(ref Figures.Refused);
        }

        Interlocked.Increment(ref Figures.Completions);
        return 1;
    }

    private static void Check(bool good, string what)
    {
        if (!good)
        {
            Stress.Fail($"a wrong answer: {what}");
        }
    }
}
