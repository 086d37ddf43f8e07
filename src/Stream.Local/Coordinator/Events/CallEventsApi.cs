using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Events;

/// <summary>What clients tell the others in a call, and what they report about it.</summary>
internal sealed class CallEventsApi(CallDirectory calls, CallViews views, CallEvents events) : IOperationFamily
{
    private const int MaxReactionLength = 64;
    private const int MaxClientEvents = 100;

    public void Map(OperationTable operations)
    {
        operations.Map<SendCallEventRequest, SendCallEventResponse>(
            ApiOperations.Video.SendCallEvent, OperationAccess.User, SendCustom);
        operations.Map<SendVideoReactionRequest, SendVideoReactionResponse>(
            ApiOperations.Video.SendVideoReaction, OperationAccess.User, SendReaction);
        operations.Map<ReportClientEventRequest, ReportClientEventResponse>(
            ApiOperations.Video.ReportClientCallEvent, OperationAccess.Public, Report);
    }

    private SendCallEventResponse SendCustom(ApiRequest request, SendCallEventRequest body)
    {
        var call = calls.Get(request, Capabilities.ReadCall);
        Limits.Custom(body.Custom, Limits.MaxCustomBytes);
        events.ToWatchers(call, new CustomVideoEvent
        {
            CallCid = call.Cid,
            Custom = body.Custom ?? [],
            User = views.User(request.ActingUserId(body.UserId ?? body.User?.Id)),
            CreatedAt = request.Now,
        });
        return new SendCallEventResponse { Duration = request.Duration };
    }

    private SendVideoReactionResponse SendReaction(ApiRequest request, SendVideoReactionRequest body)
    {
        var call = calls.Get(request, Capabilities.CreateReaction);
        Limits.Length(body.Type, MaxReactionLength, "type");
        Limits.OptionalLength(body.EmojiCode, MaxReactionLength, "emoji_code");
        Limits.Custom(body.Custom, Limits.MaxCustomBytes);
        var reaction = new VideoReactionResponse
        {
            Type = body.Type,
            EmojiCode = body.EmojiCode,
            Custom = body.Custom,
            User = views.User(request.ActingUserId()),
        };
        events.ToWatchers(
            call, new CallReactionEvent { CallCid = call.Cid, Reaction = reaction, CreatedAt = request.Now });
        return new SendVideoReactionResponse { Reaction = reaction, Duration = request.Duration };
    }

    /// <summary>Takes clients' telemetry, of which nothing is kept.</summary>
    private ReportClientEventResponse Report(ApiRequest request, ReportClientEventRequest body)
    {
        Limits.Range(body.Events.Count, 1, MaxClientEvents, "events");
        return new ReportClientEventResponse { Duration = request.Duration };
    }
}
