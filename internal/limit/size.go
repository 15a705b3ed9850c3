package limit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// units by their names in lower case. Those with an i are powers of 1024, the others of 1000.
var units = map[string]float64{
	"": 1, "b": 1,
	"k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
	"ki": 1 << 10, "kib": 1 << 10, "mi": 1 << 20, "mib": 1 << 20, "gi": 1 << 30, "gib": 1 << 30, "ti": 1 << 40, "tib": 1 << 40,
}

// ParseSize reads a number of bytes with a unit or without, in any case and with a space or
// none between them.
func ParseSize(text string) (int64, error) {
	trimmed := strings.TrimSpace(text)
	end := len(trimmed)
	for end > 0 && (trimmed[end-1] < '0' || trimmed[end-1] > '9') && trimmed[end-1] != '.' {
		end--
	}
	number := trimmed[:end]
	unit, known := units[strings.ToLower(strings.TrimSpace(trimmed[end:]))]
	bad := fmt.Errorf("%q is no size, want one such as 65536, 512MB or 1GiB", text)
	if !known || strings.Trim(number, "+-.0123456789") != "" {
		return 0, bad
	}
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && unit == 1 {
		return n, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, bad
	}
	if f *= unit; f != math.Trunc(f) || math.Abs(f) >= 1<<62 {
		return 0, fmt.Errorf("%q is no whole number of bytes below 4 EiB", text)
	}
	return int64(f), nil
}

// FormatSize writes a number of bytes in the largest unit that it is a whole number of.
func FormatSize(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n != 0 && n%u.bytes == 0 {
			return fmt.Sprintf("%d%s", n/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}

// Size is a flag of a size, for package pflag. N is where it goes.
type Size[T int | int64] struct{ N *T }

// String writes the size.
func (v Size[T]) String() string {
	if v.N == nil || *v.N == 0 {
		return ""
	}
	return FormatSize(int64(*v.N))
}

// Set reads it.
func (v Size[T]) Set(text string) error {
	n, err := ParseSize(text)
	if err != nil {
		return err
	}
	if int64(T(n)) != n {
		return fmt.Errorf("%q is too large", text)
	}
	*v.N = T(n)
	return nil
}

// Type is what help calls it.
func (Size[T]) Type() string { return "size" }
