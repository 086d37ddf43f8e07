package sfu

import (
	"math"
	"sync/atomic"
	"time"

	"streamgateway/native/internal/sfuproto/event"
)

const (
	levelInterval = 300 * time.Millisecond
	// Levels are in -dBov, from 0 (loudest) to 127 (silence).
	silenceLevel  = 127
	speakingLevel = 45
	// speakingHold keeps somebody speaking through the pauses between words.
	speakingHold = 3
	// dominanceMargin is how much louder another speaker must be to take over.
	dominanceMargin = 1.4
)

// activity is who speaks in a call. Guarded by call.mu.
type activity struct {
	dominant string // session id; empty while nobody speaks
}

// speech is what is known of a participant's voice.
type speech struct {
	// loudest collects the levels since the last round: 128 minus the level, 0 for nothing heard.
	loudest atomic.Uint32

	// Guarded by call.mu.
	level    float32
	speaking bool
	quiet    int // rounds since speech was heard
	smooth   float32
}

// heard notes the audio level of a packet: the content of its header extension, nil if it had none.
func (p *participant) heard(extension []byte) {
	if len(extension) == 0 {
		return
	}
	loudness := uint32(128 - extension[0]&0x7f)
	for {
		known := p.speech.loudest.Load()
		if loudness <= known || p.speech.loudest.CompareAndSwap(known, loudness) {
			return
		}
	}
}

// round takes what was heard since the last one and answers whether there is something to tell.
func (s *speech) round() bool {
	heard := s.loudest.Swap(0)
	level := silenceLevel
	if heard > 0 {
		level = int(128 - heard)
	}
	if level <= speakingLevel {
		s.quiet = 0
	} else if s.quiet <= speakingHold {
		s.quiet++
	}
	wasSpeaking, before := s.speaking, s.level
	s.speaking = level <= speakingLevel || s.speaking && s.quiet <= speakingHold
	s.level = linear(level)
	s.smooth += (s.level - s.smooth) * 0.4
	return s.speaking || wasSpeaking || before != s.level && (before > 0.01 || s.level > 0.01)
}

// linear maps a level in -dBov to 0 … 1: the square root of the amplitude, which is closer to what is heard.
func linear(level int) float32 {
	if level >= silenceLevel {
		return 0
	}
	return float32(math.Pow(10, -float64(level)/40))
}

// tellLevels runs one round for everybody in the call.
func (c *call) tellLevels() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var levels []*event.AudioLevel
	for _, p := range c.participants {
		if t := p.tracks[audioTrack]; t == nil || !t.live() {
			p.speech.loudest.Store(0)
		}
		if p.speech.round() {
			levels = append(levels, &event.AudioLevel{
				UserId: p.userID, SessionId: p.sessionID, Level: p.speech.level, IsSpeaking: p.speech.speaking,
			})
		}
	}
	if len(levels) > 0 {
		c.broadcastDroppable(&event.SfuEvent{EventPayload: &event.SfuEvent_AudioLevelChanged{
			AudioLevelChanged: &event.AudioLevelChanged{AudioLevels: levels},
		}})
	}
	c.tellDominant()
}

// tellDominant announces a new dominant speaker: the loudest of late, if clearly louder than the present one.
func (c *call) tellDominant() {
	var loudest *participant
	for _, p := range c.participants {
		if p.speech.speaking && (loudest == nil || p.speech.smooth > loudest.speech.smooth) {
			loudest = p
		}
	}
	present := c.participants[c.activity.dominant]
	switch {
	case loudest == nil && c.activity.dominant == "", loudest != nil && loudest == present:
		return
	case loudest == nil && present != nil:
		return // the last one to speak stays until somebody else does
	case present != nil && present.speech.speaking && loudest.speech.smooth < dominanceMargin*present.speech.smooth:
		return
	}
	changed := &event.DominantSpeakerChanged{}
	c.activity.dominant = ""
	if loudest != nil {
		c.activity.dominant = loudest.sessionID
		changed.UserId, changed.SessionId = loudest.userID, loudest.sessionID
	}
	c.broadcast(&event.SfuEvent{EventPayload: &event.SfuEvent_DominantSpeakerChanged{DominantSpeakerChanged: changed}}, nil)
}

func (c *call) broadcastDroppable(e *event.SfuEvent) {
	frame := encode(e)
	for _, p := range c.participants {
		if p.socket != nil {
			p.socket.sendDroppable(frame)
		}
	}
}
