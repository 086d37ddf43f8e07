package rtc

import (
	"slices"
	"strings"

	"github.com/pion/sdp/v3"

	"streamgateway/native/internal/description"
	"streamgateway/native/internal/failure"
)

// Pion takes the codecs of the first section of a kind for those of all, and an SFU answers each section with the one
// codec that is to be sent in it. widenAnswer gives Pion an answer with everything we offered; which codec is sent in
// which section is decided here.
func widenAnswer(offer, answer string) (string, error) {
	offered, err := description.Parse(offer)
	if err != nil {
		return "", err
	}
	accepted, err := description.Parse(answer)
	if err != nil {
		return "", err
	}
	for i, section := range accepted.MediaDescriptions {
		if section.MediaName.Media != "video" || i >= len(offered.MediaDescriptions) || section.MediaName.Port.Value == 0 {
			continue
		}
		ours := offered.MediaDescriptions[i]
		section.MediaName.Formats = slices.Clone(ours.MediaName.Formats)
		section.Attributes = slices.DeleteFunc(section.Attributes, isCodecAttribute)
		for _, attribute := range ours.Attributes {
			if isCodecAttribute(attribute) {
				section.Attributes = append(section.Attributes, attribute)
			}
		}
	}
	wide, err := accepted.Marshal()
	return string(wide), err
}

func isCodecAttribute(attribute sdp.Attribute) bool {
	return attribute.Key == "rtpmap" || attribute.Key == "fmtp" || attribute.Key == "rtcp-fb"
}

// checkAccepted fails when the SFU's answer has no place for the codec of a section.
func checkAccepted(answer, mid, codec string) error {
	accepted, err := description.Parse(answer)
	if err != nil {
		return err
	}
	for _, section := range accepted.MediaDescriptions {
		if id, _ := section.Attribute(sdp.AttrKeyMID); id != mid {
			continue
		}
		var names []string
		for _, attribute := range section.Attributes {
			if _, encoding, found := strings.Cut(attribute.Value, " "); attribute.Key == "rtpmap" && found {
				name, _, _ := strings.Cut(encoding, "/")
				if strings.EqualFold(name, codec) && section.MediaName.Port.Value != 0 {
					return nil
				}
				names = append(names, strings.ToLower(name))
			}
		}
		return failure.Newf(failure.UnsupportedFormat, failure.Media, "the SFU takes %s, not %s", strings.Join(names, ", "), codec)
	}
	return failure.Newf(failure.SFURejected, failure.Signaling, "the SFU's answer has no section %q", mid)
}
