package sfu

import (
	"strings"

	"github.com/pion/webrtc/v4"
)

const (
	mimeRedundant        = "audio/red"
	redundantPayloadType = 63
)

// redundant is audio whose packets repeat those before them (RFC 2198).
func redundantOpus() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRedundant, ClockRate: 48000, Channels: 2, SDPFmtpLine: "111/111",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
		},
		PayloadType: redundantPayloadType,
	}
}

// redundantAmong finds the redundant form of a section's audio.
func redundantAmong(codecs []webrtc.RTPCodecParameters) (webrtc.RTPCodecParameters, bool) {
	for _, codec := range codecs {
		if strings.EqualFold(codec.MimeType, mimeRedundant) {
			return codec, true
		}
	}
	return webrtc.RTPCodecParameters{}, false
}
