package sfu

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// participant is one session of a user in a call: its socket, its two peer connections, its tracks.
type participant struct {
	server *Server
	call   *call

	cid            string
	sessionID      string
	userID         string
	anonymous      bool
	roles          []string
	prefix         string // of the stream ids that carry this participant's media
	joinedAt       time.Time
	publishOptions []*models.PublishOption
	takesRedundant bool // audio
	canPause       bool // the client shows that a video is paused

	publisher  *publisher
	subscriber *subscriber

	// Guarded by call.mu.
	name          string
	image         string
	custom        *structpb.Struct
	grants        *models.CallGrants
	regranted     bool    // since it joined
	socket        *socket // nil while the session is kept without one
	keep          *time.Timer
	restart       *time.Timer // while a peer connection that failed may be restarted
	migration     *migration  // nil once it is complete, and for those who did not come from elsewhere
	announced     bool        // somebody was told of it
	tracks        map[models.TrackType]*track
	subscriptions map[trackKey]*models.VideoDimension
	explicitAudio bool // the client lists audio by itself
	speech        speech
	quality       models.ConnectionQuality
}

func newParticipant(s *Server, join *event.JoinRequest, token *claims) (*participant, error) {
	prefix := make([]byte, 8)
	if _, err := rand.Read(prefix); err != nil {
		return nil, err
	}
	p := &participant{
		server:         s,
		cid:            token.CallCID,
		sessionID:      join.GetSessionId(),
		userID:         token.UserID,
		anonymous:      token.Anonymous,
		prefix:         hex.EncodeToString(prefix),
		joinedAt:       time.Now(),
		publishOptions: publishOptionsFor(join),
		takesRedundant: offeredCodecs(join.GetSubscriberSdp())["RED"],
		canPause:       slices.Contains(join.GetCapabilities(), models.ClientCapability_CLIENT_CAPABILITY_SUBSCRIBER_VIDEO_PAUSE),
		name:           token.Name,
		image:          token.Image,
		custom:         token.custom,
		grants: &models.CallGrants{
			CanPublishAudio: token.CanPublishAudio && !token.Anonymous,
			CanPublishVideo: token.CanPublishVideo && !token.Anonymous,
			CanScreenshare:  token.CanScreenshare && !token.Anonymous,
		},
		tracks:        map[models.TrackType]*track{},
		subscriptions: map[trackKey]*models.VideoDimension{},
	}
	p.migration = migrationOf(join, s.options.EdgeName)
	if token.Role != "" {
		p.roles = []string{token.Role}
	}
	p.publisher = newPublisher(p)
	p.subscriber = newSubscriber(p)
	return p, nil
}

func (p *participant) presence() Presence {
	return Presence{CallCID: p.cid, UserID: p.userID, SessionID: p.sessionID, Anonymous: p.anonymous}
}

// model describes the participant as it is now. Callers hold call.mu.
func (p *participant) model() *models.Participant {
	m := &models.Participant{
		UserId:            p.userID,
		SessionId:         p.sessionID,
		JoinedAt:          timestamppb.New(p.joinedAt),
		TrackLookupPrefix: p.prefix,
		ConnectionQuality: p.quality,
		IsSpeaking:        p.speech.speaking,
		IsDominantSpeaker: p.call.activity.dominant == p.sessionID,
		AudioLevel:        p.speech.level,
		Name:              p.name,
		Image:             p.image,
		Custom:            p.custom,
		Roles:             p.roles,
	}
	for kind := audioTrack; kind <= screenAudioTrack; kind++ {
		if t := p.tracks[kind]; t != nil && t.live() {
			m.PublishedTracks = append(m.PublishedTracks, kind)
		}
	}
	return m
}

// send queues an event for this participant alone, if it has a socket now.
func (p *participant) send(frame []byte) {
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	if p.socket != nil {
		p.socket.send(frame)
	}
}

// dismiss tells this participant why its session ends.
func (p *participant) dismiss(frame []byte) {
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	if p.socket != nil {
		p.socket.dismiss(frame)
	}
}

// listen serves a socket until it ends and answers its close code, 0 when it broke.
func (p *participant) listen(socket *socket) int {
	for {
		request, err := socket.read(p.server.options.silence)
		if err != nil {
			return closeCodeOf(err)
		}
		switch {
		case request.GetHealthCheckRequest() != nil:
			socket.send(p.healthCheck())
		case request.GetLeaveCallRequest() != nil:
			return closeNormal
		}
	}
}

func (p *participant) healthCheck() []byte {
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	return encode(&event.SfuEvent{EventPayload: &event.SfuEvent_HealthCheckResponse{
		HealthCheckResponse: &event.HealthCheckResponse{ParticipantCount: p.call.count()},
	}})
}

// socketClosed decides what the end of a socket means: leaving, or a session that is kept for a fast reconnect.
func (p *participant) socketClosed(socket *socket, code int) {
	p.call.mu.Lock()
	replaced := p.socket != socket
	leaves := code == closeNormal || code == closeGoingAway || code == closeJoinFailed
	if !replaced && !leaves {
		p.socket = nil
		p.keep = time.AfterFunc(p.server.options.FastReconnectDeadline, p.expire)
		p.subscriber.pause()
	}
	p.call.mu.Unlock()

	switch {
	case replaced:
	case leaves:
		p.remove(LeaveLeft, closeNormal)
	case p.mediaLost():
		p.remove(LeaveTimeout, closeNormal)
	}
}

// expire ends a session that nobody came back for.
func (p *participant) expire() {
	defer p.server.recover("session keep")
	p.call.mu.Lock()
	kept := p.socket == nil
	p.call.mu.Unlock()
	if kept {
		p.remove(LeaveTimeout, closeNormal)
	}
}

// resume answers a fast reconnect on a new socket, which replaces the former one.
func (p *participant) resume(socket *socket) bool {
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	if p.call.participants[p.sessionID] != p {
		return false
	}
	if p.keep != nil {
		p.keep.Stop()
		p.keep = nil
	}
	if p.socket != nil {
		p.socket.finish(closeNormal, "replaced by a newer socket")
	}
	p.socket = socket
	p.call.respond(p, true)
	p.retellDecisions()
	p.subscriber.resume()
	return true
}

// retellDecisions tells what moderators have decided: a former socket may have been lost with it. Callers hold call.mu.
func (p *participant) retellDecisions() {
	if p.regranted {
		p.tellGrants()
	}
	for _, t := range p.tracks {
		if t.muted && isDecision(t.mutedBy) {
			p.socket.send(encode(unpublishedEvent(t, t.mutedBy)))
		}
	}
}

// tellGrants tells the participant what it may publish, if it has a socket now. Callers hold call.mu.
func (p *participant) tellGrants() {
	if p.socket != nil {
		p.socket.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_CallGrantsUpdated{
			CallGrantsUpdated: &event.CallGrantsUpdated{CurrentGrants: p.grants},
		}}))
	}
}

// remove ends the session: it leaves the call and everything it holds is released. Later calls do nothing.
func (p *participant) remove(reason LeaveReason, closeCode int) {
	if !p.call.leave(p) {
		return
	}
	p.call.mu.Lock()
	for _, timer := range []*time.Timer{p.keep, p.restart} {
		if timer != nil {
			timer.Stop()
		}
	}
	if p.socket != nil {
		p.socket.finish(closeCode, string(reason))
		p.socket = nil
	}
	p.call.mu.Unlock()
	p.server.log.Info("participant left", "cid", p.cid, "user", p.userID, "session", p.sessionID, "reason", reason)
	p.server.options.Observer.ParticipantLeft(p.presence(), reason, time.Since(p.joinedAt))
	p.server.run("release", p.release)
	p.server.discard(p)
}

func (p *participant) release() {
	p.publisher.close()
	p.subscriber.close()
}

// mediaLost tells that no peer connection of the participant works any more.
func (p *participant) mediaLost() bool {
	return p.publisher.failed() || p.subscriber.failed()
}

// mediaFailed handles a peer connection that gave up. The client is asked to come back with new ones.
func (p *participant) mediaFailed() {
	p.send(encode(fail(codeMediaFailed, "the media connection failed").event()))
	p.remove(LeaveMediaFailed, closeNormal)
}

// run starts a goroutine for work on this participant.
func (p *participant) run(work func()) { p.server.run("participant", work) }

// peerFailed gives the client a while to restart ICE before the session is given up; anew when its other peer connection
// fails as well.
func (p *participant) peerFailed() {
	p.server.log.Debug("peer connection failed", "cid", p.cid, "user", p.userID)
	if !p.hasSocket() {
		p.remove(LeaveMediaFailed, closeNormal)
		return
	}
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	switch {
	case p.call.participants[p.sessionID] != p: // gone in between
	case p.restart != nil:
		p.restart.Reset(p.server.options.restartGrace)
	default:
		p.restart = time.AfterFunc(p.server.options.restartGrace, p.restartExpired)
	}
}

func (p *participant) restartExpired() {
	defer p.server.recover("restart grace")
	if p.mediaLost() {
		p.mediaFailed()
	}
}

func (p *participant) hasSocket() bool {
	p.call.mu.Lock()
	defer p.call.mu.Unlock()
	return p.socket != nil
}

// exceed ends a session that reports on more streams than it may have.
func (p *participant) exceed() {
	p.server.log.Debug("reports on too many streams", "cid", p.cid, "user", p.userID)
	p.server.run("excess", p.mediaFailed)
}

// requestPublisherRestart asks the client for an offer with new ICE credentials.
func (p *participant) requestPublisherRestart() {
	p.send(encode(&event.SfuEvent{EventPayload: &event.SfuEvent_IceRestart{
		IceRestart: &event.ICERestart{PeerType: models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED},
	}}))
}
