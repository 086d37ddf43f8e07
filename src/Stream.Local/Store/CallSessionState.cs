using System.Collections.Immutable;

namespace GetStream.Local.Store;

/// <summary>One live period of a call: from ringing or the first join until everyone is gone for a while.</summary>
internal sealed record CallSessionState
{
    public required string Id { get; init; }

    /// <summary>When the first participant arrived; null while nobody has.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? LiveStartedAt { get; init; }

    public DateTimeOffset? LiveEndedAt { get; init; }

    /// <summary>When the session is ended for having reached the call's longest duration.</summary>
    public DateTimeOffset? TimerEndsAt { get; init; }

    /// <summary>Since when nobody is in it; null while somebody is.</summary>
    public DateTimeOffset? EmptySince { get; init; }

    /// <summary>When members were rung; null once those who did not answer missed it.</summary>
    public DateTimeOffset? RangAt { get; init; }

    /// <summary>Whose answer is waited for.</summary>
    public ImmutableHashSet<string> RungIds { get; init; } = [];

    /// <summary>By participant session id: one user may be in a call twice.</summary>
    public ImmutableDictionary<string, SessionParticipant> Participants { get; init; } =
        ImmutableDictionary<string, SessionParticipant>.Empty;

    public ImmutableHashSet<string> AnonymousSessionIds { get; init; } = [];

    public ImmutableDictionary<string, DateTimeOffset> AcceptedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ImmutableDictionary<string, DateTimeOffset> RejectedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ImmutableDictionary<string, DateTimeOffset> MissedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public bool IsEmpty => Participants.IsEmpty && AnonymousSessionIds.IsEmpty;
}

internal sealed record SessionParticipant(
    string UserId, string ParticipantSessionId, string Role, DateTimeOffset JoinedAt);
