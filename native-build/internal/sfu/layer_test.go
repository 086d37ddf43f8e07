package sfu

import (
	"testing"
	"time"
)

func Test_Media_time_goes_on_however_long_ago_the_last_report_was(t *testing.T) {
	now := time.Now()
	for _, silence := range []time.Duration{time.Second, 17 * time.Hour, 29 * time.Hour, 40 * time.Hour, 400 * time.Hour} {
		l := &layer{clock: 90000, report: senderReport{timestamp: 12345, receivedAt: now.Add(-silence)}}
		l.reception.lastArrival = now
		got, _ := l.mediaTime(now)
		if want := uint32(12345 + uint64(silence/time.Second)*90000); got != want {
			t.Errorf("%v after the report the media time is off by %.0f s", silence, float64(int32(got-want))/90000)
		}
	}
}

func Test_A_report_that_is_too_old_to_tell_its_age_counts_as_none(t *testing.T) {
	now := time.Now()
	for silence, want := range map[time.Duration]uint32{
		2 * time.Second: 2 << 16, 18 * time.Hour: 18 * 3600 << 16, 19 * time.Hour: 0, 40 * time.Hour: 0,
	} {
		l := &layer{clock: 90000, report: senderReport{ntp: 5 << 16, receivedAt: now.Add(-silence)}}
		l.reception.lastArrival = now
		block, _ := l.receptionReport(now)
		if block.Delay != want || block.LastSenderReport == 0 != (want == 0) {
			t.Errorf("%v after the report: a delay of %.1f h since %d", silence, float64(block.Delay)/65536/3600, block.LastSenderReport)
		}
	}
}

func Test_A_stream_goes_on_at_the_right_time_after_a_pause_of_days(t *testing.T) {
	pause := 30 * time.Hour
	if got, want := ticks(&layer{clock: 90000}, pause+time.Second/2), uint32(30*3600*90000+45000-2*(1<<32)); got != want {
		t.Errorf("%d ticks, want %d", got, want)
	}
}

func Test_Jitter_is_small_whatever_the_timestamps_begin_with(t *testing.T) {
	arrival := time.Unix(1_800_000_000, 0)
	for _, offset := range []uint32{0, 1 << 31, 1<<31 + 20, 1<<32 - 20} {
		r := reception{clock: 90000}
		for i := range 100 {
			r.add(rtpHeader{sequence: uint16(i), timestamp: mediaClock(arrival, r.clock) - offset + uint32(i)*1800},
				arrival.Add(time.Duration(i)*20*time.Millisecond+time.Duration(i%3)*500*time.Microsecond))
		}
		if seconds := r.jitter / 90000; seconds > 0.001 {
			t.Errorf("transit %d: a jitter of %.4f s of packets that come within a millisecond", offset, seconds)
		}
	}
}
