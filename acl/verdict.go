package acl

import "fmt"

// Verdict is what a rule says of the interactions it matches.
type Verdict uint8

const (
	Deny Verdict = iota // the zero value: what nobody decided is denied
	Allow
)

// ParseVerdict reads "deny" or "allow".
func ParseVerdict(text string) (Verdict, error) {
	switch text {
	case "deny":
		return Deny, nil
	case "allow":
		return Allow, nil
	}
	return Deny, fmt.Errorf("%.100q is no verdict: write \"allow\" or \"deny\"", text)
}

func (v Verdict) String() string {
	if v == Allow {
		return "allow"
	}
	return "deny"
}
