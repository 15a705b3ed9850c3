package client

import (
	"errors"
	"fmt"

	"github.com/loci-place/loci/netcode"
)

// AnnounceError means that a place has refused an announce (netcode/PROTOCOL.md,
// "Connections").
type AnnounceError struct {
	Code   int // 1003 for an unsupported version
	Reason string
}

func (e *AnnounceError) Error() string {
	return fmt.Sprintf("netcode: refused by the place: %s (%d)", e.Reason, e.Code)
}

// DisconnectError means that the place has ended the connection, or fell silent (Code is then
// CodeConnectionLost). It matches [netcode.ErrClosed].
type DisconnectError struct {
	Code uint32 // one of the Code constants, or a place's own
}

var disconnectReasons = map[uint32]string{
	netcode.CodeConnectionLost:  "connection lost",
	netcode.CodeOutdatedVersion: "the place does not speak this version",
	netcode.CodeKicked:          "kicked out of the place",
	netcode.CodePlaceClosed:     "the place has closed",
	netcode.CodeViolations:      "sent away for too many forged or senseless messages",
	netcode.CodeOverload:        "sent away for sending or leaving unread too much",
	netcode.CodeDenied:          "not let in",
	netcode.CodeNeverAnnounced:  "sent away for not announcing in time",
	netcode.CodeBadAnnounce:     "sent away for an announce that made no sense",
	netcode.CodeUnproven:        "not let in for want of a proof",
	netcode.CodeResumed:         "the agent has come back over another connection",
	netcode.CodeAddressFull:     "too many connections from this address",
	netcode.CodeFull:            "the place is full",
}

func (e *DisconnectError) Error() string {
	reason, ok := disconnectReasons[e.Code]
	if !ok {
		reason = "disconnected by the place"
	}
	return fmt.Sprintf("netcode: %s (%d)", reason, e.Code)
}

// Unwrap makes a DisconnectError an ErrClosed.
func (e *DisconnectError) Unwrap() error { return netcode.ErrClosed }

// RefusedError is a negative response: [verb,"error",reason] or [verb,"failed",reason], or a
// rule of the place that denies the request (netcode/PROTOCOL.md, "Interactions").
type RefusedError struct {
	Verb   string // of the request
	Kind   string // "error", "failed" or "denied"
	Reason string // in words; the rule if denied
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("netcode: %s %s: %s", e.Verb, e.Kind, e.Reason)
}

// ErrAssetDamaged is returned by [Client.FetchAsset] if the content does not match the id.
var ErrAssetDamaged = errors.New("netcode: damaged asset")

// AssetError is a failure from the place (netcode/PROTOCOL.md, "Assets").
type AssetError struct {
	Code   int    // AssetNotAvailable, AssetMalformed, or another
	Reason string // in words
}

func (e *AssetError) Error() string {
	return fmt.Sprintf("netcode: no such asset: %s (%d)", e.Reason, e.Code)
}
