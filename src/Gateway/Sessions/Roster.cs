using System.Text.Json;
using StreamGateway.Json;
using StreamGateway.Native.Rtc.V1;

namespace StreamGateway.Sessions;

/// <summary>Who is in the call and with which tracks, as the session's events tell it.</summary>
/// <remarks>Not thread safe: the session changes and reads it under the event hub's gate.</remarks>
internal sealed class Roster
{
    private readonly Dictionary<string, Participant> _participants = [];

    public int Count => _participants.Count;

    public void Apply(Event change)
    {
        switch (change.PayloadCase)
        {
            case Event.PayloadOneofCase.Joined:
                Replace(change.Joined.Participants);
                break;
            case Event.PayloadOneofCase.ParticipantJoined:
                Put(change.ParticipantJoined.Participant);
                break;
            case Event.PayloadOneofCase.ParticipantUpdated:
                Put(change.ParticipantUpdated.Participant);
                break;
            case Event.PayloadOneofCase.ParticipantLeft:
                _participants.Remove(change.ParticipantLeft.Participant?.ParticipantSessionId ?? "");
                break;
            case Event.PayloadOneofCase.TrackPublished:
                PutTrack(change.TrackPublished.Track);
                break;
            case Event.PayloadOneofCase.TrackUnpublished:
                PutTrack(change.TrackUnpublished.Track); // muted from now on; its owner may go on
                break;
            case Event.PayloadOneofCase.AudioLevels:
                ApplyLevels(change.AudioLevels);
                break;
            case Event.PayloadOneofCase.DominantSpeakerChanged:
                ApplyDominantSpeaker(change.DominantSpeakerChanged.ParticipantSessionId);
                break;
            case Event.PayloadOneofCase.ConnectionQualityChanged:
                ApplyQualities(change.ConnectionQualityChanged);
                break;
        }
    }

    public List<ParticipantResponse> Participants() =>
        _participants.Values.OrderBy(participant => participant.JoinedAtUnixNs).Select(Describe).ToList();

    /// <summary>The tracks of the others.</summary>
    public List<TrackResponse> RemoteTracks() =>
        _participants.Values.Where(participant => !participant.IsLocal)
            .SelectMany(participant => participant.Tracks).Select(Describe).ToList();

    private static ParticipantResponse Describe(Participant participant) => new(
        participant.UserId,
        participant.ParticipantSessionId,
        participant.Name,
        participant.Image,
        participant.Roles.ToList(),
        participant.CustomJson.Length == 0 ? null : JsonSerializer.Deserialize<JsonElement>(participant.CustomJson),
        participant.IsLocal,
        participant.IsSpeaking,
        participant.IsDominantSpeaker,
        participant.AudioLevel,
        ProtoNames.Of(participant.ConnectionQuality),
        participant.JoinedAtUnixNs == 0 ? null : UnixTime.FromNanoseconds(participant.JoinedAtUnixNs),
        participant.Tracks.Select(Describe).ToList());

    private static TrackResponse Describe(Track track) => new(
        track.TrackId,
        track.UserId,
        track.ParticipantSessionId,
        ProtoNames.Of(track.TrackType) ?? "unknown",
        track.Codec.Length == 0 ? null : track.Codec,
        track.Muted);

    private void Replace(IEnumerable<Participant> participants)
    {
        _participants.Clear();
        foreach (var participant in participants)
        {
            Put(participant);
        }
    }

    private void Put(Participant? participant)
    {
        if (participant is not null)
        {
            _participants[participant.ParticipantSessionId] = participant.Clone();
        }
    }

    private void PutTrack(Track? track)
    {
        if (track is null || !_participants.TryGetValue(track.ParticipantSessionId, out var owner))
        {
            return;
        }

        if (owner.Tracks.FirstOrDefault(known => known.TrackId == track.TrackId) is { } replaced)
        {
            owner.Tracks.Remove(replaced);
        }

        owner.Tracks.Add(track.Clone());
    }

    private void ApplyLevels(AudioLevels levels)
    {
        foreach (var level in levels.Levels)
        {
            if (_participants.TryGetValue(level.ParticipantSessionId, out var participant))
            {
                participant.AudioLevel = level.Level;
                participant.IsSpeaking = level.IsSpeaking;
            }
        }
    }

    private void ApplyDominantSpeaker(string participantSessionId)
    {
        foreach (var participant in _participants.Values)
        {
            participant.IsDominantSpeaker = participant.ParticipantSessionId == participantSessionId;
        }
    }

    private void ApplyQualities(ConnectionQualityChanged change)
    {
        foreach (var update in change.Updates)
        {
            if (_participants.TryGetValue(update.ParticipantSessionId, out var participant))
            {
                participant.ConnectionQuality = update.Quality;
            }
        }
    }
}
