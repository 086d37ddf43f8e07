using System.Diagnostics.CodeAnalysis;
using GetStream.Local.Errors;

namespace GetStream.Local.Realtime;

/// <summary>Owns the open coordinator WebSockets: who is connected, and who watches which call.</summary>
/// <remarks>
/// Safe from any thread. Events are queued in the order of the calls to this class and never wait for a client.
/// </remarks>
internal sealed class ConnectionHub(LocalStreamOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Connection> _connections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Connection>> _byUser = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Connection>> _byCid = new(StringComparer.Ordinal);

    public bool IsOnline(string userId)
    {
        lock (_gate)
            return _byUser.ContainsKey(userId);
    }

    /// <summary>Takes a connection in, and sends it its first event before any other.</summary>
    /// <returns>False when there are too many connections.</returns>
    public bool TryAdd(Connection connection, OutgoingEvent first)
    {
        lock (_gate)
        {
            if (_connections.Count >= options.MaxConnections)
                return false;
            connection.TrySend(first);
            _connections.Add(connection.Id, connection);
            Add(_byUser, connection.UserId, connection);
            return true;
        }
    }

    /// <returns>Whether this was the user's last connection.</returns>
    public bool Remove(Connection connection)
    {
        lock (_gate)
        {
            if (!_connections.Remove(connection.Id))
                return false;
            foreach (var cid in connection.WatchedCids)
                Remove(_byCid, cid, connection);
            Remove(_byUser, connection.UserId, connection);
            return !_byUser.ContainsKey(connection.UserId);
        }
    }

    /// <summary>Sends the events of a call to a connection from now on.</summary>
    /// <exception cref="ApiException">The connection is not there, is another user's, or watches too many
    /// calls.</exception>
    public void Watch(string connectionId, string? userId, string cid)
    {
        lock (_gate)
        {
            if (!_connections.TryGetValue(connectionId, out var connection)
                || (userId is not null && connection.UserId != userId))
                throw ApiException.UnknownConnection(connectionId);
            if (connection.WatchedCids.Count >= options.MaxWatchedCalls && !connection.WatchedCids.Contains(cid))
                throw ApiException.Input($"a connection watches at most {options.MaxWatchedCalls} calls");
            if (connection.WatchedCids.Add(cid))
                Add(_byCid, cid, connection);
        }
    }

    /// <summary>Stops sending the events of a call that no longer exists.</summary>
    public void Forget(string cid)
    {
        lock (_gate)
        {
            if (!_byCid.Remove(cid, out var watchers))
                return;
            foreach (var connection in watchers)
                connection.WatchedCids.Remove(cid);
        }
    }

    /// <summary>Sends to everyone who watches the call, and to all connections of the given users, each once.</summary>
    public void Publish(
        string cid, OutgoingEvent outgoing, IEnumerable<string>? userIds = null, string? exceptUserId = null)
    {
        lock (_gate)
        {
            _byCid.TryGetValue(cid, out var watchers);
            foreach (var connection in watchers ?? [])
            {
                if (connection.UserId != exceptUserId)
                    connection.TrySend(outgoing);
            }

            foreach (var userId in userIds ?? [])
            {
                _byUser.TryGetValue(userId, out var own);
                foreach (var connection in own ?? [])
                {
                    if (watchers is null || !watchers.Contains(connection))
                        connection.TrySend(outgoing);
                }
            }
        }
    }

    /// <summary>Sends to all connections of one user.</summary>
    public void PublishToUser(string userId, OutgoingEvent outgoing)
    {
        lock (_gate)
        {
            if (TryGetUser(userId, out var own))
            {
                foreach (var connection in own)
                    connection.TrySend(outgoing);
            }
        }
    }

    /// <summary>Ends all connections of one user.</summary>
    public void DropUser(string userId, DropReason reason)
    {
        lock (_gate)
        {
            if (TryGetUser(userId, out var own))
            {
                foreach (var connection in own)
                    connection.Drop(reason);
            }
        }
    }

    private bool TryGetUser(string userId, [NotNullWhen(true)] out HashSet<Connection>? own) =>
        _byUser.TryGetValue(userId, out own);

    private static void Add(Dictionary<string, HashSet<Connection>> index, string key, Connection connection)
    {
        if (!index.TryGetValue(key, out var set))
            index.Add(key, set = []);
        set.Add(connection);
    }

    private static void Remove(Dictionary<string, HashSet<Connection>> index, string key, Connection connection)
    {
        if (index.TryGetValue(key, out var set) && set.Remove(connection) && set.Count == 0)
            index.Remove(key);
    }
}
