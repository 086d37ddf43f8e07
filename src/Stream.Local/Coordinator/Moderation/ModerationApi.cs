using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Coordinator.Moderation;

/// <summary>Mutes, kicks and blocks.</summary>
internal sealed class ModerationApi(
    CallDirectory calls, CallPermissions permissions, CallViews views, CallEvents events, UserDirectory users, ISfu sfu)
    : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.MapAsync<MuteUsersRequest, MuteUsersResponse>(
            ApiOperations.Video.MuteUsers, OperationAccess.User, MuteAsync);
        operations.MapAsync<KickUserRequest, KickUserResponse>(
            ApiOperations.Video.KickUser, OperationAccess.User, KickAsync);
        operations.MapAsync<BlockUserRequest, BlockUserResponse>(
            ApiOperations.Video.BlockUser, OperationAccess.User, BlockAsync);
        operations.Map<UnblockUserRequest, UnblockUserResponse>(
            ApiOperations.Video.UnblockUser, OperationAccess.User, Unblock);
    }

    private async Task<MuteUsersResponse> MuteAsync(ApiRequest request, MuteUsersRequest body)
    {
        var call = calls.Get(request);
        var everyone = body.MuteAllUsers == true;
        var userIds = body.UserIds ?? [];
        if (!everyone && userIds.Count == 0)
            throw ApiException.Input("either user_ids or mute_all_users must be given");
        Limits.Count(userIds.Count, Limits.MaxPageSize, "user_ids");
        var trackTypes = TrackTypes(body);
        if (trackTypes.Count == 0)
            throw ApiException.Input("at least one of audio, video, screenshare and screenshare_audio must be true");
        if (everyone || userIds.Any(id => id != request.Caller.UserId))
            permissions.Require(request.Caller, call, Capabilities.MuteUsers, request.Operation);

        var by = Actor(request, body.MutedById ?? body.MutedBy?.Id, call);
        await sfu.MuteAsync(call.Cid, everyone ? null : userIds, trackTypes, by, request.Aborted);
        events.ToWatchers(call, new CallUserMutedEvent
        {
            CallCid = call.Cid,
            FromUserId = by,
            MutedUserIds = everyone ? Participants(call) : userIds,
            Reason = "",
            CreatedAt = request.Now,
        });
        return new MuteUsersResponse { Duration = request.Duration };
    }

    private async Task<KickUserResponse> KickAsync(ApiRequest request, KickUserRequest body)
    {
        var call = calls.Get(request, Capabilities.KickUser);
        RequireUser(body.UserId);
        var by = Actor(request, body.KickedById ?? body.KickedBy?.Id, call);
        if (body.Block == true)
        {
            permissions.Require(request.Caller, call, Capabilities.BlockUsers, request.Operation);
            call = Block(request, call, body.UserId, by);
        }

        await sfu.KickAsync(call.Cid, body.UserId, request.Aborted);
        events.ToWatchers(call, new KickedUserEvent
        {
            CallCid = call.Cid, User = views.User(body.UserId), KickedByUser = views.User(by), CreatedAt = request.Now,
        });
        return new KickUserResponse { Duration = request.Duration };
    }

    private async Task<BlockUserResponse> BlockAsync(ApiRequest request, BlockUserRequest body)
    {
        var call = calls.Get(request, Capabilities.BlockUsers);
        RequireUser(body.UserId);
        // Blocked first, so that the user cannot come back between.
        call = Block(request, call, body.UserId, Actor(request, null, call));
        await sfu.KickAsync(call.Cid, body.UserId, request.Aborted);
        return new BlockUserResponse { Duration = request.Duration };
    }

    private UnblockUserResponse Unblock(ApiRequest request, UnblockUserRequest body)
    {
        var call = calls.Get(request, Capabilities.BlockUsers);
        RequireUser(body.UserId);
        calls.Change(
            call.Cid,
            call => call.BlockedUserIds.Contains(body.UserId)
                ? call with { BlockedUserIds = call.BlockedUserIds.Remove(body.UserId), UpdatedAt = request.Now }
                : call,
            call => events.ToWatchers(call, new UnblockedUserEvent
            {
                CallCid = call.Cid, User = views.User(body.UserId), CreatedAt = request.Now,
            }));
        return new UnblockUserResponse { Duration = request.Duration };
    }

    private CallState Block(ApiRequest request, CallState call, string userId, string by) => calls.Change(
        call.Cid,
        call => call.BlockedUserIds.Contains(userId)
            ? call
            : call with { BlockedUserIds = call.BlockedUserIds.Add(userId), UpdatedAt = request.Now },
        call => events.ToWatchers(call, new BlockedUserEvent
        {
            CallCid = call.Cid, User = views.User(userId), BlockedByUser = views.User(by), CreatedAt = request.Now,
        }));

    private void RequireUser(string userId) => users.Get(Limits.UserId(userId, "user_id"));

    /// <summary>Whom others see as the one who did it.</summary>
    private static string Actor(ApiRequest request, string? named, CallState call) =>
        (request.Caller.IsServer ? named : null) ?? request.Caller.UserId ?? call.CreatedById;

    private static List<string> Participants(CallState call) =>
        [.. (call.RunningSession?.Participants.Values ?? []).Select(participant => participant.UserId).Distinct()];

    private static List<TrackType> TrackTypes(MuteUsersRequest body)
    {
        var types = new List<TrackType>();
        if (body.Audio == true)
            types.Add(TrackType.Audio);
        if (body.Video == true)
            types.Add(TrackType.Video);
        if (body.Screenshare == true)
            types.Add(TrackType.ScreenShare);
        if (body.ScreenshareAudio == true)
            types.Add(TrackType.ScreenShareAudio);
        return types;
    }
}
