using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Local.Sfu;
using GetStream.Local.Store;
using GetStream.Models;
using StreamGateway.Native.Rtc;

namespace GetStream.Local.Coordinator.Moderation;

/// <summary>Participants pinned for everyone.</summary>
internal sealed class PinsApi(CallDirectory calls, ISfu sfu) : IOperationFamily
{
    private const int MaxPins = 100;
    private const int MaxSessionIdLength = 255;

    public void Map(OperationTable operations)
    {
        operations.MapAsync<PinRequest, PinResponse>(ApiOperations.Video.VideoPin, OperationAccess.User, PinAsync);
        operations.MapAsync<UnpinRequest, UnpinResponse>(
            ApiOperations.Video.VideoUnpin, OperationAccess.User, UnpinAsync);
    }

    private async Task<PinResponse> PinAsync(ApiRequest request, PinRequest body)
    {
        var pin = Pin(body.UserId, body.SessionId);
        await ChangeAsync(request, call => call with { Pins = call.Pins.Add(pin) });
        return new PinResponse { Duration = request.Duration };
    }

    private async Task<UnpinResponse> UnpinAsync(ApiRequest request, UnpinRequest body)
    {
        var pin = Pin(body.UserId, body.SessionId);
        await ChangeAsync(request, call => call with { Pins = call.Pins.Remove(pin) });
        return new UnpinResponse { Duration = request.Duration };
    }

    private async Task ChangeAsync(ApiRequest request, Func<CallState, CallState> change)
    {
        var call = calls.Get(request, Capabilities.PinForEveryone);
        call = calls.Change(call.Cid, call =>
        {
            call = change(call);
            return call.Pins.Count <= MaxPins ? call : throw ApiException.Input($"a call has at most {MaxPins} pins");
        });
        await sfu.SetPinsAsync(
            call.Cid, [.. call.Pins.Select(pin => new RtcPin(pin.UserId, pin.ParticipantSessionId))], request.Aborted);
    }

    private static CallPin Pin(string userId, string sessionId)
    {
        Limits.UserId(userId, "user_id");
        Limits.Length(sessionId, MaxSessionIdLength, "session_id");
        return new CallPin(userId, sessionId);
    }
}
