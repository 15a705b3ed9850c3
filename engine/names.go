package engine

import "fmt"

// checkName returns an error where a name that the host gives is longer than
// [Limits.NameBytes]: no agent could use it.
func (l *Limits) checkName(what, name string) error {
	if len(name) > l.NameBytes {
		return fmt.Errorf("%s has %d bytes (%.20q…), at most %d may be: Limits.NameBytes", what, len(name), name, l.NameBytes)
	}
	return nil
}
