// Package acl is the language of access rules and subscriptions: patterns in the
// manner of Elixir's, with guards, matched against decoded JSON.
//
//	["interaction", "request", From, "place", _, ["change_components", E | _]]
//	    when owner(E) != nil and not owns(From, E)
//
// A source becomes tokens, a tree, and a [Pattern]: the structure is matched in Go,
// guards are emitted from the tree as expr programs that call operations with
// Elixir's semantics. A [List] of rules decides about interactions, indexed by
// type, receiver and verb; [Subscriptions] finds who wants a publication. What
// guards ask about the place goes through an [Env]. The package knows neither
// places nor scripts.
//
// # Spelling
//
// Elixir's own and that of the protocol's documents are both taken: "when" or
// "where", variables with a small or a capital letter, comments behind # or //,
// Map["key"] and Map.key. [Pattern.String] returns the canonical form.
//
// # Errors
//
// An error in a guard makes it false, and the next "when" is tried. It is told
// apart from plain false ([Result]), because a deny rule must take it for a match.
// A failure, such as an Env that cannot answer, is neither: one who decides by the
// pattern must deny.
//
// # Where this is not Elixir
//
//   - JSON does not tell 1 from 1.0, and decoders do not keep how it was written.
//     So a number without a fraction is an integer, however it came about: written
//     in the pattern, received or computed. 1.0 matches 1, 1 === 1.0 is true, so is
//     is_integer(6 / 2), and div(4.0, 2) is 2.
//   - Numbers are float64, as they are to scripts and to most agents: an integer that
//     is none counts as the nearest one, in patterns and messages alike, so from 2^53
//     on neighbours may be equal (and ids belong into strings). A result beyond the
//     largest float64 is an error.
//   - The keys of maps are strings, and key: means "key" =>. Atoms but true, false
//     and nil are strings: :name is "name".
//   - A capital letter begins a variable, not a module. Names that begin with _ are
//     never bound, so two _x need not be equal and no guard can read one.
//   - Between a value and its key there may be blanks, and a guard, unlike Elixir's,
//     may look up Map["key"], which is nil if there is none, and List[0], counted
//     from 0, nil behind the end.
//   - X in A in B wants parentheses: Elixir's reading of it with "not" surprises.
//   - X in List takes any list, not only one that is written out.
//   - null is refused: nil is meant. So is "where" as a name, and any name with
//     other letters than a to z.
//   - The tail behind | is a list in a guard too.
//   - A pattern is of limited size, and so is the work of a match ([MaxSource] and
//     the limits beside it, [MaxSteps]).
//   - Strings begin and end with one quote, and hold no #{…}.
//   - Tuples, binaries, sigils, structs, ranges, charlists and modules there are
//     not. elem and tuple_size are known, and always an error.
//
// As in Elixir, "not" binds tightest: "not A == B" compares "not A" with B, and
// "not A in B" is "A not in B".
package acl
