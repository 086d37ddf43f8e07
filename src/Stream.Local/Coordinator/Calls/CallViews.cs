using System.Collections.Immutable;
using GetStream.Local.Coordinator.Users;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Shows calls, members and sessions as the API does.</summary>
internal sealed class CallViews(UserViews users)
{
    public UserResponse User(string userId) => users.Response(userId);

    public CallResponse Call(CallState call) => new()
    {
        Type = call.Type,
        Id = call.Id,
        Cid = call.Cid,
        CurrentSessionId = call.RunningSession?.Id ?? "",
        Team = call.Team,
        ChannelCid = call.ChannelCid,
        CreatedBy = users.Response(call.CreatedById),
        Custom = call.Custom,
        CreatedAt = call.CreatedAt,
        UpdatedAt = call.UpdatedAt,
        StartsAt = call.StartsAt,
        EndedAt = call.EndedAt,
        Backstage = call.Backstage,
        JoinAheadTimeSeconds = call.Settings.Backstage.JoinAheadTimeSeconds,
        Settings = call.Settings,
        BlockedUserIds = [.. call.BlockedUserIds.Order(StringComparer.Ordinal)],
        Session = call.Session is { } session ? Session(session) : null,
        Recording = false,
        Transcribing = false,
        Captioning = false,
        Translating = false,
        Egress = new EgressResponse { Broadcasting = false, Rtmps = [] },
        Ingress = new CallIngressResponse
        {
            Rtmp = new RTMPIngress { Address = "" },
            Srt = new SRTIngress { Address = "" },
            Whip = new WHIPIngress { Address = "" },
        },
    };

    public CallSessionResponse Session(CallSessionState session) => new()
    {
        Id = session.Id,
        StartedAt = session.StartedAt,
        EndedAt = session.EndedAt,
        LiveStartedAt = session.LiveStartedAt,
        LiveEndedAt = session.LiveEndedAt,
        TimerEndsAt = session.TimerEndsAt,
        Participants = Participants(session),
        ParticipantsCountByRole = CountByRole(session),
        AnonymousParticipantCount = session.AnonymousSessionIds.Count,
        AcceptedBy = Times(session.AcceptedBy),
        RejectedBy = Times(session.RejectedBy),
        MissedBy = Times(session.MissedBy),
    };

    /// <summary>In the order in which they joined.</summary>
    public IReadOnlyList<CallParticipantResponse> Participants(CallSessionState session) =>
    [
        .. session.Participants.Values
            .OrderBy(participant => participant.JoinedAt)
            .ThenBy(participant => participant.ParticipantSessionId, StringComparer.Ordinal)
            .Select(Participant),
    ];

    public CallParticipantResponse Participant(SessionParticipant participant) => new()
    {
        User = users.Response(participant.UserId),
        UserSessionId = participant.ParticipantSessionId,
        Role = participant.Role,
        JoinedAt = participant.JoinedAt,
    };

    /// <summary>The oldest members first.</summary>
    public IReadOnlyList<MemberResponse> Members(CallState call, int limit) =>
    [
        .. call.Members.Values
            .OrderBy(member => member.CreatedAt)
            .ThenBy(member => member.UserId, StringComparer.Ordinal)
            .Take(limit)
            .Select(Member),
    ];

    public MemberResponse Member(CallMemberState member) => new()
    {
        UserId = member.UserId,
        User = users.Response(member.UserId),
        Role = member.Role,
        Custom = member.Custom,
        CreatedAt = member.CreatedAt,
        UpdatedAt = member.UpdatedAt,
    };

    /// <summary>The user's own entry among the members, if it has one.</summary>
    public MemberResponse? Membership(CallState call, string? userId) =>
        userId is not null && call.Members.TryGetValue(userId, out var member) ? Member(member) : null;

    public static IReadOnlyDictionary<string, int> CountByRole(CallSessionState session) =>
        session.Participants.Values
            .GroupBy(participant => participant.Role, StringComparer.Ordinal)
            .ToDictionary(role => role.Key, role => role.Count());

    public static IReadOnlyList<OwnCapability> OwnCapabilities(ImmutableSortedSet<string> capabilities) =>
        [.. capabilities.Select(capability => new OwnCapability(capability))];

    /// <summary>Whole seconds; up to now for what has not ended, 0 for what has not begun.</summary>
    public static long Seconds(DateTimeOffset? from, DateTimeOffset? to, DateTimeOffset now) =>
        from is { } start ? (long)((to ?? now) - start).TotalSeconds : 0;

    private static Dictionary<string, StreamTime> Times(ImmutableDictionary<string, DateTimeOffset> times) =>
        times.ToDictionary(entry => entry.Key, entry => (StreamTime)entry.Value);
}
