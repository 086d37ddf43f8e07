namespace StreamGateway.Native.StressHost;

/// <summary>What the command line asks for.</summary>
internal sealed record StressOptions
{
    /// <summary>Path of librtctest.so.</summary>
    public required string Library { get; init; }

    public int Seconds { get; init; } = 10;

    /// <summary>Numbers of calling threads; each gets its share of the time, the last one half of it.</summary>
    public int[] Threads { get; init; } = [1, 2, 8];

    /// <summary>
    /// Sends SIGRTMIN to every managed thread all the time, so that it lands in native code often, and SIGCHLD to every
    /// thread of Go.
    /// </summary>
    public bool Force { get; init; }

    /// <summary>Calls rtc_signal_protect after loading.</summary>
    public bool Protect { get; init; } = true;

    /// <summary>Has .NET install its handler for SIGCHLD before the library is loaded.</summary>
    public bool ChildrenFirst { get; init; } = true;

    /// <summary>Bots that speak and listen in this process meanwhile; needs <see cref="Protect"/>.</summary>
    public int Sessions { get; init; }

    public static StressOptions Parse(string[] arguments)
    {
        var values = Arguments.Parse(arguments, "--library", "--seconds", "--threads", "--force", "--protect", "--children-first", "--sessions");
        var defaults = new StressOptions { Library = values.Required("--library") };
        return defaults with
        {
            Seconds = (int)values.Number("--seconds", defaults.Seconds),
            Threads = values.Text("--threads") is { } threads ? [.. threads.Split(',').Select(int.Parse)] : defaults.Threads,
            Force = values.Number("--force", 0) != 0,
            Protect = values.Number("--protect", 1) != 0,
            ChildrenFirst = values.Number("--children-first", 1) != 0,
            Sessions = (int)values.Number("--sessions", 0),
        };
    }
}
