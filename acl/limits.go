package acl

// Limits of what [Compile] takes. They hold before anything reaches expr, whose
// parser knows none: a million parentheses overflow its stack for good.
const (
	// MaxSource is how long a pattern may be, in bytes. With the other limits it
	// bounds the time to compile one: some ten milliseconds for the worst, a tenth
	// of one for the usual.
	MaxSource = 8 << 10

	// MaxDepth is how deep brackets, parentheses and signs may be nested, which is
	// also how deep a message may be.
	MaxDepth = 64

	// MaxNodes is how many literals, variables, lists, maps, operators and calls a
	// pattern may have: a guard with a list of a thousand ids has room.
	MaxNodes = 2048

	// MaxGuards is how many guards a pattern may have, each behind its "when". Each
	// is a program of expr's.
	MaxGuards = 32

	// MaxName is how long a name may be, in bytes.
	MaxName = 64

	// maxDigits is how long a number may be: a double's 309 digits, and room for
	// separators.
	maxDigits = 400
)

// MaxSteps is how many steps one match may take: comparing a value is one, and so are 64
// bytes of text, 8 bytes of a component that is read, and each instruction of a guard. It is
// ten times what the largest message holds; a pattern that compares the same large value over
// and over reaches it, and fails: see [Result].
const MaxSteps = 100_000
