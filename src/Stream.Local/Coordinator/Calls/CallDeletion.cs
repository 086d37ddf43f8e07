using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Calls;

/// <summary>Deletes calls, whoever is in them.</summary>
internal sealed class CallDeletion(CallDirectory calls, CallViews views, CallEvents events, ISfu sfu)
{
    public async Task DeleteAsync(ApiRequest request, CallState call)
    {
        await sfu.EndCallAsync(call.Cid, RtcCallEndReason.Ended, request.Aborted);
        calls.Remove(call.Cid, call => events.ToMembers(call, new CallDeletedEvent
        {
            CallCid = call.Cid, Call = views.Call(call), CreatedAt = request.Now,
        }));
    }
}
