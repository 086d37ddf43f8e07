using System.Globalization;
using System.Net.Http.Headers;

namespace GetStream.Http;

/// <summary>How many calls of one operation are left, as the API told with an answer.</summary>
/// <param name="Limit">Calls allowed per window.</param>
/// <param name="Remaining">Calls left in this window.</param>
/// <param name="Reset">When the next window starts.</param>
public readonly record struct RateLimit(int Limit, int Remaining, DateTimeOffset Reset)
{
    internal static RateLimit? From(HttpResponseHeaders headers) =>
        Number(headers, "X-RateLimit-Limit") is { } limit
        && Number(headers, "X-RateLimit-Remaining") is { } remaining
        && Number(headers, "X-RateLimit-Reset") is { } reset
        && reset is >= 0 and < 253_402_300_800
            ? new RateLimit((int)Math.Clamp(limit, 0, int.MaxValue), (int)Math.Clamp(remaining, 0, int.MaxValue), DateTimeOffset.FromUnixTimeSeconds(reset))
            : null;

    private static long? Number(HttpResponseHeaders headers, string name)
    {
        if (!headers.NonValidated.TryGetValues(name, out var values) || values.Count is 0)
        {
            return null;
        }

        using var each = values.GetEnumerator();
        return each.MoveNext()
            && long.TryParse(each.Current, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : null;
    }
}
