package rtc

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/red"
)

func TestRedundancyAnswersWhatWasLostBeforeWhatCame(t *testing.T) {
	for name, test := range map[string]struct{ came, want string }{
		"all":                      {"1 2 3", "1 2 3"},
		"one lost":                 {"1 3", "1 2 3"},
		"two lost in a row":        {"1 4", "1 3 4"},
		"swapped":                  {"1 3 2", "1 2 3 2"}, // the buffers behind know it
		"twice":                    {"1 2 2", "1 2 2"},
		"nothing before the first": {"7", "7"},
		"over the wrap":            {"65534 0", "65534 65535 0"},
		"a new stream":             {"1 2 40000 40001", "1 2 40000 40001"},
	} {
		t.Run(name, func(t *testing.T) {
			r := redundancy{payloadType: redundantPayloadType}
			var got []string
			for _, word := range strings.Fields(test.came) {
				var sequence uint16
				if _, err := fmt.Sscan(word, &sequence); err != nil {
					t.Fatal(err)
				}
				for _, p := range r.unwrap(redundantPacket(t, sequence)) {
					got = append(got, fmt.Sprint(p.sequence))
					if want := fmt.Sprint("packet ", p.sequence); string(p.payload) != want || p.timestamp != timeOf(p.sequence) {
						t.Errorf("%d at %d holds %q", p.sequence, p.timestamp, p.payload)
					}
				}
			}
			if text := strings.Join(got, " "); text != test.want {
				t.Errorf("%s came, and %s was answered, want %s", test.came, text, test.want)
			}
		})
	}
}

// redundantPacket repeats the packet before it.
func redundantPacket(t *testing.T, sequence uint16) *rtp.Packet {
	t.Helper()
	encoder, err := red.NewEncoder(opusPayloadType, 1, 1200)
	if err != nil {
		t.Fatal(err)
	}
	encoder.Encode(nil, timeOf(sequence-1), fmt.Append(nil, "packet ", sequence-1))
	return &rtp.Packet{
		Header:  rtp.Header{PayloadType: redundantPayloadType, SequenceNumber: sequence, Timestamp: timeOf(sequence)},
		Payload: encoder.Encode(nil, timeOf(sequence), fmt.Append(nil, "packet ", sequence)),
	}
}

// timeOf is the timestamp of a packet, which goes on where the numbers begin anew.
func timeOf(sequence uint16) uint32 { return 960 * uint32(int32(int16(sequence))) }

func TestRedundancyLeavesPlainAudioAloneAndDropsWhatIsMalformed(t *testing.T) {
	r := redundancy{payloadType: redundantPayloadType}
	plain := &rtp.Packet{Header: rtp.Header{PayloadType: opusPayloadType, SequenceNumber: 5}, Payload: []byte("plain")}
	if got := r.unwrap(plain); len(got) != 1 || string(got[0].payload) != "plain" {
		t.Errorf("plain: %v", got)
	}
	broken := &rtp.Packet{Header: rtp.Header{PayloadType: redundantPayloadType, SequenceNumber: 6}, Payload: []byte{0x80 | opusPayloadType}}
	if got := r.unwrap(broken); len(got) != 0 {
		t.Errorf("malformed: %v", got)
	}
	if got := r.unwrap(&rtp.Packet{Header: rtp.Header{PayloadType: opusPayloadType, SequenceNumber: 7}}); len(got) != 0 {
		t.Errorf("empty: %v", got)
	}
}

func TestAudioRepeatsItselfOnlyWhereTheSFUPutsThatFirst(t *testing.T) {
	opus := webrtc.RTPCodecParameters{RTPCodecCapability: opusCapability, PayloadType: opusPayloadType}
	for name, test := range map[string]struct {
		negotiated []webrtc.RTPCodecParameters
		want       bool
	}{
		"first":  {[]webrtc.RTPCodecParameters{redundantOpus, opus}, true},
		"behind": {[]webrtc.RTPCodecParameters{opus, redundantOpus}, false},
		"absent": {[]webrtc.RTPCodecParameters{opus}, false},
	} {
		r := newRepetition(test.negotiated, opus)
		header := rtp.Header{PayloadType: opusPayloadType}
		payload := r.apply(&header, []byte("one"))
		if repeats := header.PayloadType == redundantPayloadType; repeats != test.want {
			t.Errorf("%s: payload type %d, %q", name, header.PayloadType, payload)
		}
	}
}

func BenchmarkRedundancy(b *testing.B) {
	r := redundancy{payloadType: redundantPayloadType}
	encoder, err := red.NewEncoder(opusPayloadType, 1, 1200)
	if err != nil {
		b.Fatal(err)
	}
	packet := &rtp.Packet{Header: rtp.Header{PayloadType: redundantPayloadType}}
	opus, payload := make([]byte, 160), []byte(nil)
	b.ReportAllocs()
	for range b.N {
		packet.SequenceNumber++
		packet.Timestamp += 960
		payload = encoder.Encode(payload[:0], packet.Timestamp, opus)
		packet.Payload = payload
		if len(r.unwrap(packet)) == 0 {
			b.Fatal("nothing came out")
		}
	}
}
