// Package acl is the language of access rules and subscriptions: patterns with
// guards, like those of Elixir, matched against decoded JSON.
//
//	["interaction", "request", From, "place", _, ["change_components", E | _]]
//	    when owner(E) != nil and not owns(From, E)
//
// A source becomes tokens, a tree, and a [Pattern]: the structure is matched in Go,
// guards are emitted from the tree as expr programs that call operations with
// Elixir's semantics. A [List] of rules decides about interactions, indexed by
// type, receiver and verb; [Subscriptions] finds the subscribers of a publication.
// Guards ask about the place through an [Env]. The package knows neither places
// nor scripts.
//
// # Spelling
//
// Both Elixir's spelling and that of the protocol's documents are accepted: "when"
// or "where", variables with a small or a capital letter, comments after # or //,
// Map["key"] and Map.key. [Pattern.String] returns the canonical form.
//
// # Errors
//
// An error in a guard makes it false, and the next "when" is tried. [Result] keeps
// it apart from plain false, because a deny rule must treat it as a match. A
// failure, such as an Env that cannot answer, is neither: the caller must deny.
//
// # Where this is not Elixir
//
//   - JSON does not distinguish 1 from 1.0. So a number without a fraction is an
//     integer, whether written in the pattern, received or computed: 1.0 matches 1,
//     1 === 1.0 and is_integer(6 / 2) are true, and div(4.0, 2) is 2.
//   - Numbers are float64, as in scripts and most agents. An integer that float64
//     cannot represent becomes the nearest one that it can, in patterns and messages
//     alike, so neighbours may be equal from 2^53 on (use strings for ids). A result
//     beyond the largest float64 is an error.
//   - The keys of maps are strings, and key: means "key" =>. Atoms but true, false
//     and nil are strings: :name is "name".
//   - A capital letter begins a variable, not a module. Names that begin with _ are
//     never bound, so two _x need not be equal and no guard can read one.
//   - Blanks may stand between a value and its key. A guard may look up Map["key"],
//     which is nil if absent, and List[0], counted from 0, nil past the end.
//   - X in A in B needs parentheses: how Elixir reads it with "not" surprises.
//   - X in List accepts any list, not only one that is written out.
//   - null is refused: write nil. So are "where" as a name, and names with letters
//     other than a to z.
//   - The tail after | is a list in a guard too.
//   - The size of a pattern and the work of a match are limited ([MaxSource] and the
//     limits beside it, [MaxSteps]).
//   - Strings begin and end with one quote, and do not interpolate #{…}.
//   - There are no tuples, binaries, sigils, structs, ranges, charlists or modules.
//     elem and tuple_size are known, and always an error.
//
// As in Elixir, "not" binds tightest: "not A == B" compares "not A" with B, and
// "not A in B" is "A not in B".
package acl
