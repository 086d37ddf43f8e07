using StreamGateway.Native.StressHost;

// The recipe of the stress gate: calls, events, callbacks, allocations, null references, collections and, when forced,
// suspension signals, all at once. With "soak" first: the same against our host, whose instances come and go. Ends with
// "OK" and figures, or dies trying.
return args is ["soak", ..]
    ? await Soak.RunAsync(SoakOptions.Parse(args[1..]))
    : await Stress.RunAsync(StressOptions.Parse(args), LiveSessions.StartAsync);
