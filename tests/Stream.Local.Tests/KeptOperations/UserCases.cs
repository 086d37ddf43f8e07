using System.Text.Json.Nodes;
using GetStream.Models;

namespace GetStream.Local.Tests.KeptOperations;

internal static class UserCases
{
    public static IReadOnlyDictionary<string, OperationCase> All { get; } = new Dictionary<string, OperationCase>
    {
        ["QueryUsers"] = OperationCase.Input(
            s => s.Client.Common.QueryUsersAsync(Query(new JsonObject { ["id"] = s.Alice })),
            s => s.Client.Common.QueryUsersAsync(Query(new JsonObject { ["id"] = new JsonObject { ["$near"] = 1 } }))),
        ["UpdateUsers"] = OperationCase.Input(
            s => s.Client.Common.UpdateUsersAsync(Users(new UserRequest { Id = s.Carol, Name = "Carol" })),
            s => s.Client.Common.UpdateUsersAsync(Users(new UserRequest { Id = "not an id" }))),
        ["UpdateUsersPartial"] = OperationCase.Unknown(
            s => s.Client.Common.UpdateUsersPartialAsync(Patch(s.Carol)),
            s => s.Client.Common.UpdateUsersPartialAsync(Patch("nobody"))),
        ["BlockUsers"] = OperationCase.Unknown(
            s => s.Client.Common.BlockUsersAsync(new BlockUsersRequest { BlockedUserId = s.Bob, UserId = s.Alice }),
            s => s.Client.Common.BlockUsersAsync(new BlockUsersRequest { BlockedUserId = "nobody", UserId = s.Alice })),
        ["UnblockUsers"] = OperationCase.Input(
            s => s.Client.Common.UnblockUsersAsync(new UnblockUsersRequest { BlockedUserId = s.Bob, UserId = s.Alice }),
            s => s.Client.Common.UnblockUsersAsync(new UnblockUsersRequest { BlockedUserId = s.Bob })),
        ["GetBlockedUsers"] = OperationCase.Input(
            s => s.Client.Common.GetBlockedUsersAsync(new GetBlockedUsersQuery { UserId = s.Alice }),
            s => s.Client.Common.GetBlockedUsersAsync()),
        ["DeactivateUser"] = OperationCase.Unknown(
            s => s.Client.Common.DeactivateUserAsync(s.Carol, new DeactivateUserRequest { CreatedById = s.Alice }),
            s => s.Client.Common.DeactivateUserAsync("nobody")),
        ["DeactivateUsers"] = OperationCase.Input(
            s => s.Client.Common.DeactivateUsersAsync(new DeactivateUsersRequest { UserIds = [s.Carol] }),
            s => s.Client.Common.DeactivateUsersAsync(new DeactivateUsersRequest { UserIds = [] })),
        ["ReactivateUser"] = OperationCase.Unknown(
            s => s.Client.Common.ReactivateUserAsync(s.Carol, new ReactivateUserRequest { Name = "Carol" }),
            s => s.Client.Common.ReactivateUserAsync("nobody")),
        ["ReactivateUsers"] = OperationCase.Unknown(
            s => s.Client.Common.ReactivateUsersAsync(new ReactivateUsersRequest { UserIds = [s.Carol] }),
            s => s.Client.Common.ReactivateUsersAsync(new ReactivateUsersRequest { UserIds = [s.Carol, "nobody"] })),
        ["DeleteUsers"] = OperationCase.Input(
            s => s.Client.Common.DeleteUsersAsync(new DeleteUsersRequest { UserIds = [s.Carol] }),
            s => s.Client.Common.DeleteUsersAsync(new DeleteUsersRequest { UserIds = [s.Carol], User = ContentDeletion.Hard })),
        ["RestoreUsers"] = OperationCase.Unknown(
            s => s.Client.Common.RestoreUsersAsync(new RestoreUsersRequest { UserIds = [s.Carol] }),
            s => s.Client.Common.RestoreUsersAsync(new RestoreUsersRequest { UserIds = ["nobody"] })),
        ["ExportUser"] = OperationCase.Unknown(
            s => s.Client.Common.ExportUserAsync(s.Alice), s => s.Client.Common.ExportUserAsync("nobody")),
        ["ExportUsers"] = OperationCase.Input(
            s => s.Client.Common.ExportUsersAsync(new ExportUsersRequest { UserIds = [s.Alice] }),
            s => s.Client.Common.ExportUsersAsync(new ExportUsersRequest { UserIds = [.. Enumerable.Repeat(s.Alice, 26)] })),
        ["GetTask"] = OperationCase.Unknown(
            async s => await s.Client.Common.GetTaskAsync(
                (await s.Client.Common.ExportUsersAsync(new ExportUsersRequest { UserIds = [s.Alice] })).Data.TaskId),
            s => s.Client.Common.GetTaskAsync("nothing")),
        ["CreateGuest"] = OperationCase.Input(
            s => s.Client.Common.CreateGuestAsync(new CreateGuestRequest { User = new UserRequest { Id = "visitor" } }),
            s => s.Client.Common.CreateGuestAsync(new CreateGuestRequest { User = new UserRequest { Id = "a b" } })),
        ["CreateDevice"] = OperationCase.Input(
            s => s.Client.Common.CreateDeviceAsync(Device(s.Alice, "phone")),
            s => s.Client.Common.CreateDeviceAsync(Device(s.Alice, new string('x', 256)))),
        ["ListDevices"] = OperationCase.Unknown(
            s => s.Client.Common.ListDevicesAsync(new ListDevicesQuery { UserId = s.Alice }),
            s => s.Client.Common.ListDevicesAsync(new ListDevicesQuery { UserId = "nobody" })),
        ["DeleteDevice"] = OperationCase.Unknown(
            async s =>
            {
                await s.Client.Common.CreateDeviceAsync(Device(s.Alice, "phone"));
                return await s.Client.Common.DeleteDeviceAsync(new DeleteDeviceQuery { Id = "phone", UserId = s.Alice });
            },
            s => s.Client.Common.DeleteDeviceAsync(new DeleteDeviceQuery { Id = "phone", UserId = s.Alice })),
        ["UpdatePushNotificationPreferences"] = OperationCase.Input(
            s => s.Client.Common.UpdatePushNotificationPreferencesAsync(Preferences(s.Alice, PushPreferenceLevel.None)),
            s => s.Client.Common.UpdatePushNotificationPreferencesAsync(Preferences(s.Alice, new PushPreferenceLevel("loud")))),
    };

    private static QueryUsersQuery Query(JsonObject conditions) =>
        new() { Payload = new QueryUsersPayload { FilterConditions = conditions } };

    private static UpdateUsersRequest Users(UserRequest user) =>
        new() { Users = new Dictionary<string, UserRequest> { [user.Id] = user } };

    private static UpdateUsersPartialRequest Patch(string id) => new()
    {
        Users = [new UpdateUserPartialRequest { Id = id, Set = new JsonObject { ["custom.a.b"] = 1 }, Unset = ["image"] }],
    };

    private static CreateDeviceRequest Device(string userId, string id) =>
        new() { Id = id, PushProvider = PushProviderType.Apn, UserId = userId };

    private static UpsertPushPreferencesRequest Preferences(string userId, PushPreferenceLevel level) =>
        new() { Preferences = [new PushPreferenceInput { UserId = userId, CallLevel = level }] };
}
