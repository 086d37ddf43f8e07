namespace StreamGateway.Native.StressHost;

/// <summary>What the command line of a soak asks for.</summary>
internal sealed record SoakOptions
{
    /// <summary>Path of the complete C test plugin.</summary>
    public required string Plugin { get; init; }

    /// <summary>Path of librtctest.so, whose instances take a share of the calls; null leaves Go out.</summary>
    public string? Library { get; init; }

    /// <summary>Calls that have to be answered before the end.</summary>
    public long Calls { get; init; } = 10_000_000;

    public int Threads { get; init; } = 8;

    /// <summary>Sends SIGRTMIN to every managed thread all the time.</summary>
    public bool Force { get; init; }

    public static SoakOptions Parse(string[] arguments)
    {
        var values = Arguments.Parse(arguments, "--plugin", "--library", "--calls", "--threads", "--force");
        var defaults = new SoakOptions { Plugin = values.Required("--plugin") };
        return defaults with
        {
            Library = values.Text("--library"),
            Calls = values.Number("--calls", defaults.Calls),
            Threads = (int)values.Number("--threads", defaults.Threads),
            Force = values.Number("--force", 0) != 0,
        };
    }
}
