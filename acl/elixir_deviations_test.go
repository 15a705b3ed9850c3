package acl

// elixirDeviations are the cases of the table in which this package is not as
// Elixir is, with what it does instead. The reasons are in the package's
// documentation; they are tested to be deviations still.
var elixirDeviations = joined(
	wholeNumbersAreIntegers,
	numbersAreFloats,
	guardsBehindOneThatPassesAreNotTried,
	moreIsTaken,
	lessIsTaken,
)

// JSON does not tell 1 from 1.0.
var wholeNumbersAreIntegers = map[string]string{
	"literal/integer pattern refuses float":          "match",
	"literal/float pattern refuses integer":          "match",
	"literal/JSON exponent without point is a float": "match",
	"literal/zero is not float zero":                 "match",
	"bigint/not strictly its float":                  "match",
	"variable/twice 1 and 1.0":                       "match",
	"variable/twice lists with 1 and 1.0":            "match",
	"variable/twice maps with 1 and 1.0":             "match",
	"map/value 1 refuses 1.0":                        "match",
	"both/literal and literal of another kind":       "match",
	"equal/strictly 1 and 1.0":                       "match",
	"equal/!== 1 and 1.0":                            "no match",
	"equal/strictly in a list":                       "match",
	"equal/strictly in a map":                        "match",
	"in/is strict":                                   "match",
	"in/map equal strictly inside":                   "match",
	"not in/is strict":                               "no match",
	"arithmetic/quotient is no integer":              "match",
	"div/float is an error":                          "match",
	"div/float divisor is an error":                  "match",
	"rem/float is an error":                          "match",
	"binary_part/float is an error":                  "match",
	"is_integer/a float":                             "match",
	"is_float/a float":                               "no match",
	"is_float/exponent without point":                "no match",
}

// An integer that no float64 equals counts as the nearest.
var numbersAreFloats = map[string]string{
	"bigint/beyond 2^53 one off":            "match",
	"bigint/beyond 64 bits one off":         "match",
	"bigint/comparison with float is exact": "match",
	"bigint/greater than the float below":   "no match",
	"bigint/order":                          "no match",
}

// The table notes an error wherever there is one; here, as in Elixir, a guard is
// only tried if none before it passes.
var guardsBehindOneThatPassesAreNotTried = map[string]string{
	"guard/several, error in the second": "match",
}

// Elixir refuses these for reasons of its own.
var moreIsTaken = map[string]string{
	"map/arrow key after a colon key":    "compiles",
	"pattern/exponent without point":     "compiles",
	"guard/minus at the start of a line": "compiles",
	"guard/in a variable":                "compiles",
	"guard/in a key of a map":            "compiles",
	"guard/in a list with a tail":        "compiles",
}

// These are no part of the language; each error says what to write.
var lessIsTaken = map[string]string{
	"number/character":                   "compile error",
	"string/heredoc":                     "compile error",
	"tail/joined lists":                  "compile error",
	"variable/where":                     "compile error",
	"variable/unicode":                   "compile error",
	"variable/exclamation":               "compile error",
	"variable/trailing question mark":    "compile error",
	"call/without parentheses":           "compile error",
	"guard/range":                        "compile error",
	"guard/range and a float":            "compile error",
	"guard/is_atom of nil":               "compile error",
	"guard/is_atom of true":              "compile error",
	"guard/is_tuple":                     "compile error",
	"guard/is_function":                  "compile error",
	"guard/bit_size":                     "compile error",
	"guard/tuple":                        "compile error",
	"guard/elem of a tuple":              "compile error",
	"map/integer key never matches JSON": "compile error",
	"map/nil key never matches JSON":     "compile error",
}

func joined(tables ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, table := range tables {
		for name, outcome := range table {
			all[name] = outcome
		}
	}
	return all
}
