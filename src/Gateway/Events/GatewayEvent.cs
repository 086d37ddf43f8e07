using System.Diagnostics;

namespace StreamGateway.Events;

/// <summary>One event as every reader gets it: JSON and framing are made once, readers share the bytes.</summary>
/// <param name="Type">The event's name, such as <c>participant_joined</c>.</param>
/// <param name="Frame">
/// <c>event: …\ndata: …\n\n</c> in UTF-8. The <c>id:</c> line is missing: each journal numbers for itself.
/// </param>
internal sealed record GatewayEvent(string Type, ReadOnlyMemory<byte> Frame)
{
    /// <value>To whom the session belongs that it comes from; null when it comes from none, or belongs to nobody.</value>
    public string? Owner { get; init; }

    /// <value>By the monotonic clock.</value>
    public long MadeAt { get; } = Stopwatch.GetTimestamp();
}
