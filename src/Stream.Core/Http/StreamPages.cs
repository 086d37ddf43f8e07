using System.Runtime.CompilerServices;

namespace GetStream.Http;

/// <summary>Walks through lists that the API gives in pages, one request at a time, as far as the reader goes.</summary>
internal static class StreamPages
{
    /// <summary>The payload that carries the position; without one there is nothing to page through.</summary>
    /// <exception cref="ArgumentException">The query has no payload.</exception>
    public static T Needed<T>(T? payload, [CallerArgumentExpression(nameof(payload))] string? name = null)
        where T : class =>
        payload ?? throw new ArgumentException("Pages are asked for through the query's payload: set it.", name);

    /// <summary>Follows <c>next</c> until an answer has none.</summary>
    public static async IAsyncEnumerable<TItem> ByCursor<TResponse, TItem>(
        Func<string?, CancellationToken, Task<StreamResponse<TResponse>>> fetch,
        Func<TResponse, IReadOnlyList<TItem>?> items,
        Func<TResponse, string?> next,
        string? start,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cursor = start;
        do
        {
            var page = await fetch(cursor, cancellationToken).ConfigureAwait(false);
            foreach (var item in items(page.Data) ?? [])
            {
                yield return item;
            }

            // A cursor that leads to itself would never end.
            var following = next(page.Data);
            cursor = following == cursor ? null : following;
        }
        while (!string.IsNullOrEmpty(cursor));
    }

    /// <summary>Raises the offset by what came until nothing comes.</summary>
    public static async IAsyncEnumerable<TItem> ByOffset<TResponse, TItem>(
        Func<int, CancellationToken, Task<StreamResponse<TResponse>>> fetch,
        Func<TResponse, IReadOnlyList<TItem>?> items,
        int start,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var offset = start; ;)
        {
            var page = await fetch(offset, cancellationToken).ConfigureAwait(false);
            var list = items(page.Data) ?? [];
            if (list.Count is 0)
            {
                yield break;
            }

            foreach (var item in list)
            {
                yield return item;
            }

            offset += list.Count;
        }
    }
}
