package mock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"streamgateway/native/internal/failure"
	"streamgateway/native/internal/pcm"
	"streamgateway/native/internal/rtcproto"
	"streamgateway/native/internal/wav"
)

const frameTime = 20 * time.Millisecond

var format = pcm.Format{Rate: 48000, Channels: 1}

// playOne plays a participant's file to its end.
func (s *Session) playOne(p Participant) error {
	framer := pcm.NewFramer(format.Samples(frameTime))
	started, frames := time.Now(), 0
	emit := func(frame []int16) error {
		if err := s.awaitTurn(p.Audio, started.Add(time.Duration(frames)*frameTime)); err != nil {
			return err
		}
		frames++
		s.host.Emit(packet(p.UserID, frame))
		return nil
	}
	err := decode(s.ctx, p.Audio.Path, func(samples []int16) error { return framer.Write(samples, emit) })
	if err == nil {
		_, err = framer.Flush(emit)
	}
	if err == nil && frames == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return failure.Newf(failure.MalformedMedia, failure.Media, "the audio of %q: %w", p.UserID, err)
	}
	return nil
}

func (s *Session) awaitTurn(audio *Audio, due time.Time) error {
	if !audio.Realtime {
		return s.host.Room(s.ctx)
	}
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func packet(userID string, frame []int16) *rtcproto.Event {
	payload := make([]byte, 0, 2*len(frame))
	for _, sample := range frame {
		payload = binary.LittleEndian.AppendUint16(payload, uint16(sample))
	}
	return &rtcproto.Event{Payload: &rtcproto.Event_RtcPacket{RtcPacket: &rtcproto.RtcPacket{
		UserId: userID,
		Payload: &rtcproto.RtcPacket_Audio{Audio: &rtcproto.AudioPayload{Payload: &rtcproto.AudioPayload_Pcm{
			Pcm: &rtcproto.PcmAudioPayload{
				Payload: payload, Format: rtcproto.AudioFormat_AUDIO_FORMAT_INT16,
				Channels: int32(format.Channels), SampleRate: int32(format.Rate),
			},
		}}},
	}}}
}

// decode reads a file: WAVE by itself, everything else through ffmpeg.
func decode(ctx context.Context, path string, write func([]int16) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return errors.Join(err, errors.New("it is no file"))
	}
	if strings.EqualFold(filepath.Ext(path), ".wav") {
		return decodeWave(file, write)
	}
	return decodeByFFmpeg(ctx, file, write)
}

func decodeWave(file io.Reader, write func([]int16) error) error {
	reader, err := wav.NewReader(file)
	if err != nil {
		return err
	}
	converter, err := pcm.NewConverter(reader.Format(), format)
	if err != nil {
		return err
	}
	defer converter.Close()
	samples := make([]int16, reader.Format().Samples(frameTime))
	for {
		count, err := reader.Read(samples)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		converted, err := converter.Convert(samples[:count])
		if err != nil {
			return err
		}
		if err := write(converted); err != nil {
			return err
		}
	}
	rest, err := converter.Flush()
	if err != nil {
		return err
	}
	return write(rest)
}

// decodeByFFmpeg gives the file as ffmpeg's input, so that no name in it or of it is ever opened.
func decodeByFFmpeg(ctx context.Context, file *os.File, write func([]int16) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var complaint bytes.Buffer
	command := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-protocol_whitelist", "pipe", "-i", "pipe:0",
		"-f", "s16le", "-ac", fmt.Sprint(format.Channels), "-ar", fmt.Sprint(format.Rate), "pipe:1")
	command.Stdin, command.Stderr = file, &limited{&complaint}
	output, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("it needs ffmpeg: %w", err)
	}
	written := copySamples(output, write)
	if written != nil {
		cancel()
	}
	ended := command.Wait()
	if written != nil {
		return written
	}
	if ended != nil {
		return fmt.Errorf("ffmpeg: %w: %s", ended, strings.TrimSpace(complaint.String()))
	}
	return nil
}

func copySamples(from io.Reader, write func([]int16) error) error {
	reader, err := pcm.NewReader(from, format, pcm.S16LE)
	if err != nil {
		return err
	}
	samples := make([]int16, format.Samples(frameTime))
	for {
		count, err := reader.Read(samples)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := write(samples[:count]); err != nil {
			return err
		}
	}
}

// limited keeps the beginning of what is written.
type limited struct{ buffer *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	const limit = 500
	l.buffer.Write(p[:min(len(p), max(0, limit-l.buffer.Len()))])
	return len(p), nil
}
