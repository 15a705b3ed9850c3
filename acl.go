package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/spf13/cobra"
)

func newACLCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "acl",
		Short: "Try out access rules and subscriptions",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newACLExplainCommand())
	return cmd
}

func newACLExplainCommand() *cobra.Command {
	told := newAnswers()
	cmd := &cobra.Command{
		Use:   "explain PATTERN [MESSAGE.json]",
		Short: "Say what a pattern means, and why it matches a message or does not",
		Long: `Say what a pattern means, and why it matches a message or does not.

PATTERN is a rule without its verdict, or a subscription; @FILE reads it from a
file, - from stdin. The canonical form, the variables and the guard as it is
compiled are printed. MESSAGE.json is a file with one JSON value, - for stdin: for
a rule the whole ["interaction", type, from, to, request id, body], or what the
place asks about one that hangs an entity on somebody else's, or takes it off,
["attach" or "detach", from, entity or null, parent]; for a subscription the body
alone. Then what is printed also says whether the pattern
matches it, with which values, or what does not fit.

Exit codes: 0 if it matches, or there is no message; 1 if it does not match; 2 if
there is no saying: the pattern is no pattern, the message cannot be read, or the
guard asks about the place. Only a place can answer that, or flags in its stead,
each as often as needed: nothing is made up, but that of an entity with an owner
only those offers were made that are told. ENTITY ends at the first =.`,
		Example: `  loci acl explain '["poke", Hard] when Hard == true' poke.json
  loci acl explain @rule.txt kick.json --owner a1=agent7 --component 'place.moderators={"agents":["agent7"]}'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 || len(args) == 2 {
				return nil
			}
			return &usageError{cmd, fmt.Errorf("%d arguments, want PATTERN and at most one MESSAGE.json", len(args))}
		},
		RunE: func(cmd *cobra.Command, args []string) error { return explain(cmd, args, told) },
	}
	flags := cmd.Flags()
	flags.Func("owner", "`ENTITY=AGENT` it belongs to; with nothing behind the = there is no such entity", told.owner)
	flags.Func("identity", "`ENTITY=JSON`, its agent's identity", told.identity)
	flags.Func("verified", "`ENTITY=KEY` that its agent has proven to have; with nothing behind the first = none", told.prove)
	flags.Func("unbound", "`ENTITY` whose agent's proof is not bound to the place, as those of old clients", told.unbind)
	flags.Func("component", "`ENTITY.NAME=JSON`, a component of it; null if it has none of that name", told.component)
	flags.Func("offered", "`ENTITY=TO`: its owner has named it to the owner of TO", told.offer)
	return cmd
}

// explain does what `loci acl explain` is asked.
func explain(cmd *cobra.Command, args []string, told *answers) error {
	if len(args) == 2 && args[0] == "-" && args[1] == "-" {
		return &usageError{cmd, errors.New("the pattern and the message cannot both come from stdin")}
	}
	source, file, err := patternSource(args[0], cmd.InOrStdin())
	if err != nil {
		return &usageError{cmd, err}
	}
	p, err := acl.Compile(source, acl.At(file, 1))
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), err)
		return exitStatus(exitUsage)
	}
	if len(args) == 1 {
		return describe(cmd.OutOrStdout(), p)
	}
	message, err := readMessage(args[1], cmd.InOrStdin())
	if err != nil {
		return &usageError{cmd, err}
	}
	if err := describe(cmd.OutOrStdout(), p); err != nil {
		return err
	}
	return verdict(cmd.OutOrStdout(), p, message, told)
}

// patternSource returns the text of the pattern that an argument means, and what to
// call it in errors.
func patternSource(arg string, stdin io.Reader) (text, file string, err error) {
	if arg == "-" {
		all, err := io.ReadAll(stdin)
		return string(all), "stdin", err
	}
	if file, ok := strings.CutPrefix(arg, "@"); ok {
		all, err := os.ReadFile(file)
		return string(all), file, err
	}
	return arg, "", nil
}

func readMessage(file string, stdin io.Reader) (any, error) {
	var data []byte
	var err error
	if file == "-" {
		file = "stdin"
		data, err = io.ReadAll(stdin)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	v, err := netcode.ParseStrict(data) // as a place does
	if err != nil {
		return nil, fmt.Errorf("%s is not a message: %w", file, err)
	}
	return v, nil
}

func describe(w io.Writer, p *acl.Pattern) error {
	orNone := func(text string) string {
		if text == "" {
			return "none"
		}
		return strings.ReplaceAll(text, "\n", "\n  ")
	}
	_, err := fmt.Fprintf(w, "canonical form:\n  %s\nvariables:\n  %s\nguard, as compiled to expr:\n  %s\n",
		p, orNone(strings.Join(p.Variables(), ", ")), orNone(p.GuardSource()))
	return err
}

// verdict prints why the message matches or does not; the error is the exit code
// that says so.
func verdict(w io.Writer, p *acl.Pattern, message any, told *answers) error {
	e := p.Explain(message, told)
	text := strings.ReplaceAll(e.String(), "\n", "\n  ")
	if !e.Matched && p.Match(message, told).GuardError != nil {
		text += "\n  (a deny rule takes an error in its guard for a match, and denies)"
	}
	if _, err := fmt.Fprintf(w, "message:\n  %s\n", text); err != nil {
		return err
	}
	switch {
	case e.Failure != nil:
		return exitStatus(exitUsage)
	case !e.Matched:
		return exitStatus(exitFailure)
	}
	return nil
}

// answers are flags in the stead of a place. An error says which flag is missing.
type answers struct {
	owners     map[string]string
	identities map[string]map[string]any
	verified   map[string]string
	unbound    map[string]bool
	components map[[2]string]map[string]any // by entity and name
	offers     [][2]string                  // entity, to
}

var _ acl.Env = (*answers)(nil)

// newAnswers knows what is so in every place: an id that is empty names nothing.
func newAnswers() *answers {
	return &answers{
		owners:     map[string]string{"": "", engine.PlaceID: engine.PlaceID},
		identities: map[string]map[string]any{"": nil, engine.PlaceID: nil},
		verified:   map[string]string{engine.PlaceID: ""},
		unbound:    map[string]bool{},
		components: map[[2]string]map[string]any{},
	}
}

func (a *answers) owner(flag string) error {
	entity, agent, ok := strings.Cut(flag, "=")
	if !ok {
		return errors.New("want ENTITY=AGENT")
	}
	a.owners[entity] = agent
	return nil
}

func (a *answers) identity(flag string) error {
	entity, text, ok := strings.Cut(flag, "=")
	if !ok {
		return errors.New("want ENTITY=JSON")
	}
	identity, err := object(text)
	a.identities[entity] = identity
	return err
}

func (a *answers) prove(flag string) error {
	entity, key, ok := strings.Cut(flag, "=")
	if !ok {
		return errors.New("want ENTITY=KEY")
	}
	a.verified[entity] = key
	return nil
}

func (a *answers) unbind(flag string) error {
	a.unbound[flag] = true
	return nil
}

func (a *answers) component(flag string) error {
	key, text, ok := strings.Cut(flag, "=")
	dot := strings.LastIndexByte(key, '.')
	if !ok || dot < 0 {
		return errors.New("want ENTITY.NAME=JSON")
	}
	component, err := object(text)
	a.components[[2]string{key[:dot], key[dot+1:]}] = component
	return err
}

func (a *answers) offer(flag string) error {
	entity, to, ok := strings.Cut(flag, "=")
	if !ok {
		return errors.New("want ENTITY=TO")
	}
	a.offers = append(a.offers, [2]string{entity, to})
	return nil
}

// object reads a JSON object, or null.
func object(text string) (map[string]any, error) {
	v, err := netcode.ParseValue([]byte(text))
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok && v != nil {
		return nil, errors.New("want an object or null")
	}
	return object, nil
}

// missing is the error where only a place would know.
func missing(format string, args ...any) error {
	return fmt.Errorf("only a place knows: "+format+" would tell", args...)
}

// Owner implements [acl.Env].
func (a *answers) Owner(entity string) (string, error) {
	agent, ok := a.owners[entity]
	if !ok {
		return "", missing("--owner %q", entity+"=AGENT")
	}
	return agent, nil
}

// Owns implements [acl.Env].
func (a *answers) Owns(entity, other string) (bool, error) {
	first, err := a.Owner(entity)
	if err != nil {
		return false, err
	}
	second, err := a.Owner(other)
	return first != "" && first == second, err
}

// Offered implements [acl.Env]. Who says nothing of offers has had none.
func (a *answers) Offered(entity, to string) (bool, error) {
	for _, o := range a.offers {
		if o[0] != entity {
			continue
		}
		if o[1] == to || a.owners[to] != "" && a.owners[o[1]] == a.owners[to] {
			return true, nil
		}
	}
	if _, known := a.owners[entity]; !known {
		return false, missing("--offered %q, or --owner %q", entity+"="+to, entity+"=AGENT")
	}
	return false, nil
}

// Identity implements [acl.Env].
func (a *answers) Identity(entity string) (map[string]any, error) {
	identity, ok := a.identities[entity]
	if agent, owned := a.owners[entity]; !ok && (!owned || agent != "") {
		return nil, missing("--identity %q", entity+"={…}")
	}
	return identity, nil
}

// Verified implements [acl.Env]. In an announce "" is somebody.
func (a *answers) Verified(entity string) (string, error) {
	key, ok := a.verified[entity]
	if agent, owned := a.owners[entity]; !ok && (entity == "" || !owned || agent != "") {
		return "", missing("--verified %q", entity+"=KEY")
	}
	return key, nil
}

// Bound implements [acl.Env]: what is verified is, unless it was said not to be.
func (a *answers) Bound(entity string) (bool, error) {
	key, err := a.Verified(entity)
	return key != "" && !a.unbound[entity], err
}

// Component implements [acl.Env].
func (a *answers) Component(entity, name string) (map[string]any, error) {
	component, ok := a.components[[2]string{entity, name}]
	if agent, owned := a.owners[entity]; !ok && (!owned || agent != "") {
		return nil, missing("--component %q", entity+"."+name+"={…}")
	}
	return component, nil
}
