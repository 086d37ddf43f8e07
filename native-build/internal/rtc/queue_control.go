package rtc

import (
	"context"
	"sync"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/media"
	"streamgateway/native/internal/rtcproto"
)

// maxMarks bounds the marks of a publication that wait.
const maxMarks = 1000

// queueControl is how a host sees into the bytes it has given ahead of time: it can have them forgotten, and be told
// when a place in them has been reached.
type queueControl struct {
	wake func()        // makes the playing goroutine look up from reading
	due  chan struct{} // and from waiting until a unit is due

	mu      sync.Mutex
	flushes []chan flushAnswer
	marks   []mark // by offset
	behind  int64  // of the source: sent, or forgotten
	closed  bool
}

type mark struct {
	name   string
	offset int64 // in bytes of the source
}

type flushAnswer struct {
	bytes int64
	err   error
}

// FlushPublication forgets what a publication was given and has not sent, and answers how much that was. What is
// written after the answer is played.
func (s *Session) FlushPublication(ctx context.Context, sourceID uint64) (dropped int64, err error) {
	p, err := s.publication(sourceID)
	if err != nil {
		return 0, err
	}
	if !p.options.Media.Format.IsDecoded() || p.options.Loop {
		return 0, failure.Newf(failure.UnsupportedFormat, failure.Media, "only samples that do not loop can be flushed")
	}
	answer := make(chan flushAnswer, 1)
	p.queue.mu.Lock()
	if p.queue.closed {
		p.queue.mu.Unlock()
		return 0, failure.Newf(failure.SourceNotFound, failure.NoStage, "the publication has ended")
	}
	p.queue.flushes = append(p.queue.flushes, answer)
	p.queue.mu.Unlock()
	p.queue.rouse()
	select {
	case result := <-answer:
		return result.bytes, result.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// MarkPublication has the host told, by mark_reached, when everything up to an offset in the source's bytes was played.
func (s *Session) MarkPublication(sourceID uint64, name string, offset int64) error {
	p, err := s.publication(sourceID)
	if err != nil {
		return err
	}
	if !p.options.Media.Format.IsDecoded() || p.options.Loop {
		return failure.Newf(failure.UnsupportedFormat, failure.Media, "only samples that do not loop can have marks")
	}
	p.queue.mu.Lock()
	closed, count := p.queue.closed, len(p.queue.marks)
	reached := count == 0 && offset <= p.queue.behind
	if !closed && !reached && count < maxMarks {
		p.queue.marks = append(p.queue.marks, mark{name, offset})
	}
	p.queue.mu.Unlock()
	switch {
	case closed:
		return failure.Newf(failure.SourceNotFound, failure.NoStage, "the publication has ended")
	case reached:
		p.tellMark(mark{name, offset}, false)
	case count >= maxMarks:
		return failure.Newf(failure.CapacityExceeded, failure.NoStage, "%d marks wait already", maxMarks)
	}
	return nil
}

func (q *queueControl) rouse() {
	q.wake()
	select {
	case q.due <- struct{}{}:
	default:
	}
}

// calm forgets the calls that rouse made: before looking, since what is asked for from then on rouses again.
func (q *queueControl) calm(p *publication) {
	p.input.Calm()
	select {
	case <-q.due:
	default:
	}
}

// flush does what hosts asked for, and tells whether they did; the playing goroutine calls it between units, or with the
// one that it holds until it is due.
func (q *queueControl) flush(p *publication, flusher media.Flusher, held media.Unit) (flushed bool) {
	q.calm(p)
	q.mu.Lock()
	waiting := q.flushes
	q.flushes = nil
	q.mu.Unlock()
	if len(waiting) == 0 || flusher == nil {
		return false
	}
	bytes, err := flusher.Flush(held)
	q.mu.Lock()
	if held.Consumed > q.behind {
		bytes += held.Consumed - q.behind
	}
	marks := q.marks
	q.marks, q.behind = nil, p.input.Total()
	q.mu.Unlock()
	for _, m := range marks {
		p.tellMark(m, true)
	}
	for _, answer := range waiting {
		answer <- flushAnswer{bytes, fromMedia(err)}
	}
	return true
}

// passed tells the marks that lie in what was sent.
func (q *queueControl) passed(p *publication, consumed int64) {
	q.mu.Lock()
	q.behind = consumed
	var reached []mark
	for len(q.marks) > 0 && q.marks[0].offset <= consumed {
		reached, q.marks = append(reached, q.marks[0]), q.marks[1:]
	}
	q.mu.Unlock()
	for _, m := range reached {
		p.tellMark(m, false)
	}
}

// close answers those who wait in vain.
func (q *queueControl) close(p *publication) {
	q.mu.Lock()
	flushes, marks := q.flushes, q.marks
	q.flushes, q.marks, q.closed = nil, nil, true
	q.mu.Unlock()
	for _, answer := range flushes {
		answer <- flushAnswer{err: failure.Newf(failure.SourceNotFound, failure.NoStage, "the publication has ended")}
	}
	for _, m := range marks {
		p.tellMark(m, p.ctx.Err() != nil)
	}
}

func (p *publication) tellMark(m mark, dropped bool) {
	p.s.emit(&rtcproto.Event{Payload: &rtcproto.Event_MarkReached{MarkReached: &rtcproto.MarkReached{
		SourceId: p.source.ID(), Mark: m.name, Dropped: dropped, PositionMs: milliseconds(p.duration(p.position.Load())),
	}}})
}
