package mixer

import (
	"sync"
	"sync/atomic"

	"streamgateway/native/internal/pcm"
)

// Output is a listener of a mix.
type Output struct {
	mixer     *Mixer
	mu        sync.Mutex
	converter *pcm.Converter
	write     func(samples []int16)
	failed    atomic.Pointer[error]
}

// Close ends the output: afterwards its function is not called. It may be called again.
func (o *Output) Close() {
	o.mixer.mu.Lock()
	o.mixer.outputs = without(o.mixer.outputs, o)
	o.mixer.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.converter.Close()
	o.write = nil
}

// Err is why the output ended by itself, if it did: the converter failed.
func (o *Output) Err() error {
	if err := o.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// put converts a frame and hands it on.
func (o *Output) put(frame []int16) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.write == nil {
		return
	}
	samples, err := o.converter.Convert(frame)
	if err != nil {
		failure := err // so that only a failure is allocated
		o.failed.Store(&failure)
		o.write = nil
		return
	}
	if len(samples) > 0 {
		o.write(samples)
	}
}
