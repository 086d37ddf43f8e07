using GetStream.Local.Realtime;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>
/// Tells of changed users: their own connections, the watchers of the calls they are in, and the SFU.
/// </summary>
internal sealed class UserUpdates(StateStore store, UserViews views, ConnectionHub hub, ISfu sfu, TimeProvider clock)
{
    public async Task PublishAsync(UserState user, CancellationToken cancellationToken)
    {
        var updated = OutgoingEvent.From(new UserUpdatedEvent
        {
            User = views.Privacy(user), Custom = [], CreatedAt = clock.GetUtcNow(),
        });
        hub.PublishToUser(user.Id, updated);
        foreach (var call in store.Calls.Rows.Where(call => IsIn(call, user.Id)))
        {
            hub.Publish(call.Cid, updated, exceptUserId: user.Id);
            await sfu.UpdateUserAsync(
                call.Cid, new SfuUser(user.Id, user.Name ?? "", user.Image ?? "", user.Custom), cancellationToken);
        }
    }

    private static bool IsIn(CallState call, string userId) =>
        call.RunningSession is { } session
            && session.Participants.Values.Any(participant => participant.UserId == userId);
}
