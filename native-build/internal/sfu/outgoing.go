package sfu

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
)

// outgoing is a down track and its media section.
type outgoing struct {
	down    *downTrack
	section *webrtc.RTPTransceiver
	reused  bool
	refused atomic.Bool // the client did not bring the section back
}

// parkedSection is left as it is until another track takes it over.
type parkedSection struct {
	*webrtc.RTPTransceiver
	stream string // of the track that it carried, which the client still sees in it
}

// reconcile adds and removes down tracks and tells whether the description must change. Only the negotiating
// goroutine calls it, and never while an offer waits.
func (s *subscriber) reconcile(wishes []wish) (changed bool, err error) {
	wanted := make(map[*track]*models.VideoDimension, len(wishes))
	for _, w := range wishes {
		wanted[w.track] = w.size
	}
	for t, out := range s.current() {
		if _, keep := wanted[t]; !keep || out.refused.Load() {
			changed = s.drop(t, out) || changed
		}
	}
	for _, w := range wishes {
		if out := s.get(w.track); out != nil {
			out.down.want(w.size)
			continue
		}
		if err := s.add(w); err != nil {
			return changed, err
		}
		changed = true
	}
	s.participant.rechoose()
	return changed, nil
}

func (s *subscriber) current() map[*track]*outgoing {
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	copied := make(map[*track]*outgoing, len(s.downs))
	for t, out := range s.downs {
		copied[t] = out
	}
	return copied
}

func (s *subscriber) get(t *track) *outgoing {
	s.peerMu.Lock()
	defer s.peerMu.Unlock()
	return s.downs[t]
}

func (s *subscriber) add(w wish) error {
	peer, err := s.open()
	if err != nil {
		return err
	}
	out, err := s.place(peer, newDownTrack(s, w.track, w.size))
	if err != nil {
		return err
	}
	s.mu.Lock() // close must see a down track that is attached
	defer s.mu.Unlock()
	if s.closed {
		return context.Canceled
	}
	s.peerMu.Lock()
	s.downs[w.track] = out
	s.peerMu.Unlock()
	w.track.attach(out.down)
	return nil
}

// place puts a down track into a section that was given up, or into a new one.
func (s *subscriber) place(peer *webrtc.PeerConnection, down *downTrack) (*outgoing, error) {
	out := &outgoing{down: down, section: s.takeSection(down)}
	if out.section == nil {
		var err error
		out.section, err = peer.AddTransceiverFromTrack(down, webrtc.RTPTransceiverInit{
			Direction: webrtc.RTPTransceiverDirectionSendonly,
		})
		if err != nil {
			return nil, err
		}
	} else if err := s.takeOver(out); err != nil {
		return nil, err
	}
	_ = out.section.SetCodecPreferences(codecFirst(down.track.codec, out.section.Sender().GetParameters().Codecs))
	return out, nil
}

// takeOver gives a section a new sender, so that its stream has a new source.
func (s *subscriber) takeOver(out *outgoing) error {
	out.reused = out.section.Sender() == nil
	if former := out.section.Sender(); former != nil {
		if err := former.Stop(); err != nil {
			return err
		}
	}
	sender, err := s.api.NewRTPSender(out.down, s.connection().SCTP().Transport())
	if err != nil {
		return err
	}
	return out.section.SetSender(sender, out.down)
}

func (s *subscriber) takeSection(down *downTrack) *webrtc.RTPTransceiver {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noReuse {
		return s.takeParked(down)
	}
	for i, section := range s.free {
		if section.Kind() == down.Kind() {
			s.free = slices.Delete(s.free, i, i+1)
			return section
		}
	}
	return nil
}

// takeParked prefers the section that the track had before: in another one the client would see it twice. Callers hold s.mu.
func (s *subscriber) takeParked(down *downTrack) *webrtc.RTPTransceiver {
	i := slices.IndexFunc(s.parked, func(p parkedSection) bool { return p.stream == down.StreamID() })
	if i < 0 {
		i = slices.IndexFunc(s.parked, func(p parkedSection) bool { return p.Kind() == down.Kind() })
	}
	if i < 0 {
		return nil
	}
	section := s.parked[i].RTPTransceiver
	s.parked = slices.Delete(s.parked, i, i+1)
	return section
}

// codecFirst puts the codec of a track in front. The others stay in the offer, because the library takes the first
// answer for all the codecs a connection will ever have.
func codecFirst(codec webrtc.RTPCodecParameters, all []webrtc.RTPCodecParameters) []webrtc.RTPCodecParameters {
	first, found := matchCodec(codec, all)
	if !found {
		return all
	}
	ordered := []webrtc.RTPCodecParameters{first}
	for _, other := range all {
		if other.PayloadType != first.PayloadType {
			ordered = append(ordered, other)
		}
	}
	return ordered
}

// drop stops sending a track and tells whether that changes the description.
func (s *subscriber) drop(t *track, out *outgoing) bool {
	t.detach(out.down)
	s.peerMu.Lock()
	delete(s.downs, t)
	peer := s.peer
	s.peerMu.Unlock()
	s.mu.Lock()
	park := s.noReuse && !out.refused.Load()
	if park {
		s.parked = append(s.parked, parkedSection{out.section, out.down.StreamID()})
	}
	s.mu.Unlock()
	if park {
		return false
	}
	_ = peer.RemoveTrack(out.section.Sender()) // fails only on a closed connection
	return true
}

// review learns from an answer which sections are free, and whether the client can bring one back: some libraries
// cannot, and then its track moves to a new section. Callers hold s.mu.
func (s *subscriber) review(peer *webrtc.PeerConnection, sections []section) {
	s.free = s.free[:0]
	for _, t := range peer.GetTransceivers() {
		if t.Sender() == nil {
			s.free = append(s.free, t)
		}
	}
	idle := map[string]bool{}
	for _, section := range sections {
		idle[section.mid] = section.idle
	}
	for _, out := range s.current() {
		out.down.openPlain()
		if out.reused && idle[out.section.Mid()] {
			out.refused.Store(true)
			s.noReuse, s.dirty = true, true
		}
	}
}
