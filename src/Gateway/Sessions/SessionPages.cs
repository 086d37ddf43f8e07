using System.Globalization;
using StreamGateway.Errors;

namespace StreamGateway.Sessions;

/// <summary>Cuts a list of sessions, newest first, into pages. A cursor names the session a page begins next to.</summary>
internal static class SessionPages
{
    public const int DefaultLimit = 25;
    public const int MaximumLimit = 100;

    /// <exception cref="ProblemException">The limit or a cursor is not usable.</exception>
    public static SessionPage Take(IReadOnlyList<PooledSession> newestFirst, int? limit, string? next, string? prev)
    {
        var errors = new RequestErrors();
        if (limit is < 1 or > MaximumLimit)
        {
            errors.Add("limit", $"must be between 1 and {MaximumLimit}");
        }

        var older = ParseCursor(next, "next", errors);
        var newer = ParseCursor(prev, "prev", errors);
        if (older is not null && newer is not null)
        {
            errors.Add("prev", "cannot be combined with `next`");
        }

        errors.ThrowIfAny();

        var size = limit ?? DefaultLimit;
        var page = newer is { } lowest
            ? newestFirst.Where(session => session.Number > lowest).TakeLast(size).ToList()
            : newestFirst.Where(session => older is null || session.Number < older).Take(size).ToList();
        return new SessionPage(
            page.Select(session => session.Describe()).ToList(),
            page.Count > 0 && newestFirst[^1].Number < page[^1].Number ? CursorOf(page[^1]) : null,
            page.Count > 0 && newestFirst[0].Number > page[0].Number ? CursorOf(page[0]) : null);
    }

    private static string CursorOf(PooledSession session) => session.Number.ToString("x", CultureInfo.InvariantCulture);

    private static long? ParseCursor(string? cursor, string field, RequestErrors errors)
    {
        if (cursor is null)
        {
            return null;
        }

        if (long.TryParse(cursor, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        errors.Add(field, "must be a cursor from an earlier answer");
        return null;
    }
}
