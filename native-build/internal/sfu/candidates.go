package sfu

import (
	"encoding/json"
	"strings"

	"github.com/pion/webrtc/v4"
)

// withoutCandidates removes a client's candidates from its description. As with ICE lite (RFC 8445 §2.5), the client is learned
// of by its own checks, since we are where everybody reaches us. A client that is known by a candidate as well as by a check
// that came before it is two pairs to the library, of which it waits for the wrong one for 200 ms; and checks sent to a candidate
// would find a way past a media relay.
func withoutCandidates(description string) string {
	var kept strings.Builder
	kept.Grow(len(description))
	for _, line := range strings.SplitAfter(description, "\n") {
		if !strings.HasPrefix(line, "a=candidate:") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// checkCandidate wants the JSON of an RTCIceCandidateInit.
func checkCandidate(text string) *failure {
	var candidate webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(text), &candidate); err != nil {
		return fail(codeInvalid, "ice_candidate: %v", err)
	}
	return nil
}
