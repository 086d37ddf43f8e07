package bandwidth

import (
	"math"
	"time"
)

// usage is what the delays say of the path.
type usage int

const (
	normal    usage = iota
	underused       // a queue drains
	overused        // a queue fills
)

const (
	burst       = 5 * time.Millisecond // packets this close together count as one
	trendWindow = 20                   // bursts
	smoothing   = 0.9
	trendGain   = 4
	maxTrendLen = 60

	initialThreshold = 12.5 // ms
	minThreshold     = 6
	maxThreshold     = 600
	thresholdUp      = 0.0087 // a millisecond
	thresholdDown    = 0.039
	thresholdJump    = 15
	overuseTime      = 10 * time.Millisecond
	// standing is how much longer than the least a packet takes when a queue is there, in ms. Less is jitter, which makes
	// the trend look steep now and then.
	standing    = 50
	floorWindow = 5 * time.Second
	// quiet is how long no packet may be sent before the delays begin anew.
	quiet = 2 * time.Second
)

// delayTrend watches how the delay of bursts develops: a line is laid through the latest ones, and its slope is
// compared with a threshold that adapts to the path's jitter.
type delayTrend struct {
	group, former burstGroup

	count       int // of delays seen
	accumulated float64
	smoothed    float64
	points      [trendWindow]trendPoint
	origin      time.Time

	threshold float64
	adaptedAt time.Time
	overFor   time.Duration
	lastTrend float64
	state     usage
	floor     delayFloor
}

type trendPoint struct {
	at, delay float64 // ms
}

// burstGroup holds the first departure of a burst, and its last departure and arrival.
type burstGroup struct {
	first, sent, arrived time.Time
}

// arrived notes a packet, in order of departure, and answers what is known of the path now.
func (d *delayTrend) arrived(sent, arrival time.Time) usage {
	g := &d.group
	switch {
	case g.first.IsZero() || sent.Sub(g.sent) > quiet:
		*d = delayTrend{threshold: max(d.threshold, initialThreshold), group: burstGroup{sent, sent, arrival}}
		return normal
	case sent.Sub(g.first) <= burst || catchesUp(g, sent, arrival):
		if sent.After(g.sent) {
			g.sent = sent
		}
		if arrival.After(g.arrived) {
			g.arrived = arrival
		}
		return d.state
	}
	if !d.former.first.IsZero() {
		d.floor.add(g.sent, g.arrived)
		d.add(g.sent.Sub(d.former.sent), g.arrived.Sub(d.former.arrived), g.arrived)
	}
	d.former, d.group = d.group, burstGroup{sent, sent, arrival}
	return d.state
}

// catchesUp tells that a packet was held up and arrived in a burst with those before.
func catchesUp(g *burstGroup, sent, arrival time.Time) bool {
	between := arrival.Sub(g.arrived)
	return between <= burst && between < sent.Sub(g.sent) && arrival.Sub(g.arrived) >= 0 && sent.Sub(g.first) < 100*time.Millisecond
}

func (d *delayTrend) add(sent, arrived time.Duration, at time.Time) {
	if d.count == 0 {
		d.origin = at
	}
	d.count++
	d.accumulated += milliseconds(arrived - sent)
	d.smoothed = smoothing*d.smoothed + (1-smoothing)*d.accumulated
	d.points[d.count%trendWindow] = trendPoint{milliseconds(at.Sub(d.origin)), d.smoothed}
	if d.count < trendWindow {
		return
	}
	d.judge(d.slope()*float64(min(d.count, maxTrendLen))*trendGain, sent, at)
}

// delayFloor knows the least delay of late, and the usual one. The clocks of both ends differ, so only differences mean
// something.
type delayFloor struct {
	since         time.Time
	former, least float64 // ms; of the last window and of this one
	usual         float64
}

func (f *delayFloor) add(sent, arrived time.Time) {
	delay := milliseconds(arrived.Sub(sent))
	switch {
	case f.since.IsZero():
		*f = delayFloor{since: sent, former: delay, least: delay, usual: delay}
	case sent.Sub(f.since) > floorWindow:
		f.since, f.former, f.least = sent, f.least, delay
	}
	f.least = min(f.least, delay)
	f.usual += (delay - f.usual) / 10
}

// above is how far the usual delay lies above the least.
func (f *delayFloor) above() float64 { return f.usual - min(f.least, f.former) }

// slope is that of the line with the least squares through the points.
func (d *delayTrend) slope() float64 {
	var x, y float64
	for _, p := range d.points {
		x += p.at
		y += p.delay
	}
	x, y = x/trendWindow, y/trendWindow
	var up, down float64
	for _, p := range d.points {
		up += (p.at - x) * (p.delay - y)
		down += (p.at - x) * (p.at - x)
	}
	if down == 0 {
		return 0
	}
	return up / down
}

func (d *delayTrend) judge(trend float64, span time.Duration, at time.Time) {
	switch {
	case trend > d.threshold:
		d.overFor += span
		if d.overFor > overuseTime && trend >= d.lastTrend && d.floor.above() > standing {
			d.overFor = 0
			d.state = overused
		}
	case trend < -d.threshold:
		d.overFor, d.state = 0, underused
	default:
		d.overFor, d.state = 0, normal
	}
	d.lastTrend = trend
	d.adapt(math.Abs(trend), at)
}

// adapt moves the threshold towards the trends that are usual here. A sudden jump is no reason to.
func (d *delayTrend) adapt(trend float64, at time.Time) {
	elapsed := min(milliseconds(at.Sub(d.adaptedAt)), 100)
	d.adaptedAt = at
	if trend > d.threshold+thresholdJump || elapsed < 0 {
		return
	}
	pace := thresholdUp
	if trend < d.threshold {
		pace = thresholdDown
	}
	d.threshold += pace * (trend - d.threshold) * elapsed
	d.threshold = min(max(d.threshold, minThreshold), maxThreshold)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
