using GetStream.Http;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Opens and closes the backstage of calls.</summary>
internal sealed class LivestreamApi(
    CallDirectory calls, CallPermissions permissions, CallViews views, CallEvents events, ISfu sfu) : IOperationFamily
{
    public void Map(OperationTable operations)
    {
        operations.Map<GoLiveRequest, GoLiveResponse>(ApiOperations.Video.GoLive, OperationAccess.User, GoLive);
        operations.MapAsync<StopLiveRequest, StopLiveResponse>(
            ApiOperations.Video.StopLive, OperationAccess.User, StopLiveAsync);
    }

    private GoLiveResponse GoLive(ApiRequest request, GoLiveRequest body)
    {
        if (StartsRecording(body))
            throw ApiException.NotSupported(
                "go_live that starts something", "nothing is recorded, transcribed or broadcast");
        var call = calls.Get(request, Capabilities.UpdateCall);
        RequireBackstage(call);
        call = calls.Change(
            call.Cid,
            call => !call.Backstage ? call : call with
            {
                Backstage = false,
                UpdatedAt = request.Now,
                Session = call.RunningSession is { } session
                    ? session with { LiveStartedAt = request.Now, LiveEndedAt = null }
                    : call.Session,
            },
            call =>
            {
                events.ToWatchers(call, new CallLiveStartedEvent
                {
                    CallCid = call.Cid, Call = views.Call(call), CreatedAt = request.Now,
                });
                PublishUpdated(call, request.Now);
            });
        return new GoLiveResponse { Call = views.Call(call), Duration = request.Duration };
    }

    private async Task<StopLiveResponse> StopLiveAsync(ApiRequest request, StopLiveRequest body)
    {
        var call = calls.Get(request, Capabilities.UpdateCall);
        RequireBackstage(call);
        var wasLive = false;
        call = calls.Change(
            call.Cid,
            call =>
            {
                wasLive = !call.Backstage;
                return call.Backstage ? call : call with
                {
                    Backstage = true,
                    UpdatedAt = request.Now,
                    Session = call.RunningSession is { LiveStartedAt: not null } session
                        ? session with { LiveEndedAt = request.Now }
                        : call.Session,
                };
            },
            call => PublishUpdated(call, request.Now));
        if (wasLive)
            await sfu.EndCallAsync(call.Cid, RtcCallEndReason.LiveEnded, request.Aborted);
        return new StopLiveResponse { Call = views.Call(call), Duration = request.Duration };
    }

    private void PublishUpdated(CallState call, DateTimeOffset now) => events.ToMembers(call, new CallUpdatedEvent
    {
        CallCid = call.Cid,
        Call = views.Call(call),
        CapabilitiesByRole = permissions.ByRole(call.Type),
        CreatedAt = now,
    });

    private static void RequireBackstage(CallState call)
    {
        if (!call.Settings.Backstage.Enabled)
            throw ApiException.Input($"the settings of call {call.Cid} have no backstage");
    }

    private static bool StartsRecording(GoLiveRequest body) =>
        body.StartHls == true || body.StartRecording == true || body.StartCompositeRecording == true
        || body.StartIndividualRecording == true || body.StartRawRecording == true || body.StartTranscription == true
        || body.StartClosedCaption == true;
}
