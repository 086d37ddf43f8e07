package sfu

import (
	"math/rand/v2"
	"strings"
	"testing"

	"streamgateway/native/internal/sfuproto/models"
	"streamgateway/native/internal/sfuproto/signal"
)

func Test_Mangled_offers_are_refused_and_the_server_goes_on(t *testing.T) {
	s := startServer(t) // fails the test on a panic, even a recovered one
	random := rand.New(rand.NewPCG(3, 4))
	template := newClient(t, s, "template")
	track := template.newTrack(videoTrack, vp8())
	offer, err := template.publisher.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(offer.SDP, "\r\n")
	for range 60 {
		mangled := append([]string(nil), lines...)
		for range 1 + random.IntN(3) {
			i := random.IntN(len(mangled))
			switch random.IntN(4) {
			case 0:
				mangled[i] = ""
			case 1:
				mangled[i] += mangled[random.IntN(len(mangled))]
			case 2:
				mangled[i] = mangled[i][:random.IntN(len(mangled[i])+1)]
			case 3:
				mangled[i] = strings.ReplaceAll(mangled[i], "96", "999999999999999999999")
			}
		}
		session := newSessionID(random)
		c := newClient(t, s, "fuzz", withSession(session))
		info := &models.TrackInfo{TrackId: track.info.GetTrackId(), TrackType: videoTrack, Mid: "0", Layers: track.info.GetLayers()}
		response := &signal.SetPublisherResponse{}
		c.rpc("SetPublisher", &signal.SetPublisherRequest{SessionId: session, Sdp: strings.Join(mangled, ""), Tracks: []*models.TrackInfo{info}}, response)
		if response.GetError() == nil && !strings.Contains(response.GetSdp(), "m=") {
			t.Errorf("neither error nor answer for:\n%s", strings.Join(mangled, ""))
		}
		c.closeWith(1000)
	}
	newClient(t, s, "afterwards")
}

func newSessionID(random *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	id := make([]byte, 12)
	for i := range id {
		id[i] = letters[random.IntN(len(letters))]
	}
	return string(id)
}
