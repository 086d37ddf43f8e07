using System.Collections.Immutable;

namespace GetStream.Local.Store;

/// <summary>One live period of a call: from ringing or the first join until everyone is gone for a while.</summary>
internal sealed record CallSessionState
{
    private const int MaxFormerParticipants = 10_000;

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

    /// <summary>Who was in it and left, in that order; of very many the latest.</summary>
    public ImmutableList<SessionParticipant> FormerParticipants { get; init => field = value ?? []; } = [];

    public ImmutableDictionary<string, DateTimeOffset> AcceptedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ImmutableDictionary<string, DateTimeOffset> RejectedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public ImmutableDictionary<string, DateTimeOffset> MissedBy { get; init; } =
        ImmutableDictionary<string, DateTimeOffset>.Empty;

    public bool IsEmpty => Participants.IsEmpty && AnonymousSessionIds.IsEmpty;

    /// <summary>All who are or were in it, in the order in which they joined.</summary>
    public IEnumerable<SessionParticipant> AllParticipants() =>
        FormerParticipants.Concat(Participants.Values).OrderBy(participant => participant.JoinedAt);

    public CallSessionState WithoutParticipant(string participantSessionId, DateTimeOffset now)
    {
        var former = FormerParticipants;
        if (Participants.TryGetValue(participantSessionId, out var left))
        {
            former = former.Count < MaxFormerParticipants ? former : former.RemoveAt(0);
            former = former.Add(left with { LeftAt = now });
        }

        return this with
        {
            Participants = Participants.Remove(participantSessionId),
            AnonymousSessionIds = AnonymousSessionIds.Remove(participantSessionId),
            FormerParticipants = former,
        };
    }

    public CallSessionState WithoutParticipants(DateTimeOffset now) =>
        Participants.Keys.Concat(AnonymousSessionIds)
            .Aggregate(this, (session, id) => session.WithoutParticipant(id, now));
}

/// <param name="LeftAt">Null while it is there.</param>
internal sealed record SessionParticipant(
    string UserId, string ParticipantSessionId, string Role, DateTimeOffset JoinedAt, DateTimeOffset? LeftAt = null);
