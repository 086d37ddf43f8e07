using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Users;

/// <summary>Tells of changed users, the SFU included.</summary>
internal sealed class UserUpdates(UserViews views, UserEvents events, ISfu sfu, TimeProvider clock)
{
    public async Task PublishAsync(UserState user, CancellationToken cancellationToken)
    {
        events.Publish(user.Id, new UserUpdatedEvent
        {
            User = views.Privacy(user), Custom = [], CreatedAt = clock.GetUtcNow(),
        });
        foreach (var call in events.CallsWith(user.Id))
        {
            await sfu.UpdateUserAsync(
                call.Cid, new SfuUser(user.Id, user.Name ?? "", user.Image ?? "", user.Custom), cancellationToken);
        }
    }
}
