using StreamGateway.Native.StressHost;

// The recipe of the stress gate: calls, events, callbacks, allocations, null references, collections and, when forced,
// suspension signals, all at once. Ends with "OK" and figures, or dies trying.
return await Stress.RunAsync(StressOptions.Parse(args));
