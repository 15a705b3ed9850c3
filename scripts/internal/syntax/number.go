package syntax

import (
	"math"
	"strconv"
	"strings"
)

// spaces are what C's isspace accepts.
const spaces = " \t\n\v\f\r"

// ParseNumber converts text as Lua does: decimal or hexadecimal, with a sign and
// white space around it. It is what a numeral in a source means, too.
func ParseNumber(text string) (float64, bool) {
	text = strings.Trim(text, spaces)
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || len(text)-len(digits) > 1 || strings.IndexByte(digits, '_') >= 0 {
		return 0, false // Go reads underscores in hexadecimal numbers
	}
	if len(digits) > 1 && digits[0] == '0' && digits[1]|0x20 == 'x' && !strings.ContainsAny(digits, "pP") {
		text += "p0" // Go wants an exponent
	}
	if strings.EqualFold(digits, "nan") {
		return math.NaN(), true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) { // too large is infinite
		return 0, false
	}
	return n, true
}
