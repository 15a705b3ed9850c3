package web

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/pion/sdp/v3"
)

// An offer is read here before anything is made for it, and what is not needed is left out: so what
// is made knows only of what has been looked at.

// kept are the attributes of an offer that are used.
var kept = []string{
	"ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "mid", "sctp-port", "max-message-size", "group", "msid-semantic",
	"extmap-allow-mixed",
}

var errSections = errors.New("want one section m=application for data channels, and nothing else")

// readOffer returns an offer as it is used, or what it lacks.
func readOffer(text string) (string, error) {
	var d sdp.SessionDescription
	if err := d.UnmarshalString(text); err != nil {
		return "", fmt.Errorf("not SDP: %w", err)
	}
	if text == "" {
		return "", errors.New("not SDP: there is nothing")
	}
	if strings.ContainsFunc(strings.NewReplacer("\r\n", "", "\n", "").Replace(text), unicode.IsControl) {
		return "", errors.New("not SDP: it has control characters")
	}
	if len(d.MediaDescriptions) != 1 || d.MediaDescriptions[0].MediaName.Media != "application" {
		return "", errSections
	}
	m := d.MediaDescriptions[0]
	if !slices.Equal(m.MediaName.Protos, []string{"UDP", "DTLS", "SCTP"}) || !slices.Equal(m.MediaName.Formats, []string{"webrtc-datachannel"}) {
		return "", errors.New("want m=application with UDP/DTLS/SCTP webrtc-datachannel")
	}
	filter(&d.Attributes)
	filter(&m.Attributes)
	m.Bandwidth, m.EncryptionKey, m.MediaTitle = nil, nil, nil
	d.SessionInformation, d.URI, d.EmailAddress, d.PhoneNumber, d.Bandwidth, d.TimeZones, d.EncryptionKey = nil, nil, nil, nil, nil, nil, nil
	if err := checkTransport(&d, m); err != nil {
		return "", err
	}
	out, err := d.Marshal()
	return string(out), err
}

func filter(attributes *[]sdp.Attribute) {
	*attributes = slices.DeleteFunc(*attributes, func(a sdp.Attribute) bool { return !slices.Contains(kept, a.Key) })
}

// checkTransport looks at what ICE, DTLS and SCTP need to know.
func checkTransport(d *sdp.SessionDescription, m *sdp.MediaDescription) error {
	get := func(key string) string {
		if value, ok := m.Attribute(key); ok {
			return value
		}
		value, _ := d.Attribute(key)
		return value
	}
	if n := len(get("ice-ufrag")); n < 4 || n > 256 {
		return fmt.Errorf("a=ice-ufrag has %d characters, want 4 to 256", n)
	}
	if n := len(get("ice-pwd")); n < 22 || n > 256 {
		return fmt.Errorf("a=ice-pwd has %d characters, want 22 to 256", n)
	}
	for _, key := range []string{"ice-ufrag", "ice-pwd"} {
		if strings.ContainsFunc(get(key), func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/')
		}) {
			return fmt.Errorf("a=%s has characters that none can have", key)
		}
	}
	switch setup := get("setup"); setup {
	case "actpass", "active":
	default:
		return fmt.Errorf("a=setup is %.20q, want actpass or active", setup)
	}
	if mid := get("mid"); len(mid) == 0 || len(mid) > 32 {
		return errors.New("a=mid is missing or too long")
	}
	if port := get("sctp-port"); port != "" && port != "5000" {
		return fmt.Errorf("a=sctp-port is %.10q, want 5000", port)
	}
	if text := get("max-message-size"); text != "" {
		if size, err := strconv.ParseUint(text, 10, 32); err != nil || size > 0 && size <= liveBytes {
			return fmt.Errorf("a=max-message-size is %.20q, want more than %d", text, liveBytes)
		}
	}
	return checkFingerprint(get("fingerprint"))
}

func checkFingerprint(text string) error {
	hash, digits, _ := strings.Cut(text, " ")
	sizes := map[string]int{"sha-256": 32, "sha-384": 48, "sha-512": 64}
	sum, err := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	if err != nil || len(sum) == 0 || len(sum) != sizes[strings.ToLower(hash)] {
		return fmt.Errorf("a=fingerprint is %.80q, want sha-256 and 32 bytes in hexadecimal", text)
	}
	return nil
}
