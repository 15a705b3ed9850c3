package engine

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// LimitFlag returns the name under which [Limits.Set] knows a field of Limits:
// "interaction-rate" for InteractionRate.
func LimitFlag(field string) string {
	var out strings.Builder
	last := ' '
	for i, r := range field {
		if i > 0 && unicode.IsUpper(r) && !unicode.IsUpper(last) {
			out.WriteByte('-')
		}
		out.WriteRune(unicode.ToLower(r))
		last = r
	}
	return out.String()
}

// LimitFlags returns the names of all limits, in the order of the fields.
func LimitFlags() []string {
	t := reflect.TypeFor[Limits]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = LimitFlag(t.Field(i).Name)
	}
	return names
}

// Set sets a limit by its name ([LimitFlag]) to what its text says: a whole number, for bytes
// with KiB, MiB or GiB behind it if need be; a time such as 100ms; or a fraction.
func (l *Limits) Set(name, text string) error {
	v := reflect.ValueOf(l).Elem()
	for i := range v.NumField() {
		if LimitFlag(v.Type().Field(i).Name) == name {
			return setLimit(v.Field(i), name, text)
		}
	}
	return fmt.Errorf("there is no limit %q; there are %s", name, strings.Join(LimitFlags(), ", "))
}

func setLimit(field reflect.Value, name, text string) error {
	switch p := field.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return fmt.Errorf("limit %s is %q, want a time greater than 0, such as 100ms", name, text)
		}
		*p = d
	case *int:
		n, err := parseCount(text)
		if err != nil || n <= 0 {
			return fmt.Errorf("limit %s is %q, want a whole number greater than 0, such as 500 or 64KiB", name, text)
		}
		*p = n
	case *float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(f > 0 && f <= 1) {
			return fmt.Errorf("limit %s is %q, want a fraction greater than 0, up to 1", name, text)
		}
		*p = f
	}
	return nil
}

func parseCount(text string) (int, error) {
	for unit, shift := range map[string]int{"KiB": 10, "MiB": 20, "GiB": 30} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 32)
			return int(n) << shift, err
		}
	}
	return strconv.Atoi(text)
}
