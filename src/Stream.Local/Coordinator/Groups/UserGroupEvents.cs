using GetStream.Local.Coordinator.Users;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Groups;

/// <summary>Tells the members of user groups what became of them.</summary>
internal sealed class UserGroupEvents(UserEvents events)
{
    public void Created(UserGroupState group, DateTimeOffset now) => events.Publish(
        group.Members.Keys,
        new UserGroupCreatedEvent { UserGroup = UserGroupViews.Event(group), Custom = [], CreatedAt = now });

    public void Updated(UserGroupState group, DateTimeOffset now) => events.Publish(
        group.Members.Keys,
        new UserGroupUpdatedEvent { UserGroup = UserGroupViews.Event(group), Custom = [], CreatedAt = now });

    public void Deleted(UserGroupState group, DateTimeOffset now) => events.Publish(
        group.Members.Keys,
        new UserGroupDeletedEvent { UserGroup = UserGroupViews.Event(group), Custom = [], CreatedAt = now });

    public void MembersAdded(UserGroupState group, IReadOnlyList<string> added, DateTimeOffset now)
    {
        if (added.Count == 0)
            return;
        events.Publish(group.Members.Keys, new UserGroupMemberAddedEvent
        {
            UserGroup = UserGroupViews.Event(group), Members = added, Custom = [], CreatedAt = now,
        });
    }

    public void MembersRemoved(UserGroupState group, IReadOnlyList<string> removed, DateTimeOffset now)
    {
        if (removed.Count == 0)
            return;
        events.Publish(group.Members.Keys.Concat(removed), new UserGroupMemberRemovedEvent
        {
            UserGroup = UserGroupViews.Event(group), Members = removed, Custom = [], CreatedAt = now,
        });
    }
}
