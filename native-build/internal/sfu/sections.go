package sfu

import (
	"fmt"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/sfuproto/models"
)

// section is a media section of a client's description.
type section struct {
	mid       string
	kind      string // "audio" or "video"
	trackID   string // second word of its msid
	codecs    []string
	simulcast bool // several encodings are sent
	idle      bool // neither sends nor receives
}

// parseSections answers the media sections of a description, and the description itself.
func parseSections(text string) (sections []section, parsed *sdp.SessionDescription, err error) {
	parsed, err = description.Parse(text)
	if err != nil {
		return nil, nil, err
	}
	for _, media := range parsed.MediaDescriptions {
		s := section{kind: media.MediaName.Media}
		s.mid, _ = media.Attribute(sdp.AttrKeyMID)
		_, s.idle = media.Attribute(sdp.AttrKeyInactive)
		encodings, _ := media.Attribute("simulcast")
		s.simulcast = strings.HasPrefix(encodings, "send ")
		for _, attribute := range media.Attributes {
			switch attribute.Key {
			case sdp.AttrKeyMsid:
				if words := strings.Fields(attribute.Value); len(words) == 2 {
					s.trackID = words[1]
				}
			case "rtpmap":
				if _, encoding, found := strings.Cut(attribute.Value, " "); found {
					name, _, _ := strings.Cut(encoding, "/")
					s.codecs = append(s.codecs, name)
				}
			}
		}
		sections = append(sections, s)
	}
	if len(sections) == 0 {
		return nil, nil, fmt.Errorf("%w: holds no media section", description.ErrMalformed)
	}
	return sections, parsed, nil
}

// sectionOf finds where an announced track lies: by its id, because some clients count mids anew with each call, and by
// mid for those whose ids differ.
func sectionOf(sections []section, info *models.TrackInfo) *section {
	for i := range sections {
		if sections[i].trackID != "" && sections[i].trackID == info.GetTrackId() {
			return &sections[i]
		}
	}
	for i := range sections {
		if sections[i].mid != "" && sections[i].mid == info.GetMid() {
			return &sections[i]
		}
	}
	return nil
}

// announcedCodec picks, among the codecs of a section, the one the track is announced with, or else the first.
func announcedCodec(codecs []webrtc.RTPCodecParameters, announced *models.Codec) (webrtc.RTPCodecParameters, bool) {
	var fallback *webrtc.RTPCodecParameters
	for i, codec := range codecs {
		_, name, _ := strings.Cut(codec.MimeType, "/")
		if announced.GetName() != "" && !strings.EqualFold(name, announced.GetName()) {
			continue
		}
		if fmtp := announced.GetFmtp(); fmtp == "" || strings.EqualFold(fmtp, codec.SDPFmtpLine) {
			return codec, true
		}
		if fallback == nil {
			fallback = &codecs[i]
		}
	}
	if fallback == nil {
		return webrtc.RTPCodecParameters{}, false
	}
	return *fallback, true
}

// tidy corrects what strict parsers stumble over in the library's descriptions.
func tidy(description string) string {
	description = strings.Replace(description, "a=msid-semantic:WMS*", "a=msid-semantic: WMS *", 1)
	return strings.ReplaceAll(description, " \r\n", "\r\n")
}

// wantResends makes an answer ask for lost packets of audio to be sent again. Browsers offer it for video alone, and yet do
// it for audio when they are told to.
func wantResends(answer string) string {
	const separator = "\r\nm="
	parts := strings.Split(answer, separator)
	for i, part := range parts {
		if i == 0 || !strings.HasPrefix(part, "audio ") {
			continue
		}
		var lines []string
		for _, line := range strings.Split(part, "\r\n") {
			lines = append(lines, line)
			mapping, isMapping := strings.CutPrefix(line, "a=rtpmap:")
			payloadType, encoding, _ := strings.Cut(mapping, " ")
			feedback := "a=rtcp-fb:" + payloadType + " nack"
			if isMapping && strings.HasPrefix(encoding, "opus/") && !strings.Contains(part+"\r\n", feedback+"\r\n") {
				lines = append(lines, feedback)
			}
		}
		parts[i] = strings.Join(lines, "\r\n")
	}
	return strings.Join(parts, separator)
}
