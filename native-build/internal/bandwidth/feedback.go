package bandwidth

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	referenceUnit = 64 * time.Millisecond
	referenceBits = 24
)

// eachArrival goes through the packets of a report in order of their numbers. offset is the arrival, since the report's
// reference time.
func eachArrival(report *rtcp.TransportLayerCC, visit func(sequence uint16, arrived bool, offset time.Duration)) {
	sequence, left := report.BaseSequenceNumber, int(report.PacketStatusCount)
	deltas := report.RecvDeltas
	var offset time.Duration
	one := func(symbol uint16) bool {
		if left == 0 {
			return false
		}
		left--
		arrived := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		if arrived {
			if len(deltas) == 0 {
				return false // fewer than announced
			}
			offset += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
		}
		visit(sequence, arrived, offset)
		sequence++
		return true
	}
	for _, chunk := range report.PacketChunks {
		switch chunk := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range chunk.RunLength {
				if !one(chunk.PacketStatusSymbol) {
					return
				}
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range chunk.SymbolList {
				if !one(symbol) {
					return
				}
			}
		}
	}
}

// arrivalClock turns reference times, which wrap after twelve days, into times.
type arrivalClock struct {
	started bool
	last    int64 // in reference units
}

func (c *arrivalClock) extend(reference uint32, offset time.Duration) time.Time {
	if !c.started {
		c.started, c.last = true, int64(reference)
	}
	const half = 1 << (referenceBits - 1)
	difference := (int64(reference)-c.last)&(1<<referenceBits-1) ^ half - half
	c.last += difference
	return time.Unix(0, 0).Add(time.Duration(c.last)*referenceUnit + offset)
}
