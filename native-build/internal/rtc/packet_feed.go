package rtc

import (
	"bytes"
	"encoding/binary"
	"time"

	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtcproto"
)

const (
	packetFrame = 960 // samples: 20 ms
	// maxUndecoded bounds the packets that wait to be decoded; more are dropped.
	maxUndecoded = 64
	// maxConcealedPackets bounds what is invented for a hole.
	maxConcealedPackets = 50
)

// packetFeed tells the audio of one track as rtc_packet events: of 20 ms, 48 kHz, mono, 16 bits. It decodes on a
// goroutine of its own, so that a busy host holds up nothing.
type packetFeed struct {
	track  *remoteTrack
	order  reorder
	queue  chan orderedPacket
	framer *pcm.Framer
}

// newPacketFeed is nil unless the session is to tell packets and the track carries Opus; a nil feed takes nothing.
func newPacketFeed(s *Session, track *remoteTrack) *packetFeed {
	if !s.options.Packets || track.codec != "opus" {
		return nil
	}
	f := &packetFeed{track: track, queue: make(chan orderedPacket, maxUndecoded), framer: pcm.NewFramer(packetFrame)}
	if !s.tasks.spawn(f.run) {
		return nil
	}
	return f
}

// put takes a packet as it arrives. It belongs to the goroutine that receives.
func (f *packetFeed) put(now time.Time, packet orderedPacket) {
	if f == nil {
		return
	}
	for _, next := range f.order.push(now, packet.sequence, packet.timestamp, packet.payload) {
		next.payload = bytes.Clone(next.payload)
		select {
		case f.queue <- next:
		default:
		}
	}
}

// close ends the feed once it has told what it holds.
func (f *packetFeed) close() {
	if f != nil {
		close(f.queue)
	}
}

func (f *packetFeed) run() {
	decoder, err := opus.NewDecoder(opus.Rate, 1)
	if err != nil {
		f.track.c.s.log.Error("no decoder for packets", "error", err)
		return
	}
	defer decoder.Close()
	samples := make([]int16, opus.Rate*120/1000)
	last := packetFrame
	for packet := range f.queue {
		for range min(packet.lost, maxConcealedPackets) {
			if n, err := decoder.Conceal(samples[:last]); err == nil {
				f.write(samples[:n])
			}
		}
		n, err := decoder.Decode(packet.payload, samples)
		if err != nil {
			continue
		}
		last = n
		f.write(samples[:n])
	}
}

func (f *packetFeed) write(samples []int16) {
	_ = f.framer.Write(samples, func(frame []int16) error {
		f.tell(frame)
		return nil
	})
}

func (f *packetFeed) tell(frame []int16) {
	payload := make([]byte, 0, 2*len(frame))
	for _, sample := range frame {
		payload = binary.LittleEndian.AppendUint16(payload, uint16(sample))
	}
	s := f.track.c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	message := &rtcproto.RtcPacket{Payload: &rtcproto.RtcPacket_Audio{Audio: &rtcproto.AudioPayload{
		Payload: &rtcproto.AudioPayload_Pcm{Pcm: &rtcproto.PcmAudioPayload{
			Payload: payload, Format: rtcproto.AudioFormat_AUDIO_FORMAT_INT16, Channels: 1, SampleRate: opus.Rate,
		}},
	}}}
	if owner := s.roster.members[f.track.owner]; owner != nil {
		message.UserId = owner.userID
	}
	s.tell(&rtcproto.Event{Payload: &rtcproto.Event_RtcPacket{RtcPacket: message}})
}
