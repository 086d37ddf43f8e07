using StreamGateway.Native.StressHost;

// The stress host compiled ahead of time: the border under stress, or with "soak" first our host. No live sessions: the
// embedded Stream is ASP.NET Core's.
return args is ["soak", ..]
    ? await Soak.RunAsync(SoakOptions.Parse(args[1..]))
    : await Stress.RunAsync(StressOptions.Parse(args), _ => throw new ArgumentException("--sessions needs the other host"));
