package pcm

import (
	"errors"
	"testing"
)

func TestFramerCutsFramesOfOneLength(t *testing.T) {
	framer := NewFramer(6)
	var got []int16
	emit := func(frame []int16) error {
		if len(frame) != 6 {
			t.Fatalf("a frame of %d samples", len(frame))
		}
		got = append(got, frame...)
		return nil
	}
	next := int16(1)
	for _, length := range []int{1, 4, 0, 13, 2} {
		piece := make([]int16, length)
		for i := range piece {
			piece[i] = next
			next++
		}
		if err := framer.Write(piece, emit); err != nil {
			t.Fatal(err)
		}
	}
	if len(got) != 18 {
		t.Errorf("%d samples before the end", len(got))
	}
	if padding, err := framer.Flush(emit); padding != 4 || err != nil {
		t.Errorf("%d samples of padding, %v", padding, err)
	}
	for i, sample := range got {
		if want := int16(i + 1); i < 20 && sample != want || i >= 20 && sample != 0 {
			t.Errorf("sample %d is %d", i, sample)
		}
	}
	if padding, err := framer.Flush(emit); padding != 0 || err != nil || len(got) != 24 {
		t.Errorf("a second flush: %d, %v", padding, err)
	}
}

func TestFramerStopsAtAnErrorAndForgets(t *testing.T) {
	framer, stop := NewFramer(2), errors.New("stop")
	if err := framer.Write(make([]int16, 10), func([]int16) error { return stop }); err != stop {
		t.Error(err)
	}
	if err := framer.Write([]int16{1}, nil); err != nil {
		t.Error(err)
	}
	if dropped := framer.Reset(); dropped != 1 {
		t.Errorf("%d dropped", dropped)
	}
}
