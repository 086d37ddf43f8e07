using GetStream.Models;

namespace GetStream.Local.Tests.KeptOperations;

internal static class ApplicationCases
{
    public static IReadOnlyDictionary<string, OperationCase> All { get; } = new Dictionary<string, OperationCase>
    {
        ["GetApp"] = OperationCase.Forbidden(s => s.Client.Common.GetAppAsync(), s => s.Client.Common.GetAppAsync(s.AsAlice)),
        ["UpdateApp"] = OperationCase.Of(
            s => s.Client.Common.UpdateAppAsync(new UpdateAppRequest { WebhookEvents = [] }),
            s => s.Client.Common.UpdateAppAsync(new UpdateAppRequest { SqsUrl = "https://queue" }),
            501, 19),
        ["GetRateLimits"] = OperationCase.Input(
            s => s.Client.Common.GetRateLimitsAsync(),
            s => s.Client.Common.GetRateLimitsAsync(new GetRateLimitsQuery { Endpoints = "Dance" })),
        ["ListRoles"] = OperationCase.Forbidden(s => s.Client.Common.ListRolesAsync(), s => s.Client.Common.ListRolesAsync(s.AsAlice)),
        ["SearchRoles"] = OperationCase.Input(
            s => s.Client.Common.SearchRolesAsync(new SearchRolesQuery { Query = "role-" }),
            s => s.Client.Common.SearchRolesAsync(new SearchRolesQuery { Query = "role-", Limit = 26 })),
        ["CreateRole"] = OperationCase.Input(
            s => s.Client.Common.CreateRoleAsync(new CreateRoleRequest { Name = $"{s.Role}-2" }),
            s => s.Client.Common.CreateRoleAsync(new CreateRoleRequest { Name = s.Role })),
        ["DeleteRole"] = OperationCase.Forbidden(
            s => s.Client.Common.DeleteRoleAsync(s.Role), s => s.Client.Common.DeleteRoleAsync("admin")),
        ["CreateUserGroup"] = OperationCase.Input(
            s => s.Client.Common.CreateUserGroupAsync(new CreateUserGroupRequest { Name = "tea", MemberIds = [s.Alice] }),
            s => s.Client.Common.CreateUserGroupAsync(new CreateUserGroupRequest { Id = s.Group, Name = "tea" })),
        ["GetUserGroup"] = OperationCase.Unknown(
            s => s.Client.Common.GetUserGroupAsync(s.Group), s => s.Client.Common.GetUserGroupAsync("nothing")),
        ["UpdateUserGroup"] = OperationCase.Input(
            s => s.Client.Common.UpdateUserGroupAsync(s.Group, new UpdateUserGroupRequest { Name = "tea" }),
            s => s.Client.Common.UpdateUserGroupAsync(s.Group, new UpdateUserGroupRequest { Name = new string('x', 256) })),
        ["DeleteUserGroup"] = OperationCase.Unknown(
            s => s.Client.Common.DeleteUserGroupAsync(s.Group),
            s => s.Client.Common.DeleteUserGroupAsync(s.Group, new DeleteUserGroupQuery { TeamId = "others" })),
        ["ListUserGroups"] = OperationCase.Input(
            s => s.Client.Common.ListUserGroupsAsync(new ListUserGroupsQuery { Limit = 1 }),
            s => s.Client.Common.ListUserGroupsAsync(new ListUserGroupsQuery { Limit = 101 })),
        ["SearchUserGroups"] = OperationCase.Input(
            s => s.Client.Common.SearchUserGroupsAsync(new SearchUserGroupsQuery { Query = "group" }),
            s => s.Client.Common.SearchUserGroupsAsync(new SearchUserGroupsQuery { Query = "" })),
        ["AddUserGroupMembers"] = OperationCase.Unknown(
            s => s.Client.Common.AddUserGroupMembersAsync(s.Group, new AddUserGroupMembersRequest { MemberIds = [s.Carol] }),
            s => s.Client.Common.AddUserGroupMembersAsync(s.Group, new AddUserGroupMembersRequest { MemberIds = ["nobody"] })),
        ["RemoveUserGroupMembers"] = OperationCase.Input(
            s => s.Client.Common.RemoveUserGroupMembersAsync(s.Group, new RemoveUserGroupMembersRequest { MemberIds = [s.Bob] }),
            s => s.Client.Common.RemoveUserGroupMembersAsync(s.Group, new RemoveUserGroupMembersRequest { MemberIds = [] })),
    };
}
