package netcode

import (
	"errors"
	"math"
	"strconv"
)

// exactFrom is where doubles are so far apart (2^-20) that their shortest
// decimals are within AppendNumber's promise, and rounding those would not be.
const exactFrom = 1 << 32

// AppendNumber appends v as a JSON number of at most six decimals, rounded to
// the nearest, without trailing zeros or a negative zero: it is within 5e-7 of v.
// From 2^32 on, where doubles have no more decimals than that, a reader gets v
// itself. Below 1e15 there is no exponent. v must be finite.
func AppendNumber(dst []byte, v float64) []byte {
	magnitude := math.Abs(v)
	if magnitude >= exactFrom {
		return appendLarge(dst, v, magnitude)
	}
	whole := uint64(magnitude)
	millionths := uint64((magnitude-float64(whole))*1e6 + 0.5)
	if millionths == 1e6 {
		whole, millionths = whole+1, 0
	}
	if v < 0 && whole|millionths != 0 {
		dst = append(dst, '-')
	}
	if whole < 10 {
		dst = append(dst, '0'+byte(whole))
	} else {
		dst = strconv.AppendUint(dst, whole, 10)
	}
	if millionths == 0 {
		return dst
	}
	return appendDecimals(dst, uint32(millionths))
}

func appendLarge(dst []byte, v, magnitude float64) []byte {
	if magnitude < 1e15 {
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// appendDecimals appends a point and millionths (1 to 999,999) without trailing
// zeros.
func appendDecimals(dst []byte, millionths uint32) []byte {
	a, b, c := millionths/10_000, millionths/100%100, millionths%100
	dst = append(dst, '.',
		'0'+byte(a/10), '0'+byte(a%10),
		'0'+byte(b/10), '0'+byte(b%10),
		'0'+byte(c/10), '0'+byte(c%10))
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// appendFloat appends v in the shortest form that reads back as exactly v, as
// null if it is not finite.
func appendFloat(dst []byte, v float64) []byte {
	switch magnitude := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return append(dst, "null"...)
	case magnitude < 1e15 && (magnitude >= 1e-6 || v == 0):
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	default:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	}
}

var (
	errTooLarge  = errors.New("a number too large to hold")
	errNotNumber = errors.New("a malformed number")
)

var powersOfTen = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// parseNumber reads the JSON number that text begins with. It returns the
// nearest double, and how long the number is. Where coarse will do, the double
// may be the one beside it, for half the price: sensors and matrices of C agents
// have 17 digits, more than a double holds.
func parseNumber(text []byte, coarse bool) (v float64, length int, err error) {
	i := 0
	if text[0] == '-' {
		i++
	}
	mantissa, digits := parseDigits(text[i:], 0)
	if digits == 0 || digits > 1 && text[i] == '0' {
		return 0, i, errNotNumber
	}
	i += digits
	decimals := 0
	if i < len(text) && text[i] == '.' {
		mantissa, decimals = parseDigits(text[i+1:], mantissa)
		if decimals == 0 {
			return 0, i, errNotNumber
		}
		i += 1 + decimals
	}
	// Of at most 19 digits the mantissa has not overflowed. Where both it and
	// the power of ten are exact, their quotient is the nearest double.
	exact := mantissa <= maxWhole || coarse
	if i < len(text) && text[i]|0x20 == 'e' || digits+decimals > 19 || !exact {
		return parseSlowNumber(text, i)
	}
	v = float64(mantissa)
	if decimals > 0 {
		v /= powersOfTen[decimals]
	}
	if text[0] == '-' {
		v = -v
	}
	return v, i, nil
}

// parseDigits appends the digits that text begins with to mantissa.
func parseDigits(text []byte, mantissa uint64) (_ uint64, digits int) {
	for i, c := range text {
		if c-'0' > 9 {
			return mantissa, i
		}
		mantissa = mantissa*10 + uint64(c-'0')
	}
	return mantissa, len(text)
}

// parseSlowNumber is parseNumber for what needs more precision or has an
// exponent, which would begin at text[i].
func parseSlowNumber(text []byte, i int) (float64, int, error) {
	if i < len(text) && text[i]|0x20 == 'e' {
		if i++; i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		_, digits := parseDigits(text[i:], 0)
		if digits == 0 {
			return 0, i, errNotNumber
		}
		i += digits
	}
	v, err := strconv.ParseFloat(string(text[:i]), 64)
	if err != nil {
		return 0, i, errTooLarge
	}
	return v, i, nil
}
