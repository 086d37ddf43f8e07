package rtc

import (
	"streamgateway/native/internal/record"
	"streamgateway/native/internal/rtcproto"
)

// FileStarted, FileEnded, Dropped and Ending make a recording a record.Observer: they run on the goroutine of the disk.

// FileStarted tells that a track, or the mix, has a file.
func (r *recording) FileStarted(file record.File) {
	r.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_RecordingFileStarted{RecordingFileStarted: &rtcproto.RecordingFileStarted{
		RecordingId: r.disk.ID(), File: fileMessage(file),
	}}})
}

// FileEnded tells that a file is whole.
func (r *recording) FileEnded(file record.File) {
	r.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_RecordingFileEnded{RecordingFileEnded: &rtcproto.RecordingFileEnded{
		RecordingId: r.disk.ID(), File: fileMessage(file),
	}}})
}

// Dropped tells what the disk has lost.
func (r *recording) Dropped(file record.File, packets, bytes int64) {
	r.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_RecordingLagged{RecordingLagged: &rtcproto.RecordingLagged{
		RecordingId: r.disk.ID(), Name: file.Name, DroppedPackets: uint64(packets), DroppedBytes: uint64(bytes),
	}}})
}

// Ending ends the recording. It runs on a goroutine of its own.
func (r *recording) Ending(reason string, err error) {
	r.s.tasks.guard(func() { r.s.endRecording(r, reason, err) })
}

func fileMessage(file record.File) *rtcproto.RecordingFile {
	t, _ := ParseTrackType(file.TrackType)
	return &rtcproto.RecordingFile{
		Name: file.Name, Mix: file.Kind == "mix", UserId: file.User, ParticipantSessionId: file.Session, TrackType: t,
		Codec: file.Codec, Format: file.Format, StartMs: float64(file.StartMs), DurationMs: float64(file.DurationMs),
		Packets: uint64(file.Packets), Lost: uint64(file.Lost), Bytes: uint64(file.Bytes), DroppedPackets: uint64(file.Dropped),
	}
}

// observe notes who is there and who speaks; the session's lock must be held.
func (r *recording) observe(e *rtcproto.Event) {
	switch payload := e.Payload.(type) {
	case *rtcproto.Event_ParticipantJoined:
		p := payload.ParticipantJoined.GetParticipant()
		r.disk.Joined(p.GetUserId(), p.GetParticipantSessionId(), p.GetName())
	case *rtcproto.Event_ParticipantLeft:
		p := payload.ParticipantLeft.GetParticipant()
		r.disk.Left(p.GetUserId(), p.GetParticipantSessionId())
	case *rtcproto.Event_TrackUnpublished:
		if track := payload.TrackUnpublished.GetTrack(); track.GetTrackType() == rtcproto.TrackType_TRACK_TYPE_AUDIO {
			r.disk.Silent(track.GetUserId(), track.GetParticipantSessionId())
		}
	case *rtcproto.Event_AudioLevels:
		if r.options.Mix {
			return // which hears more exactly
		}
		for _, level := range payload.AudioLevels.GetLevels() {
			if level.GetParticipantSessionId() != r.s.roster.localSessionID {
				r.spoke(level.GetUserId(), level.GetParticipantSessionId(), level.GetIsSpeaking())
			}
		}
	}
}

// spoke notes whether somebody who is recorded speaks.
func (r *recording) spoke(userID, participantSessionID string, speaking bool) {
	switch {
	case !r.options.Users.includes(userID):
	case speaking:
		r.disk.Speaks(userID, participantSessionID)
	default:
		r.disk.Silent(userID, participantSessionID)
	}
}
