package sfu

import (
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/sfuproto/event"
	"streamgateway/native/internal/sfuproto/models"
)

const (
	audioLevelURI     = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	repairedStreamURI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	transportURI      = sdp.TransportCCURI
)

var videoFeedback = []webrtc.RTCPFeedback{
	{Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "transport-cc"},
}

func opus() webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}},
		},
		PayloadType: 111,
	}
}

func video(mime, fmtp string, payloadType webrtc.PayloadType) webrtc.RTPCodecParameters {
	return webrtc.RTPCodecParameters{
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mime, ClockRate: 90000, SDPFmtpLine: fmtp, RTCPFeedback: videoFeedback,
		},
		PayloadType: payloadType,
	}
}

func h264(profile, packetization string, payloadType webrtc.PayloadType) webrtc.RTPCodecParameters {
	fmtp := "level-asymmetry-allowed=1;packetization-mode=" + packetization + ";profile-level-id=" + profile
	return video(webrtc.MimeTypeH264, fmtp, payloadType)
}

// publishingEngine knows what we can receive. Retransmission streams are left out: lost packets come again on the
// stream they belong to.
func publishingEngine() (*webrtc.MediaEngine, error) {
	return engine(
		[]webrtc.RTPCodecParameters{opus(), redundantOpus()},
		[]webrtc.RTPCodecParameters{
			video(webrtc.MimeTypeVP8, "", 96),
			video(webrtc.MimeTypeVP9, "profile-id=0", 98),
			h264("42e01f", "1", 125),
			h264("42001f", "1", 102),
			h264("4d001f", "1", 123),
			h264("64001f", "1", 121),
			h264("42e01f", "0", 108),
			video(webrtc.MimeTypeAV1, "", 35),
		},
		[]string{sdp.SDESMidURI, audioLevelURI},
		[]string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, repairedStreamURI, transportURI},
	)
}

// subscribingEngine knows what we offer to send. Of header extensions, forwarded video carries its transport-wide number, and
// audio how loud it is.
func subscribingEngine(audios ...webrtc.RTPCodecParameters) (*webrtc.MediaEngine, error) {
	var videos []webrtc.RTPCodecParameters
	for _, codec := range []struct {
		webrtc.RTPCodecParameters
		repair webrtc.PayloadType
	}{
		{video(webrtc.MimeTypeVP8, "", 96), 97},
		{video(webrtc.MimeTypeVP9, "profile-id=0", 98), 99},
		{h264("42e01f", "1", 125), 107},
		{video(webrtc.MimeTypeAV1, "", 35), 36},
	} {
		videos = append(videos, codec.RTPCodecParameters, repairCodec(codec.RTPCodecParameters, codec.repair))
	}
	return engine(audios, videos, []string{audioLevelURI}, []string{transportURI})
}

func engine(audios, videos []webrtc.RTPCodecParameters, audioExtensions, videoExtensions []string) (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	for _, codec := range audios {
		if err := m.RegisterCodec(codec, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	for _, codec := range videos {
		if err := m.RegisterCodec(codec, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, err
		}
	}
	for kind, uris := range map[webrtc.RTPCodecType][]string{
		webrtc.RTPCodecTypeAudio: audioExtensions, webrtc.RTPCodecTypeVideo: videoExtensions,
	} {
		for _, uri := range uris {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// matchCodec finds the negotiated codec that carries the same media.
func matchCodec(codec webrtc.RTPCodecParameters, negotiated []webrtc.RTPCodecParameters) (webrtc.RTPCodecParameters, bool) {
	for _, candidate := range negotiated {
		if strings.EqualFold(candidate.MimeType, codec.MimeType) {
			return candidate, true
		}
	}
	return codec, false
}

// publishOptionsFor says what a participant is to publish with: VP8 unless it prefers another codec or cannot.
func publishOptionsFor(join *event.JoinRequest) []*models.PublishOption {
	codecs := offeredCodecs(join.GetPublisherSdp())
	camera := &models.PublishOption{
		Id: 2, TrackType: videoTrack, Codec: videoCodec(preferredCodec(join, videoTrack, codecs)),
		Bitrate: 1_250_000, Fps: 30, MaxSpatialLayers: 3, MaxTemporalLayers: 1,
		VideoDimension: &models.VideoDimension{Width: 1280, Height: 720},
	}
	screen := &models.PublishOption{
		Id: 3, TrackType: screenTrack, Codec: videoCodec(preferredCodec(join, screenTrack, codecs)),
		Bitrate: 2_500_000, Fps: 20, MaxSpatialLayers: 1, MaxTemporalLayers: 1,
		VideoDimension: &models.VideoDimension{Width: 1920, Height: 1080},
	}
	for _, preferred := range join.GetPreferredPublishOptions() {
		switch preferred.GetTrackType() {
		case videoTrack:
			prefer(camera, preferred)
		case screenTrack:
			prefer(screen, preferred)
		}
	}
	opusCodec := &models.Codec{Name: "opus", ClockRate: 48000, EncodingParameters: "2", PayloadType: 111}
	return []*models.PublishOption{
		{Id: 1, TrackType: audioTrack, Codec: opusCodec, Bitrate: 64_000, Fps: 50, MaxSpatialLayers: 1, MaxTemporalLayers: 1},
		camera,
		screen,
		{Id: 4, TrackType: screenAudioTrack, Codec: opusCodec, Bitrate: 128_000, Fps: 50, MaxSpatialLayers: 1, MaxTemporalLayers: 1},
	}
}

// prefer takes over the client's wishes within sensible bounds; none may become 0.
func prefer(option, preferred *models.PublishOption) {
	if b := preferred.GetBitrate(); b >= 100_000 && b <= 10_000_000 {
		option.Bitrate = b
	}
	if f := preferred.GetFps(); f >= 1 && f <= 60 {
		option.Fps = f
	}
	if s := preferred.GetMaxSpatialLayers(); s >= 1 && s <= 3 {
		option.MaxSpatialLayers = s
	}
}

var videoCodecNames = []string{"VP8", "H264", "VP9", "AV1"}

func preferredCodec(join *event.JoinRequest, kind models.TrackType, offered map[string]bool) string {
	for _, preferred := range join.GetPreferredPublishOptions() {
		if preferred.GetTrackType() != kind {
			continue
		}
		for _, name := range videoCodecNames {
			if strings.EqualFold(name, preferred.GetCodec().GetName()) && (len(offered) == 0 || offered[name]) {
				return name
			}
		}
	}
	for _, name := range videoCodecNames {
		if offered[name] {
			return name
		}
	}
	return "VP8"
}

func videoCodec(name string) *models.Codec {
	codec := &models.Codec{Name: name, ClockRate: 90000}
	switch name {
	case "VP9":
		codec.Fmtp = "profile-id=0"
	case "H264":
		codec.Fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	}
	return codec
}

// offeredCodecs reads the throw-away description of what a client can encode or decode; empty when it sent none.
func offeredCodecs(description string) map[string]bool {
	offered := map[string]bool{}
	sections, _, err := parseSections(description)
	if err != nil {
		return offered
	}
	for _, section := range sections {
		for _, name := range section.codecs {
			offered[strings.ToUpper(name)] = true
		}
	}
	return offered
}
