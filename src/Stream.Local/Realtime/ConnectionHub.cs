using System.Diagnostics.CodeAnalysis;
using GetStream.Local.Errors;

namespace GetStream.Local.Realtime;

/// <summary>Owns the open coordinator WebSockets: who is connected, and who watches which call.</summary>
/// <remarks>
/// Safe from any thread. Events are queued in the order of the calls to this class and never wait for a client.
/// </remarks>
internal sealed class ConnectionHub(LocalStreamOptions options)
{
    private const int MaxWatchedUsers = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Connection> _connections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Connection>> _byUser = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Connection>> _byCid = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Connection>> _byWatchedUser = new(StringComparer.Ordinal);

    public bool IsOnline(string userId)
    {
        lock (_gate)
            return _byUser.ContainsKey(userId);
    }

    /// <summary>Takes a connection in, and sends it its first event before any other.</summary>
    /// <param name="isFirst">Whether the user had no other connection.</param>
    /// <returns>False when there are too many connections.</returns>
    public bool TryAdd(Connection connection, OutgoingEvent first, out bool isFirst)
    {
        lock (_gate)
        {
            isFirst = !_byUser.ContainsKey(connection.UserId);
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
            foreach (var userId in connection.WatchedUserIds)
                Remove(_byWatchedUser, userId, connection);
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
            var connection = Find(connectionId, userId);
            if (connection.WatchedCids.Count >= options.MaxWatchedCalls && !connection.WatchedCids.Contains(cid))
                throw ApiException.Input($"a connection watches at most {options.MaxWatchedCalls} calls");
            if (connection.WatchedCids.Add(cid))
                Add(_byCid, cid, connection);
        }
    }

    /// <summary>Tells a connection from now on when these users come and go.</summary>
    /// <exception cref="ApiException">The connection is not there, is another user's, or watches too many
    /// users.</exception>
    public void WatchUsers(string connectionId, string? userId, IReadOnlyList<string> watchedIds)
    {
        lock (_gate)
        {
            var connection = Find(connectionId, userId);
            var fresh = watchedIds.Where(id => !connection.WatchedUserIds.Contains(id)).ToList();
            if (connection.WatchedUserIds.Count + fresh.Count > MaxWatchedUsers)
                throw ApiException.Input($"a connection watches at most {MaxWatchedUsers} users");
            foreach (var id in fresh)
            {
                connection.WatchedUserIds.Add(id);
                Add(_byWatchedUser, id, connection);
            }
        }
    }

    /// <summary>Sends to the connections that watch a user.</summary>
    public void PublishPresence(string userId, OutgoingEvent outgoing)
    {
        lock (_gate)
        {
            _byWatchedUser.TryGetValue(userId, out var watchers);
            foreach (var connection in watchers ?? [])
                connection.TrySend(outgoing);
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

    private Connection Find(string connectionId, string? userId) =>
        _connections.TryGetValue(connectionId, out var connection) && (userId is null || connection.UserId == userId)
            ? connection
            : throw ApiException.UnknownConnection(connectionId);

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
