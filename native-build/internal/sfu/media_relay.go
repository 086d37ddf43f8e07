package sfu

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// mediaRelay is the address of a UDP relay that stands in front of the media port; the zero value for none.
type mediaRelay struct {
	netip.AddrPort
}

func parseMediaRelay(address string) (mediaRelay, error) {
	if address == "" {
		return mediaRelay{}, nil
	}
	parsed, err := netip.ParseAddrPort(address)
	if err != nil {
		return mediaRelay{}, fmt.Errorf("media_relay: %q is not an IP address with a port", address)
	}
	return mediaRelay{parsed}, nil
}

// advertise puts the relay in the place of our own candidates.
func (r mediaRelay) advertise(description string) string {
	if !r.IsValid() {
		return description
	}
	lines := strings.Split(description, "\r\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "a=candidate:") {
			continue
		}
		if words := strings.Fields(line); len(words) > 5 {
			words[4], words[5] = r.Addr().String(), strconv.Itoa(int(r.Port()))
			lines[i] = strings.Join(words, " ")
		}
	}
	return strings.Join(lines, "\r\n")
}
