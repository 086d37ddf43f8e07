using System.Diagnostics.CodeAnalysis;

namespace GetStream.Local.Store;

/// <summary>Immutable rows by key, in the order in which they came; the oldest make room for new ones.</summary>
/// <remarks>Safe from any thread.</remarks>
internal sealed class RowLog<TRow>(int capacity)
    where TRow : class
{
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Key, TRow Row)> _order = [];
    private readonly Dictionary<string, LinkedListNode<(string Key, TRow Row)>> _byKey = new(StringComparer.Ordinal);
    private long _version;

    /// <summary>Rises with every write.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>The oldest first, as they are now.</summary>
    public IReadOnlyList<TRow> Rows
    {
        get
        {
            lock (_gate)
                return [.. _order.Select(entry => entry.Row)];
        }
    }

    /// <summary>Adds a row, or replaces the one of the same key where it stands.</summary>
    public void Put(string key, TRow row)
    {
        lock (_gate)
        {
            _version++;
            if (_byKey.TryGetValue(key, out var known))
            {
                known.Value = (key, row);
                return;
            }

            if (_order.Count >= capacity)
            {
                _byKey.Remove(_order.First!.Value.Key);
                _order.RemoveFirst();
            }

            _byKey.Add(key, _order.AddLast((key, row)));
        }
    }

    public bool TryGet(string key, [NotNullWhen(true)] out TRow? row)
    {
        lock (_gate)
            row = _byKey.TryGetValue(key, out var node) ? node.Value.Row : null;
        return row is not null;
    }
}
