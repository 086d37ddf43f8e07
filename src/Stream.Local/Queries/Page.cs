using GetStream.Local.Errors;
using GetStream.Local.Http;

namespace GetStream.Local.Queries;

/// <summary>A part of a sorted result, with cursors to the parts after and before it.</summary>
/// <param name="Rows">In order.</param>
/// <param name="Next">Null on the last page.</param>
/// <param name="Prev">Null on the first page.</param>
internal sealed record Page<T>(IReadOnlyList<T> Rows, string? Next, string? Prev);

/// <summary>Cuts pages. A cursor names a place between rows, so rows that come and go shift no page.</summary>
internal static class Page
{
    /// <exception cref="ApiException">The limit is out of range, or a cursor is not one of ours.</exception>
    public static Page<T> Cut<T>(IEnumerable<T> rows, RowOrder<T> order, int? limit, string? next, string? prev)
    {
        var size = limit is null or 0
            ? Limits.DefaultPageSize
            : Limits.Range(limit.Value, 1, Limits.MaxPageSize, "limit");
        var sorted = rows.Select(row => (Row: row, Key: order.Key(row))).ToList();
        sorted.Sort((left, right) => order.Compare(left.Key, right.Key));

        var (start, end) = (next, prev) switch
        {
            ({ Length: > 0 }, { Length: > 0 }) => throw ApiException.Input("next and prev exclude each other"),
            ({ Length: > 0 }, _) => After(FirstAfter(PageCursor.Read(next)), size),
            (_, { Length: > 0 }) => Before(FirstNotBefore(PageCursor.Read(prev)), size),
            _ => After(0, size),
        };
        var page = sorted[start..end];
        return new Page<T>(
            [.. page.Select(entry => entry.Row)],
            end < sorted.Count && page.Count > 0 ? PageCursor.Write(page[^1].Key) : null,
            start > 0 && page.Count > 0 ? PageCursor.Write(page[0].Key) : null);

        (int Start, int End) After(int from, int count) => (from, Math.Min(sorted.Count, from + count));

        (int Start, int End) Before(int to, int count) => (Math.Max(0, to - count), to);

        int FirstAfter(object?[] key) => Index(entry => Same(entry.Key, key) && order.Compare(entry.Key, key) > 0);

        int FirstNotBefore(object?[] key) => Index(entry => Same(entry.Key, key) && order.Compare(entry.Key, key) >= 0);

        int Index(Predicate<(T Row, object?[] Key)> match) => sorted.FindIndex(match) is >= 0 and var index
            ? index
            : sorted.Count;

        static bool Same(object?[] own, object?[] read) =>
            own.Length == read.Length
                ? true
                : throw ApiException.Input("the cursor belongs to a query with another sort");
    }
}
