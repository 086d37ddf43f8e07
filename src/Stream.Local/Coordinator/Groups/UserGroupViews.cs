using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Groups;

/// <summary>Shows user groups as the API does.</summary>
internal static class UserGroupViews
{
    private const long TheApplication = 1;

    /// <summary>Without the members, as lists do.</summary>
    public static UserGroupResponse Short(UserGroupState group) => new()
    {
        Id = group.Id,
        Name = group.Name,
        Description = group.Description,
        TeamId = group.TeamId,
        CreatedBy = group.CreatedById,
        CreatedAt = group.CreatedAt,
        UpdatedAt = group.UpdatedAt,
    };

    public static UserGroupResponse Whole(UserGroupState group)
    {
        var whole = Short(group);
        whole.Members = Members(group);
        return whole;
    }

    public static UserGroup Event(UserGroupState group) => new()
    {
        AppPk = TheApplication,
        Id = group.Id,
        Name = group.Name,
        Description = group.Description,
        TeamId = group.TeamId,
        CreatedBy = group.CreatedById,
        Members = Members(group),
        CreatedAt = group.CreatedAt,
        UpdatedAt = group.UpdatedAt,
    };

    /// <summary>The oldest members first.</summary>
    private static List<UserGroupMember> Members(UserGroupState group) =>
    [
        .. group.Members
            .OrderBy(member => member.Value.CreatedAt)
            .ThenBy(member => member.Key, StringComparer.Ordinal)
            .Select(member => new UserGroupMember
            {
                AppPk = TheApplication,
                GroupId = group.Id,
                UserId = member.Key,
                IsAdmin = member.Value.IsAdmin,
                CreatedAt = member.Value.CreatedAt,
            }),
    ];
}
