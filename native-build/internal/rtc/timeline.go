package rtc

import "time"

const (
	// settling is how long a timeline goes on learning when its first packet was due: what comes late, or all at once,
	// says too late a time.
	settling = 5 * time.Second
	// maxDisagreement is how far the sender's clock may be from ours before ours counts.
	maxDisagreement = time.Second
	// maxLateness is how long what comes may be so late, as after a jam that clears by itself.
	maxLateness = 2 * time.Second
)

// timeline places what a track brings in the time of a recording. Within a stretch of media the sender's timestamps
// count; over pauses, and where the sender begins to count anew, our clock does.
type timeline struct {
	began   time.Time     // when the media at zero was due
	at      time.Duration // media placed so far
	last    time.Time     // when something came last
	late    time.Time     // since when everything has come too late
	settled bool
}

// begin takes the arrival of the first media.
func (t *timeline) begin(now time.Time) { t.began, t.last = now, now }

// learn takes the arrival of media that belongs at a place.
func (t *timeline) learn(now time.Time, at time.Duration) {
	t.last = now
	if t.settled {
		return
	}
	if due := now.Add(-at); due.Before(t.began) {
		t.began = due
	}
	t.settled = now.Sub(t.began) > settling
}

// behind is how much of the time until now is not filled yet.
func (t *timeline) behind(now time.Time) time.Duration {
	t.settled = true
	return max(0, now.Sub(t.began)-t.at)
}

// overdue is how much time is missing although the sender counts on: its clock has stood still, or is much too slow.
func (t *timeline) overdue(now time.Time) time.Duration {
	behind := now.Sub(t.began) - t.at
	switch {
	case behind <= maxDisagreement:
		t.late = time.Time{}
	case t.late.IsZero():
		t.late = now
	case now.Sub(t.late) > maxLateness:
		t.late = time.Time{}
		return behind
	}
	return 0
}
