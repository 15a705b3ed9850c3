package scripts

import (
	"slices"
	"strconv"

	"github.com/loci-place/loci/acl"
)

// suggest ends an error about a name that there is not with the one that was likely
// meant.
func suggest(name string, names []string) string {
	return acl.DidYouMean(name, slices.Values(names))
}

// atoi reads the line of a position; it is 0 where there is none.
func atoi(line string) int {
	n, _ := strconv.Atoi(trimColon(line))
	return n
}

func trimColon(s string) string {
	for len(s) > 0 && (s[len(s)-1] == ':' || s[len(s)-1] == ' ') {
		s = s[:len(s)-1]
	}
	return s
}
