using GetStream.Http;
using GetStream.Local.Coordinator.Calls;
using GetStream.Local.Errors;
using GetStream.Local.Http;
using GetStream.Models;

namespace GetStream.Local.Coordinator.Events;

/// <summary>Closed captions that the application makes itself: passed on to everyone who watches the call.</summary>
internal sealed class ClosedCaptionsApi(CallDirectory calls, CallViews views, CallEvents events) : IOperationFamily
{
    private const int MaxTextLength = 32_768;
    private const int MaxSpeakerLength = 256;

    public void Map(OperationTable operations) =>
        operations.Map<SendClosedCaptionRequest, SendClosedCaptionResponse>(
            ApiOperations.Video.SendClosedCaption, OperationAccess.User, Send);

    private SendClosedCaptionResponse Send(ApiRequest request, SendClosedCaptionRequest body)
    {
        var call = calls.Get(request, Capabilities.SendClosedCaptions);
        Limits.Length(body.Text, MaxTextLength, "text");
        Limits.Length(body.SpeakerId, MaxSpeakerLength, "speaker_id");
        Limits.OptionalLength(body.Service, Limits.MaxShortLength, "service");
        Limits.OptionalLength(body.Language, Limits.MaxShortLength, "language");
        StreamTime start = body.StartTime ?? request.Now;
        var end = body.EndTime ?? start;
        if (end < start)
            throw ApiException.InvalidField("end_time", "must not be before start_time");
        events.ToWatchers(call, new ClosedCaptionEvent
        {
            CallCid = call.Cid,
            ClosedCaption = new CallClosedCaption
            {
                Id = Guid.NewGuid().ToString(),
                Text = body.Text,
                SpeakerId = body.SpeakerId,
                User = views.User(body.SpeakerId),
                StartTime = start,
                EndTime = end,
                Language = body.Language ?? "",
                Service = body.Service,
                Translated = body.Translated ?? false,
            },
            CreatedAt = request.Now,
        });
        return new SendClosedCaptionResponse { Duration = request.Duration };
    }
}
