package engine

import setting "github.com/loci-place/loci/internal/limit"

// LimitFlag returns the name under which [Limits.Set] knows a field of Limits:
// "interaction-rate" for InteractionRate.
func LimitFlag(field string) string { return setting.Flag(field) }

// LimitFlags returns the names of all limits, in the order of the fields.
func LimitFlags() []string { return setting.Flags[Limits]() }

// Set sets a limit by its name ([LimitFlag]) to what its text says: a whole number, for bytes
// with KiB, MiB or GiB behind it if need be; a time such as 100ms; or a fraction.
func (l *Limits) Set(name, text string) error { return setting.Set(l, name, text) }
