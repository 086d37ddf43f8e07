namespace GetStream.Local.Store;

/// <summary>A session of a call that is over.</summary>
internal sealed record SessionRecord(string Cid, CallSessionState Session);
