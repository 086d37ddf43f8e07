namespace StreamGateway.Json;

internal static class UnixTime
{
    private const long NanosecondsPerTick = 100;

    public static DateTimeOffset FromNanoseconds(long nanoseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / NanosecondsPerTick);
}
