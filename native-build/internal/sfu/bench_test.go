package sfu

import (
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// Benchmark_One_speaker_300_listeners measures what one packet costs from its decryption to the last listener's socket:
// with SRTP and the system calls, to real peer connections that read it on the same machine.
func Benchmark_One_speaker_300_listeners(b *testing.B) {
	const listeners = 300
	s := startServer(b)
	speaker := newClient(b, s, "speaker")
	track := speaker.newTrack(audioTrack, opus())
	speaker.publish(track)
	track.sendAudio(b, make([]byte, 120))
	var group sync.WaitGroup
	tickets := make(chan struct{}, 8)
	for i := range listeners {
		group.Add(1)
		go func() {
			defer group.Done()
			tickets <- struct{}{}
			defer func() { <-tickets }()
			c := newClient(b, s, fmt.Sprintf("listener-%d", i))
			c.update(func() { c.quiet = true })
			subscriber := s.session(c.sessionID).subscriber
			for !subscriber.connected.Load() {
				c.pause()
			}
		}()
	}
	group.Wait()

	l := onlyLayer(b, s, audioTrack)
	if downs := len(l.track.downList()); downs != listeners {
		b.Fatalf("%d down tracks", downs)
	}
	l.mu.Lock()
	number, sequence := l.stream, uint16(l.reception.highest)
	l.mu.Unlock()
	raw, err := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 111, SequenceNumber: sequence}, Payload: make([]byte, 120)}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	// Of this thread alone: the machine is also busy with the listeners.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	b.ResetTimer()
	before := threadTime(b)
	for range b.N {
		sequence++
		raw[2], raw[3] = byte(sequence>>8), byte(sequence)
		l.receive(number, raw)
	}
	b.ReportMetric(float64(threadTime(b)-before)/float64(b.N*listeners), "cpu-ns/forwarded")
}

// threadTime is the processor time of the calling thread.
func threadTime(b *testing.B) time.Duration {
	b.Helper()
	const thisThread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thisThread, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
