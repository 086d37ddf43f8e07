using System.Collections.Concurrent;
using System.Globalization;
using GetStream.Local.Errors;
using GetStream.Models;

namespace GetStream.Local.Http;

/// <summary>Counts requests per operation and minute, and tells clients in Stream's headers.</summary>
/// <param name="stricter">Operations that are allowed less often.</param>
internal sealed class RateLimits(int perMinute, TimeProvider clock, IReadOnlyDictionary<string, int> stricter)
{
    // One entry for each operation: bounded by the catalogue.
    private readonly ConcurrentDictionary<string, Window> _windows = new(StringComparer.Ordinal);

    /// <exception cref="ApiException">The operation was called too often in this minute.</exception>
    public void Count(string operation, IHeaderDictionary headers)
    {
        var allowed = Allowed(operation);
        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        var used = _windows.GetOrAdd(operation, _ => new Window()).Count(minute);
        var reset = (minute + 1) * 60;
        headers["X-RateLimit-Limit"] = Text(allowed);
        headers["X-RateLimit-Remaining"] = Text(Math.Max(0, allowed - used));
        headers["X-RateLimit-Reset"] = Text(reset);
        if (used <= allowed)
            return;
        headers.RetryAfter = Text(Math.Max(1, reset - clock.GetUtcNow().ToUnixTimeSeconds()));
        throw ApiException.RateLimited($"too many requests: {operation} may be called {allowed} times a minute");
    }

    /// <summary>What is left of an operation's allowance in this minute.</summary>
    public LimitInfoResponse Of(string operation)
    {
        var minute = clock.GetUtcNow().ToUnixTimeSeconds() / 60;
        var used = _windows.TryGetValue(operation, out var window) ? window.Used(minute) : 0;
        var allowed = Allowed(operation);
        return new LimitInfoResponse
        {
            Limit = allowed, Remaining = Math.Max(0, allowed - used), Reset = (minute + 1) * 60,
        };
    }

    private int Allowed(string operation) => Math.Min(perMinute, stricter.GetValueOrDefault(operation, perMinute));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed class Window
    {
        private readonly Lock _gate = new();
        private long _minute;
        private long _used;

        public long Used(long minute)
        {
            lock (_gate)
                return minute == _minute ? _used : 0;
        }

        public long Count(long minute)
        {
            lock (_gate)
            {
                if (minute != _minute)
                    (_minute, _used) = (minute, 0);
                return ++_used;
            }
        }
    }
}
