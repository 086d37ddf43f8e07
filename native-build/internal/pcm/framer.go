package pcm

// Framer cuts a stream of samples into frames of one length, as encoders want them. Once made it allocates nothing.
type Framer struct {
	frame []int16
	held  int
}

// NewFramer makes a framer of frames of so many samples over all channels, at least 1.
func NewFramer(samples int) *Framer { return &Framer{frame: make([]int16, max(1, samples))} }

// Write takes samples, and gives each frame that is full to emit, which may stop it by an error. The frame is valid until
// emit returns.
func (f *Framer) Write(samples []int16, emit func(frame []int16) error) error {
	for len(samples) > 0 {
		count := copy(f.frame[f.held:], samples)
		f.held += count
		samples = samples[count:]
		if f.held == len(f.frame) {
			f.held = 0
			if err := emit(f.frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flush fills the last frame up with silence and gives it to emit, if any samples are held. padding is how many were added.
func (f *Framer) Flush(emit func(frame []int16) error) (padding int, err error) {
	if f.held == 0 {
		return 0, nil
	}
	padding = len(f.frame) - f.held
	clear(f.frame[f.held:])
	f.held = 0
	return padding, emit(f.frame)
}

// Reset forgets the samples that are held, and returns how many these were.
func (f *Framer) Reset() (dropped int) {
	dropped, f.held = f.held, 0
	return dropped
}
