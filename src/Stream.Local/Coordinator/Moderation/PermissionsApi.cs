using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Moderation;

/// <summary>Single users' permissions in a call: asked for, granted and revoked.</summary>
internal sealed class PermissionsApi(
    CallDirectory calls, CallPermissions permissions, CallViews views, CallEvents events, UserDirectory users, ISfu sfu)
    : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.Map<RequestPermissionRequest, RequestPermissionResponse>(
            ApiOperations.Video.RequestPermission, OperationAccess.User, Ask);
        operations.MapAsync<UpdateUserPermissionsRequest, UpdateUserPermissionsResponse>(
            ApiOperations.Video.UpdateUserPermissions, OperationAccess.User, UpdateAsync);
    }

    private RequestPermissionResponse Ask(ApiRequest request, RequestPermissionRequest body)
    {
        var call = calls.Get(request, Capabilities.JoinCall);
        if (request.Caller.UserId is not { } userId)
            throw ApiException.Input("only a user asks for permissions");
        var asked = body.Permissions.Select(permission => permission.Value).ToList();
        if (asked.Count == 0)
            throw ApiException.InvalidField("permissions", "must not be empty");
        RequirePublishing(asked, "permissions");
        if (asked.FirstOrDefault(permission => !MayAskFor(permission, call.Settings)) is { } refused)
            throw ApiException.NotAllowed($"the settings of call {call.Cid} do not let users ask for {refused}");
        events.ToWatchers(call, new PermissionRequestEvent
        {
            CallCid = call.Cid, User = views.User(userId), Permissions = asked, CreatedAt = request.Now,
        });
        return new RequestPermissionResponse { Duration = request.Duration };
    }

    private async Task<UpdateUserPermissionsResponse> UpdateAsync(ApiRequest request, UpdateUserPermissionsRequest body)
    {
        var call = calls.Get(request, Capabilities.UpdateCallPermissions);
        users.Get(Limits.UserId(body.UserId, "user_id"));
        var granted = (body.GrantPermissions ?? []).Select(permission => permission.Value).ToList();
        var revoked = (body.RevokePermissions ?? []).Select(permission => permission.Value).ToList();
        RequirePublishing(granted, "grant_permissions");
        RequirePublishing(revoked, "revoke_permissions");
        if (granted.Intersect(revoked).FirstOrDefault() is { } both)
            throw ApiException.Input($"{both} is both granted and revoked");

        call = calls.Change(
            call.Cid,
            call =>
            {
                var grants = call.Grants.GetValueOrDefault(body.UserId, UserGrants.None);
                grants = new UserGrants(
                    grants.Granted.Union(granted).Except(revoked), grants.Revoked.Union(revoked).Except(granted));
                return call with { Grants = call.Grants.SetItem(body.UserId, grants) };
            },
            call => events.ToWatchers(call, new UpdatedCallPermissionsEvent
            {
                CallCid = call.Cid,
                User = views.User(body.UserId),
                OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(body.UserId, call)),
                CreatedAt = request.Now,
            }));
        await sfu.UpdateGrantsAsync(
            call.Cid, body.UserId, CallGrants.From(permissions.Of(body.UserId, call), call.Settings), request.Aborted);
        return new UpdateUserPermissionsResponse { Duration = request.Duration };
    }

    private static void RequirePublishing(IEnumerable<string> permissions, string field)
    {
        if (permissions.FirstOrDefault(permission => !Capabilities.Publishing.Contains(permission)) is { } other)
            throw ApiException.InvalidField(
                field, $"takes {string.Join(", ", Capabilities.Publishing)}, not \"{Shortened.Text(other)}\"");
    }

    private static bool MayAskFor(string permission, CallSettingsResponse settings) =>
        permission == Capabilities.SendAudio ? settings.Audio.AccessRequestEnabled
        : permission == Capabilities.SendVideo ? settings.Video.AccessRequestEnabled
        : settings.Screensharing.AccessRequestEnabled;
}
