package description

import (
	"slices"

	"github.com/pion/sdp/v3"
)

// Idle follows which media sections of a connection's offers are idle. Pion stops the receiver of such a section with each
// offer, and puts a new one in its place only if it ever had a stream, so that a section that is idle twice in a row would
// never receive again. One that only receives stops nothing, and is answered as an idle one. Its zero value is ready.
type Idle struct{ sections map[string]bool }

// Offer answers an offer as Pion is to have it: what has been idle before and still is only receives.
func (i *Idle) Offer(text string) (string, error) {
	parsed, err := Parse(text)
	if err != nil {
		return "", err
	}
	former, changed := i.sections, false
	i.sections = map[string]bool{}
	for _, section := range parsed.MediaDescriptions {
		mid, _ := section.Attribute(sdp.AttrKeyMID)
		at := slices.IndexFunc(section.Attributes, func(a sdp.Attribute) bool { return a.Key == sdp.AttrKeyInactive })
		if at < 0 {
			continue
		}
		i.sections[mid] = true
		if former[mid] {
			section.Attributes[at].Key, changed = sdp.AttrKeyRecvOnly, true
		}
	}
	if !changed {
		return text, nil
	}
	offer, err := parsed.Marshal()
	return string(offer), err
}
