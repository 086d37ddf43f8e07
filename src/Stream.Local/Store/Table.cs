using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using GetStream.Local.Errors;

namespace GetStream.Local.Store;

/// <summary>Immutable rows by key, bounded in number.</summary>
/// <remarks>Reads take no lock. Writes to one table follow each other; what they publish keeps their order.</remarks>
internal sealed class Table<TRow>(string what, int capacity)
    where TRow : class
{
    private readonly ConcurrentDictionary<string, TRow> _rows = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();
    private long _version;

    /// <summary>Rises with every write.</summary>
    public long Version => Volatile.Read(ref _version);

    public IEnumerable<TRow> Rows => _rows.Values;

    public int Count => _rows.Count;

    public bool TryGet(string key, [NotNullWhen(true)] out TRow? row) => _rows.TryGetValue(key, out row);

    public TRow? Find(string key) => _rows.GetValueOrDefault(key);

    /// <summary>
    /// Sets the row to what <paramref name="change"/> makes of the present one; null leaves things as they are.
    /// </summary>
    /// <param name="change">Gets null for a key that has no row. Runs under the table's lock: must not wait.</param>
    /// <param name="changed">Runs under the lock after a write, with the rows before and after.</param>
    /// <returns>The row as it is now.</returns>
    /// <exception cref="ApiException">The table is full.</exception>
    public TRow? Update(string key, Func<TRow?, TRow?> change, Action<TRow?, TRow>? changed = null)
    {
        lock (_writing)
        {
            var before = Find(key);
            var after = change(before);
            if (after is null || ReferenceEquals(before, after))
                return before;
            if (before is null && _rows.Count >= capacity)
                throw ApiException.CapacityExceeded($"the embedded Stream holds at most {capacity} {what}");
            _rows[key] = after;
            _version++;
            changed?.Invoke(before, after);
            return after;
        }
    }

    /// <summary>Runs <paramref name="use"/> with the row, if there is one, while nothing is written.</summary>
    public void Read(string key, Action<TRow> use)
    {
        lock (_writing)
        {
            if (Find(key) is { } row)
                use(row);
        }
    }

    public TRow? Remove(string key, Action<TRow>? removed = null)
    {
        lock (_writing)
        {
            if (!_rows.TryRemove(key, out var row))
                return null;
            _version++;
            removed?.Invoke(row);
            return row;
        }
    }
}
