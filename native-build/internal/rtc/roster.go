package rtc

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sort"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

// participant is one connection of a user to the call.
type participant struct {
	userID    string
	sessionID string
	prefix    string
	name      string
	image     string
	roles     []string
	custom    string
	joinedAt  int64
	level     float32
	speaking  bool
	dominant  bool
	quality   rtcproto.ConnectionQuality
	tracks    map[rtcproto.TrackType]*trackState
}

// trackState is what is known of a track that was published at least once.
type trackState struct {
	codec string
	muted bool
}

// roster is who is in the call. Its methods answer the events that follow from a change; the session's lock guards it.
type roster struct {
	localSessionID string
	members        map[string]*participant
	total          uint32
}

func newRoster() *roster {
	return &roster{members: map[string]*participant{}}
}

// reconcile takes the SFU's whole list, after a join or a reconnect.
func (r *roster) reconcile(localSessionID string, state *models.CallState) (events []*rtcproto.Event) {
	if r.localSessionID != localSessionID {
		delete(r.members, r.localSessionID) // ourselves before a rejoin
	}
	r.localSessionID = localSessionID
	listed := map[string]bool{}
	for _, p := range state.GetParticipants() {
		listed[p.GetSessionId()] = true
	}
	for _, sessionID := range r.sessionIDs() {
		if !listed[sessionID] {
			events = append(events, r.remove(sessionID)...)
		}
	}
	for _, p := range state.GetParticipants() {
		events = append(events, r.merge(p)...)
	}
	r.total = state.GetParticipantCount().GetTotal()
	return events
}

// merge adds a participant or takes over what changed.
func (r *roster) merge(update *models.Participant) (events []*rtcproto.Event) {
	sessionID := update.GetSessionId()
	if sessionID == "" {
		return nil
	}
	p, known := r.members[sessionID]
	if !known {
		p = &participant{userID: update.GetUserId(), sessionID: sessionID, tracks: map[rtcproto.TrackType]*trackState{}}
		r.members[sessionID] = p
		r.total++
	}
	changed := p.describe(update)
	switch {
	case sessionID == r.localSessionID:
	case !known:
		events = append(events, &rtcproto.Event{Payload: &rtcproto.Event_ParticipantJoined{
			ParticipantJoined: &rtcproto.ParticipantJoined{UserId: p.userID, Participant: r.message(p)},
		}})
	case changed:
		events = append(events, &rtcproto.Event{Payload: &rtcproto.Event_ParticipantUpdated{
			ParticipantUpdated: &rtcproto.ParticipantUpdated{Participant: r.message(p)},
		}})
	}
	if sessionID != r.localSessionID {
		events = append(events, r.mergeTracks(p, update.GetPublishedTracks())...)
	}
	return events
}

// describe takes over what others see of a user and tells whether it differs.
func (p *participant) describe(update *models.Participant) bool {
	custom := compactJSON(update.GetCustom())
	changed := p.name != update.GetName() || p.image != update.GetImage() || !slices.Equal(p.roles, update.GetRoles()) ||
		p.custom != custom
	p.name, p.image, p.roles, p.custom = update.GetName(), update.GetImage(), update.GetRoles(), custom
	if prefix := update.GetTrackLookupPrefix(); prefix != "" {
		p.prefix = prefix
	}
	if at := update.GetJoinedAt(); at != nil {
		p.joinedAt = at.AsTime().UnixNano()
	}
	if quality := update.GetConnectionQuality(); quality != 0 {
		p.quality = rtcproto.ConnectionQuality(quality)
	}
	return changed
}

// compactJSON is empty for no fields. protojson varies its white space on purpose; without it, texts can be compared.
func compactJSON(fields *structpb.Struct) string {
	if len(fields.GetFields()) == 0 {
		return ""
	}
	data, err := protojson.Marshal(fields)
	if err != nil {
		return ""
	}
	var compact bytes.Buffer
	if json.Compact(&compact, data) != nil {
		return ""
	}
	return compact.String()
}

func (r *roster) mergeTracks(p *participant, live []models.TrackType) (events []*rtcproto.Event) {
	for _, t := range p.trackTypes() {
		if !slices.Contains(live, sfuTrackType(t)) {
			events = append(events, r.unpublish(p.sessionID, t, "")...)
		}
	}
	for _, t := range live {
		events = append(events, r.publish(p.sessionID, trackTypeOf(t))...)
	}
	return events
}

// publish notes that a track is live.
func (r *roster) publish(sessionID string, t rtcproto.TrackType) []*rtcproto.Event {
	p := r.members[sessionID]
	if p == nil || trackTypeNames[t] == "" {
		return nil
	}
	state := p.tracks[t]
	if state == nil {
		state = &trackState{codec: knownCodec(t), muted: true}
		p.tracks[t] = state
	}
	if !state.muted {
		return nil
	}
	state.muted = false
	if sessionID == r.localSessionID {
		return nil
	}
	return []*rtcproto.Event{{Payload: &rtcproto.Event_TrackPublished{
		TrackPublished: &rtcproto.TrackPublished{Track: p.track(t)},
	}}}
}

// knownCodec is what can be said before any media: the SFU does not tell codecs, and has but one for audio.
func knownCodec(t rtcproto.TrackType) string {
	if isAudio(t) {
		return "opus"
	}
	return ""
}

// describeOwn notes the codec of what we publish.
func (r *roster) describeOwn(t rtcproto.TrackType, codec string) {
	if p := r.members[r.localSessionID]; p != nil && p.tracks[t] != nil {
		p.tracks[t].codec = codec
	}
}

// unpublish notes that a track is silent; it stays known, since its owner may go on.
func (r *roster) unpublish(sessionID string, t rtcproto.TrackType, cause string) []*rtcproto.Event {
	p := r.members[sessionID]
	if p == nil || p.tracks[t] == nil || p.tracks[t].muted {
		return nil
	}
	p.tracks[t].muted = true
	if sessionID == r.localSessionID {
		return nil
	}
	return []*rtcproto.Event{{Payload: &rtcproto.Event_TrackUnpublished{
		TrackUnpublished: &rtcproto.TrackUnpublished{Track: p.track(t), Cause: cause},
	}}}
}

func (r *roster) remove(sessionID string) (events []*rtcproto.Event) {
	p := r.members[sessionID]
	if p == nil {
		return nil
	}
	for _, t := range p.trackTypes() {
		events = append(events, r.unpublish(sessionID, t, "left")...)
	}
	delete(r.members, sessionID)
	if r.total > 0 {
		r.total--
	}
	if sessionID == r.localSessionID {
		return nil
	}
	return append(events, &rtcproto.Event{Payload: &rtcproto.Event_ParticipantLeft{
		ParticipantLeft: &rtcproto.ParticipantLeft{UserId: p.userID, Participant: r.message(p)},
	}})
}

func (r *roster) audioLevels(levels []*event.AudioLevel) *rtcproto.AudioLevels {
	message := new(rtcproto.AudioLevels)
	for _, level := range levels {
		if p := r.members[level.GetSessionId()]; p != nil {
			p.level, p.speaking = level.GetLevel(), level.GetIsSpeaking()
		}
		message.Levels = append(message.Levels, &rtcproto.AudioLevel{
			UserId: level.GetUserId(), ParticipantSessionId: level.GetSessionId(),
			Level: level.GetLevel(), IsSpeaking: level.GetIsSpeaking(),
		})
	}
	return message
}

func (r *roster) dominant(sessionID string) {
	for _, p := range r.members {
		p.dominant = p.sessionID == sessionID
	}
}

func (r *roster) qualities(updates []*event.ConnectionQualityInfo) *rtcproto.ConnectionQualityChanged {
	message := new(rtcproto.ConnectionQualityChanged)
	for _, update := range updates {
		quality := rtcproto.ConnectionQuality(update.GetConnectionQuality())
		if p := r.members[update.GetSessionId()]; p != nil {
			p.quality = quality
		}
		message.Updates = append(message.Updates, &rtcproto.ParticipantQuality{
			UserId: update.GetUserId(), ParticipantSessionId: update.GetSessionId(), Quality: quality,
		})
	}
	return message
}

// byPrefix tells whose media comes under each lookup prefix.
func (r *roster) byPrefix() map[string]*participant {
	owners := make(map[string]*participant, len(r.members))
	for _, p := range r.members {
		owners[p.prefix] = p
	}
	return owners
}

// owner finds a remote participant by participant session id, else the user's latest connection, preferring one that
// publishes the track type.
func (r *roster) owner(id string, t rtcproto.TrackType) *participant {
	if p := r.members[id]; p != nil && id != r.localSessionID {
		return p
	}
	var found *participant
	for _, sessionID := range r.sessionIDs() {
		p := r.members[sessionID]
		if p.userID != id || sessionID == r.localSessionID {
			continue
		}
		if found == nil || p.publishes(t) || !found.publishes(t) {
			found = p
		}
	}
	return found
}

func (p *participant) publishes(t rtcproto.TrackType) bool {
	return p.tracks[t] != nil && !p.tracks[t].muted
}

// others counts the remote participants, including those that are not listed.
func (r *roster) others() int {
	listed := len(r.members)
	if r.members[r.localSessionID] != nil {
		listed--
	}
	return max(listed, int(r.total)-1)
}

// sessionIDs are in order of arrival, so that what follows from them is the same each time.
func (r *roster) sessionIDs() []string {
	ids := slices.Collect(maps.Keys(r.members))
	sort.Slice(ids, func(i, j int) bool {
		a, b := r.members[ids[i]], r.members[ids[j]]
		if a.joinedAt != b.joinedAt {
			return a.joinedAt < b.joinedAt
		}
		return a.sessionID < b.sessionID
	})
	return ids
}

func (p *participant) trackTypes() []rtcproto.TrackType {
	return slices.Sorted(maps.Keys(p.tracks))
}

func (p *participant) track(t rtcproto.TrackType) *rtcproto.Track {
	state := p.tracks[t]
	return &rtcproto.Track{
		TrackId: trackID(p.sessionID, t), UserId: p.userID, ParticipantSessionId: p.sessionID,
		TrackType: t, Codec: state.codec, Muted: state.muted,
	}
}

func (r *roster) message(p *participant) *rtcproto.Participant {
	message := &rtcproto.Participant{
		UserId: p.userID, ParticipantSessionId: p.sessionID, Name: p.name, Image: p.image, Roles: p.roles,
		AudioLevel: p.level, IsSpeaking: p.speaking, IsDominantSpeaker: p.dominant, ConnectionQuality: p.quality,
		JoinedAtUnixNs: p.joinedAt, CustomJson: p.custom, IsLocal: p.sessionID == r.localSessionID,
	}
	for _, t := range p.trackTypes() {
		message.Tracks = append(message.Tracks, p.track(t))
	}
	return message
}

func (r *roster) messages() (list []*rtcproto.Participant) {
	for _, sessionID := range r.sessionIDs() {
		list = append(list, r.message(r.members[sessionID]))
	}
	return list
}
