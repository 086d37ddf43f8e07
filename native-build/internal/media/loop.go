package media

import (
	"errors"
	"fmt"
	"io"
)

// MaxLoop bounds what a looping reader remembers.
const MaxLoop = 16 << 20

// ErrLoopTooLong says that media which loops has more than MaxLoop bytes.
var ErrLoopTooLong = errors.New("too much media to loop")

// loop remembers the units of the first pass and begins again at the end.
type loop struct {
	Reader
	units  []Unit
	bytes  int
	replay bool
	next   int
	start  int64 // of the present pass
	end    int64 // of the pass, from its start
}

// Loop makes a reader begin again at its end, for ever.
func Loop(reader Reader) Reader { return &loop{Reader: reader} }

func (l *loop) Next() (Unit, error) {
	if !l.replay {
		unit, err := l.Reader.Next()
		if err == nil {
			return unit, l.remember(unit)
		}
		if err != io.EOF || len(l.units) == 0 {
			return Unit{}, err
		}
		l.replay, l.start = true, l.end
	}
	unit := l.units[l.next]
	unit.At += l.start
	if l.next++; l.next == len(l.units) {
		l.next, l.start = 0, l.start+l.end
	}
	return unit, nil
}

func (l *loop) remember(unit Unit) error {
	if l.bytes += len(unit.Data); l.bytes > MaxLoop {
		return fmt.Errorf("%w: %d bytes are the limit", ErrLoopTooLong, MaxLoop)
	}
	unit.Data, unit.Fresh = append([]byte(nil), unit.Data...), false
	l.units, l.end = append(l.units, unit), max(l.end, unit.At+unit.Length)
	return nil
}
