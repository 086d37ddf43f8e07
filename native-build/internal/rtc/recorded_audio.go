package rtc

import (
	"time"

	"streamgateway/native/internal/media"
	"streamgateway/native/internal/ogg"
	"streamgateway/native/internal/opus"
	"streamgateway/native/internal/record"
)

// What every decoder plays as zeros: frames of CELT, 20 ms each, that say they are silent; one and six in a packet.
var (
	silence     = []byte{0xf8, 0xff, 0xfe}
	longSilence = []byte{0xfb, 6, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe, 0xff, 0xfe}
)

const (
	silenceSamples     = 20 * opus.Rate / 1000
	longSilenceSamples = 6 * silenceSamples
)

// recordedAudio passes the packets of Opus on into a file, in which the time that the sender was silent is silence: all of
// it can be played from the file's beginning on and fits to the other files.
type recordedAudio struct {
	oggRendering
	file *record.Stream
	time timeline
}

func newRecordedAudio(out *output, file *record.Stream) *recordedAudio {
	file.Describe("opus", string(media.Ogg))
	return &recordedAudio{oggRendering: oggRendering{output: out, writer: ogg.NewWriter(media.NewSerial())}, file: file}
}

func (k *recordedAudio) ordered(p orderedPacket) {
	parsed, err := opus.ParsePacket(p.payload)
	if err != nil {
		return
	}
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return
	}
	if !k.started {
		k.begin(now, parsed)
	} else {
		k.fill(now, int(int32(p.timestamp-k.next)))
	}
	k.time.learn(now, k.time.at)
	k.toc, k.last, k.next = p.payload[0], parsed, p.timestamp+uint32(parsed.Samples())
	k.add(p.payload, parsed.Samples())
	k.file.Place(k.time.began, k.time.at)
}

func (k *recordedAudio) begin(now time.Time, first opus.Packet) {
	k.started = true
	channels := 1
	if first.Stereo {
		channels = 2
	}
	k.time.begin(now)
	k.file.Place(now, 0)
	k.header(k.writer.AppendHeaders(nil, channels))
}

// fill passes the time before a packet: concealed where packets were lost, silent where there were none.
func (k *recordedAudio) fill(now time.Time, missing int) {
	if 0 <= missing && missing <= maxConcealed {
		packets, lengths := ogg.Concealment(k.toc, k.last, missing)
		for i, packet := range packets {
			k.add(packet, lengths[i])
		}
		if k.time.overdue(now) == 0 {
			return
		}
	}
	for k.time.behind(now) >= ogg.Duration(longSilenceSamples) {
		k.add(longSilence, longSilenceSamples)
	}
	for k.time.behind(now) >= ogg.Duration(silenceSamples) {
		k.add(silence, silenceSamples)
	}
}

func (k *recordedAudio) add(packet []byte, samples int) {
	k.write(packet, samples)
	k.time.at += ogg.Duration(int64(samples))
}

// oggFile is the file of an Ogg stream. Pages that it does not take leave a gap in the numbers, but for those at the end:
// a recording that has reached its limits is whole.
type oggFile struct {
	*record.Stream
	each func() // for each page, if set
	next uint32
}

// headerPages are those in which a stream describes itself.
const headerPages = 2

func (f *oggFile) WriteHeader(header []byte) bool {
	f.next = headerPages
	return f.Stream.WriteHeader(header)
}

func (f *oggFile) Write(page []byte) (droppedPackets, droppedBytes int) {
	if ogg.EndsStream(page) {
		ogg.Renumber(page, f.next)
		f.WriteTrailer(page)
		return 0, 0
	}
	if f.each != nil {
		f.each()
	}
	droppedPackets, droppedBytes = f.Stream.Write(page)
	if droppedPackets == 0 {
		f.next = ogg.Number(page) + 1
	}
	return droppedPackets, droppedBytes
}
