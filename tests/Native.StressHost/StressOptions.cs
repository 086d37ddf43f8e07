namespace StreamGateway.Native.StressHost;

/// <summary>What the command line asks for.</summary>
internal sealed record StressOptions
{
    /// <summary>Path of librtctest.so.</summary>
    public required string Library { get; init; }

    public int Seconds { get; init; } = 10;

    /// <summary>Numbers of calling threads; each gets its share of the time, the last one half of it.</summary>
    public int[] Threads { get; init; } = [1, 2, 8];

    /// <summary>Sends SIGRTMIN to every managed thread all the time, so that it lands in native code often.</summary>
    public bool Force { get; init; }

    /// <summary>Calls rtc_signal_protect after loading.</summary>
    public bool Protect { get; init; } = true;

    /// <summary>Bots that speak and listen in this process meanwhile; needs <see cref="Protect"/>.</summary>
    public int Sessions { get; init; }

    public static StressOptions Parse(string[] arguments)
    {
        var values = arguments.Select(a => a.Split('=', 2)).ToDictionary(
            a => a[0], a => a.Length > 1 ? a[1] : throw new ArgumentException($"{a[0]} needs a value, as {a[0]}=…"));
        var unknown = values.Keys.Except(["--library", "--seconds", "--threads", "--force", "--protect", "--sessions"]).ToList();
        if (unknown.Count > 0)
        {
            throw new ArgumentException($"unknown option {unknown[0]}");
        }

        var defaults = new StressOptions { Library = values.GetValueOrDefault("--library") ?? throw new ArgumentException("--library= is missing") };
        return defaults with
        {
            Seconds = Number("--seconds", defaults.Seconds),
            Threads = values.TryGetValue("--threads", out var threads) ? [.. threads.Split(',').Select(int.Parse)] : defaults.Threads,
            Force = Number("--force", 0) != 0,
            Protect = Number("--protect", 1) != 0,
            Sessions = Number("--sessions", 0),
        };

        int Number(string name, int otherwise) => values.TryGetValue(name, out var text) ? int.Parse(text) : otherwise;
    }
}
