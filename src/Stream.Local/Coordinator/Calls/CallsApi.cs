using GetStream.Http;
using GetStream.Local.Coordinator.Tasks;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>The life of a call apart from joining it.</summary>
internal sealed class CallsApi(
    CallDirectory calls, CallSessions sessions, CallRinging ringing, CallPermissions permissions, CallViews views,
    CallEvents events, CallDeletion deletion, TaskLog tasks, ISfu sfu) : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.Map<GetCallResponse>(ApiOperations.Video.GetCall, OperationAccess.User, Get);
        operations.Map<GetOrCreateCallRequest, GetOrCreateCallResponse>(
            ApiOperations.Video.GetOrCreateCall, OperationAccess.User, GetOrCreate);
        operations.Map<UpdateCallRequest, UpdateCallResponse>(
            ApiOperations.Video.UpdateCall, OperationAccess.User, Update);
        operations.MapAsync<EndCallResponse>(ApiOperations.Video.EndCall, OperationAccess.User, EndAsync);
        operations.MapAsync<DeleteCallRequest, DeleteCallResponse>(
            ApiOperations.Video.DeleteCall, OperationAccess.User, DeleteAsync);
    }

    private GetCallResponse Get(ApiRequest request)
    {
        var call = calls.Get(request, Capabilities.ReadCall);
        var membersLimit = request.QueryInt("members_limit", 0, Limits.MaxPageSize) ?? Limits.MaxPageSize;
        calls.Watch(request, call);
        call = ringing.Announce(
            request, call, request.QueryBool("ring"), request.QueryBool("notify"), request.QueryBool("video"));
        return new GetCallResponse
        {
            Call = views.Call(call),
            Members = views.Members(call, membersLimit),
            Membership = views.Membership(call, request.Caller.UserId),
            OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
            Duration = request.Duration,
        };
    }

    private GetOrCreateCallResponse GetOrCreate(ApiRequest request, GetOrCreateCallRequest body)
    {
        var membersLimit = Limits.Range(
            body.MembersLimit ?? Limits.MaxPageSize, 0, Limits.MaxPageSize, "members_limit");
        var (call, created) = calls.GetOrCreate(request, body.Data);
        permissions.Require(request.Caller, call, Capabilities.ReadCall, request.Operation);
        calls.Watch(request, call);
        call = ringing.Announce(
            request, call, body.Ring ?? false, body.Notify ?? false, body.Video ?? body.Data?.Video ?? false);
        return new GetOrCreateCallResponse
        {
            Call = views.Call(call),
            Members = views.Members(call, membersLimit),
            Membership = views.Membership(call, request.Caller.UserId),
            OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
            Created = created,
            Duration = request.Duration,
        };
    }

    private UpdateCallResponse Update(ApiRequest request, UpdateCallRequest body)
    {
        var call = calls.Get(request, Capabilities.UpdateCall);
        if (body.SettingsOverride is not null)
            permissions.Require(request.Caller, call, Capabilities.UpdateCallSettings, request.Operation);
        Limits.Custom(body.Custom, Limits.MaxCallCustomBytes);
        call = calls.Change(
            call.Cid,
            call => call with
            {
                Custom = body.Custom ?? call.Custom,
                StartsAt = body.StartsAt is { } startsAt ? startsAt : call.StartsAt,
                Settings = CallTypes.CallSettingsRules.Apply(call.Settings, body.SettingsOverride),
                UpdatedAt = request.Now,
            },
            call => events.ToMembers(call, Updated(call, request.Now)));
        return new UpdateCallResponse
        {
            Call = views.Call(call),
            Members = views.Members(call, Limits.MaxPageSize),
            Membership = views.Membership(call, request.Caller.UserId),
            OwnCapabilities = CallViews.OwnCapabilities(permissions.Of(request.Caller, call)),
            Duration = request.Duration,
        };
    }

    private async Task<EndCallResponse> EndAsync(ApiRequest request)
    {
        var call = calls.Get(request, Capabilities.EndCall);
        // Marked first, so that nobody comes back in while the SFU sends everyone away; and told before that, because a client
        // that was sent away listens no more.
        calls.Change(call.Cid, call => call with { EndedAt = call.EndedAt ?? request.Now, UpdatedAt = request.Now });
        calls.Tell(call.Cid, call => events.ToMembers(call, new CallEndedEvent
        {
            CallCid = call.Cid,
            Call = views.Call(call),
            User = request.Caller.UserId is { } userId ? views.User(userId) : null,
            Members = views.Members(call, Limits.MaxPageSize),
            CreatedAt = request.Now,
        }));
        await sfu.EndCallAsync(call.Cid, RtcCallEndReason.Ended, request.Aborted);
        sessions.End(call.Cid);
        return new EndCallResponse { Duration = request.Duration };
    }

    private async Task<DeleteCallResponse> DeleteAsync(ApiRequest request, DeleteCallRequest body)
    {
        var call = calls.Get(request);
        if (!request.Caller.IsServer && call.CreatedById != request.Caller.UserId)
            throw ApiException.NotAllowed("only its creator or a server deletes a call");
        await deletion.DeleteAsync(request, call);
        return new DeleteCallResponse
        {
            Call = views.Call(call),
            TaskId = body.Hard == true ? tasks.Add() : null,
            Duration = request.Duration,
        };
    }

    private CallUpdatedEvent Updated(CallState call, DateTimeOffset now) => new()
    {
        CallCid = call.Cid,
        Call = views.Call(call),
        CapabilitiesByRole = permissions.ByRole(call.Type),
        CreatedAt = now,
    };
}
