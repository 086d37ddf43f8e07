using GetStream.Local.Coordinator.Calls;
using StreamGateway.Native.Rtc.V1;

namespace GetStream.Local.Sfu;

/// <summary>Carries what the SFU tells of participants into the calls' sessions, until the SFU has stopped.</summary>
internal sealed partial class SfuEventPump(ISfu sfu, CallSessions sessions, ILogger<SfuEventPump> logger)
{
    public async Task RunAsync()
    {
        await foreach (var told in sfu.Events.ReadAllAsync())
        {
            try
            {
                Apply(told);
            }
            catch (Exception exception)
            {
                // One bad event must not end the reading of all later ones.
                LogEventFailed(logger, told.PayloadCase, exception);
            }
        }
    }

    private void Apply(Event told)
    {
        switch (told.PayloadCase)
        {
            case Event.PayloadOneofCase.SfuParticipantJoined:
                var joined = told.SfuParticipantJoined;
                sessions.ParticipantJoined(
                    joined.CallCid, joined.UserId, joined.ParticipantSessionId, joined.Anonymous);
                break;
            case Event.PayloadOneofCase.SfuParticipantLeft:
                var left = told.SfuParticipantLeft;
                sessions.ParticipantLeft(left.CallCid, left.ParticipantSessionId, left.Reason);
                break;
        }
    }

    [LoggerMessage(
        7100, LogLevel.Error, "The SFU's event {Payload} could not be applied", EventName = "SfuEventFailed")]
    private static partial void LogEventFailed(ILogger logger, Event.PayloadOneofCase payload, Exception exception);
}
