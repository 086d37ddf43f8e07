namespace GetStream.Local.Store;

/// <summary>A role that the application made for itself.</summary>
internal sealed record RoleState(string Name, DateTimeOffset CreatedAt);
