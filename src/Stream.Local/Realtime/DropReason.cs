namespace GetStream.Local.Realtime;

/// <summary>Why the server ended a WebSocket; the text of its close frame.</summary>
internal enum DropReason
{
    /// <summary>The queue of events was full.</summary>
    TooSlow,

    /// <summary>No frame came for too long.</summary>
    Silent,

    /// <summary>The user was deactivated or deleted.</summary>
    UserRemoved,

    ServerStopping,
}
