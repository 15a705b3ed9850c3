package scripts

import (
	"fmt"

	"github.com/loci-place/loci/internal/limit"
)

// LimitFlags returns the names of all limits, in the order of the fields of [Limits]:
// "call-time" for CallTime.
func LimitFlags() []string { return limit.Flags[Limits]() }

// Set sets a limit by its name ([LimitFlags]) to what its text says: a whole number, for
// bytes with KiB, MiB or GiB behind it if need be, or a time such as 100ms.
func (l *Limits) Set(name, text string) error { return limit.Set(l, name, text) }

// check refuses what no limit can be.
func (l *Limits) check() error {
	if err := limit.Check(l); err != nil {
		return fmt.Errorf("scripts: %w", err)
	}
	return nil
}
