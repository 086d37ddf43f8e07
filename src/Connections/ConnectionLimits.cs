namespace StreamGateway.Connections;

/// <summary>How many connections a server holds, and how long one may do nothing.</summary>
public sealed record ConnectionLimits
{
    /// <summary>First word of the metrics' names, such as <c>gateway</c>.</summary>
    public required string Server { get; init; }

    /// <summary>Connections at once, at least 1. Beyond it the idlest gives way; when all are in use, the newcomer is refused.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>What a refused connection is answered: a whole HTTP/1.1 response that ends the connection.</summary>
    public required ReadOnlyMemory<byte> Refusal { get; init; }

    /// <summary>A connection that has not sent the head of its first request within this time is closed.</summary>
    public TimeSpan FirstRequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A client that takes nothing of what waits for it for so long is cut off, unless its request says otherwise.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
