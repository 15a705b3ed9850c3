// Package limit sets the fields of structs of limits by name, and reads and writes numbers of
// bytes as people do, 1GiB, 512MB or 10k: for flags.
package limit

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Flag returns the name under which [Set] knows a field: "interaction-rate" for
// InteractionRate.
func Flag(field string) string {
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

// Flags returns the names of all fields of a struct, in their order.
func Flags[T any]() []string {
	t := reflect.TypeFor[T]()
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = Flag(t.Field(i).Name)
	}
	return names
}

// Set sets a field of a struct by its name ([Flag]) to what its text says: a whole number,
// for bytes with KiB, MiB or GiB behind it if need be; a time such as 100ms; or a fraction.
func Set[T any](limits *T, name, text string) error {
	v := reflect.ValueOf(limits).Elem()
	for i := range v.NumField() {
		if Flag(v.Type().Field(i).Name) == name {
			return set(v.Field(i), name, text)
		}
	}
	return fmt.Errorf("there is no limit %q; there are %s", name, strings.Join(Flags[T](), ", "))
}

func set(field reflect.Value, name, text string) error {
	switch p := field.Addr().Interface().(type) {
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			return fmt.Errorf("limit %s is %q, want a time greater than 0, such as 100ms", name, text)
		}
		*p = d
	case *int:
		n, err := parseCount(text, strconv.IntSize)
		if err != nil || n <= 0 {
			return fmt.Errorf("limit %s is %q, want a whole number greater than 0, such as 500 or 64KiB", name, text)
		}
		*p = int(n)
	case *int64:
		n, err := parseCount(text, 64)
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

// parseCount reads a number, for bytes with a unit.
func parseCount(text string, bits int) (int64, error) {
	n, err := ParseSize(text)
	if err == nil && bits < 64 && n>>(bits-1) != 0 {
		err = errors.New("too large")
	}
	return n, err
}

// Check returns an error that names the first field that no limit can be: one below 0, or a
// fraction that is not within 0 and 1.
func Check[T any](limits *T) error {
	v := reflect.ValueOf(limits).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		switch f := v.Field(i); {
		case f.CanInt() && f.Int() < 0:
			return fmt.Errorf("Limits.%s is %v, want 0 for the default, or more", name, f.Interface())
		case f.CanFloat() && !(f.Float() >= 0 && f.Float() <= 1):
			return fmt.Errorf("Limits.%s is %v, want 0 for the default, up to 1", name, f.Interface())
		}
	}
	return nil
}
