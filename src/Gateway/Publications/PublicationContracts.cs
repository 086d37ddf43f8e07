namespace StreamGateway.Publications;

/// <summary>How a publication ended.</summary>
/// <param name="Reason"><c>completed</c> after its last frame, or <c>closed</c> when somebody stopped it.</param>
/// <param name="DurationMs">Media time that was sent.</param>
/// <param name="Packets">RTP packets sent.</param>
/// <param name="Bytes">Media bytes sent, without packet headers.</param>
internal sealed record PublicationEndedResponse(
    string Name, string TrackType, string TrackId, string Reason, double DurationMs, ulong Packets, ulong Bytes);

/// <summary>A publication that is running.</summary>
/// <param name="Codec">Missing until the media has told.</param>
/// <param name="KeyframeRequests">Keyframes the SFU has asked for; media that is encoded already brings them when it has them.</param>
internal sealed record PublicationResponse(
    string Name, string TrackType, string Format, string? Codec, string? TrackId, long Packets, long Bytes, double DurationMs,
    long KeyframeRequests);

internal sealed record PublicationsResponse(IReadOnlyList<PublicationResponse> Publications);
