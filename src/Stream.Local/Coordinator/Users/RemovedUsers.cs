using GetStream.Local.Realtime;
using GetStream.Local.Sfu;
using GetStream.Local.Store;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Sends users who were deactivated or deleted away: off their connections and out of the calls they are in.</summary>
internal sealed class RemovedUsers(StateStore store, ConnectionHub hub, ISfu sfu)
{
    public async Task SendAwayAsync(string userId)
    {
        hub.DropUser(userId, DropReason.UserRemoved);
        foreach (var call in store.Calls.Rows.Where(call => ParticipantsOf(call).Contains(userId)))
            await sfu.KickAsync(call.Cid, userId, CancellationToken.None); // begun is finished, whoever waits for the answer
    }

    /// <summary>Finds those who had credentials for the SFU when they were removed, and used them only then.</summary>
    public async Task SendAwayFromAsync(CallState call, CancellationToken cancellationToken)
    {
        foreach (var userId in ParticipantsOf(call).Where(IsRemoved))
            await sfu.KickAsync(call.Cid, userId, cancellationToken);
    }

    private static IEnumerable<string> ParticipantsOf(CallState call) =>
        (call.RunningSession?.Participants.Values ?? []).Select(participant => participant.UserId).Distinct();

    private bool IsRemoved(string userId) =>
        store.Users.Find(userId) is null or { DeletedAt: not null } or { DeactivatedAt: not null };
}
