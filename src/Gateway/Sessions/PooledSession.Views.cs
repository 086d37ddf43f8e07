namespace StreamGateway.Sessions;

/// <content>What clients see of a session; each view is consistent in itself.</content>
internal sealed partial class PooledSession
{
    public SessionResponse Describe()
    {
        lock (_hub.Gate)
        {
            return new SessionResponse(
                Id,
                Cid,
                Call.Type,
                Call.Id,
                UserId,
                ParticipantSessionId,
                State,
                Environment.MachineName,
                CreatedAt,
                JoinedAt,
                EndedAt,
                EndReason,
                Error,
                Reconnects,
                _roster.Count,
                OwnCapabilities,
                Subscribe,
                Muted,
                Metadata,
                new Events.SseEventId(Journal.Epoch, Journal.LastPosition).ToString());
        }
    }

    public ParticipantsResponse DescribeParticipants()
    {
        lock (_hub.Gate)
        {
            return new ParticipantsResponse(_roster.Participants());
        }
    }

    public TracksResponse DescribeTracks()
    {
        lock (_hub.Gate)
        {
            return new TracksResponse(_roster.RemoteTracks());
        }
    }

    /// <summary>Everything a reader of events needs to begin with.</summary>
    public SessionSnapshot TakeSnapshot()
    {
        lock (_hub.Gate)
        {
            return new SessionSnapshot(Describe(), _roster.Participants(), _roster.RemoteTracks());
        }
    }
}
