package sfu

import (
	"slices"
	"testing"

	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func Test_A_client_is_learned_of_by_its_checks_alone_so_that_it_is_one_pair(t *testing.T) {
	s := startServer(t)
	alice, bob := newClient(t, s, "alice"), newClient(t, s, "bob")
	track := alice.newTrack(audioTrack, opus())
	alice.publish(track)
	for _, kind := range []models.PeerType{models.PeerType_PEER_TYPE_PUBLISHER_UNSPECIFIED, models.PeerType_PEER_TYPE_SUBSCRIBER} {
		trickled := &signal.ICETrickleResponse{}
		alice.rpc("IceTrickle", &models.ICETrickle{PeerType: kind, SessionId: alice.sessionID,
			IceCandidate: `{"candidate":"candidate:1 1 udp 2130706431 127.0.0.1 9 typ host","sdpMid":"0"}`}, trickled)
		if trickled.GetError() != nil {
			t.Error(trickled.GetError())
		}
	}
	stream := alice.streamOf(audioTrack)
	track.sendAudio(t, []byte("packet"))
	bob.eventually("the packet", func() bool { return bob.count2(stream) == 1 })

	for name, peer := range map[string]*webrtc.PeerConnection{
		"publisher":  s.session(alice.sessionID).publisher.connection(),
		"subscriber": s.session(bob.sessionID).subscriber.connection(),
	} {
		if kinds := remoteCandidates(peer); !slices.Equal(kinds, []webrtc.ICECandidateType{webrtc.ICECandidateTypePrflx}) {
			t.Errorf("the client of a %s is known by candidates of the kinds %v", name, kinds)
		}
	}
}

func remoteCandidates(peer *webrtc.PeerConnection) (kinds []webrtc.ICECandidateType) {
	for _, figures := range peer.GetStats() {
		if candidate, ok := figures.(webrtc.ICECandidateStats); ok && candidate.Type == webrtc.StatsTypeRemoteCandidate {
			kinds = append(kinds, candidate.CandidateType)
		}
	}
	return kinds
}
