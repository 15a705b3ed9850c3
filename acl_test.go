package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loci-place/loci/engine"
)

// messageFile writes a message to a file and gives its path.
func messageFile(t *testing.T, message string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "message.json")
	if err := os.WriteFile(file, []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestExplainPrintsWhatAPatternMeans(t *testing.T) {
	got := run(t, nil, "acl", "explain", "[ Sender,Text // who, what\n] where Sender==:nevyn\nand Text!=nil")
	want := `canonical form:
  [Sender, Text] when Sender == "nevyn" and Text != nil
variables:
  Sender, Text
guard, as compiled to expr:
  `
	if guard, ok := strings.CutPrefix(got.stdout, want); !ok || !strings.Contains(guard, "v_Sender") || strings.Contains(guard, "message:") {
		t.Errorf("got:\n%s\nwant:\n%s…", got.stdout, want)
	}
	if got.code != 0 || got.stderr != "" {
		t.Errorf("exit code %d, stderr %q", got.code, got.stderr)
	}
	got = run(t, nil, "acl", "explain", "_")
	if want := "canonical form:\n  _\nvariables:\n  none\nguard, as compiled to expr:\n  none\n"; got.stdout != want {
		t.Errorf("got:\n%s\nwant:\n%s", got.stdout, want)
	}
}

func TestExplainSaysIfAMessageMatches(t *testing.T) {
	for name, c := range map[string]struct {
		pattern, message string
		flags            []string
		code             int
		want             string
	}{
		"a match":  {`["a", X] when X > 1`, `["a",2]`, nil, 0, "\n  matches\n    when X > 1: true\n    X = 2\n"},
		"no match": {`["a", X]`, `["b",2]`, nil, 1, "\n  does not match\n    at message[0]: want \"a\", have \"b\"\n"},
		"an error": {`[X] when X + 1 == 2`, `["a"]`, nil, 1,
			"when X + 1 == 2: error, +: not a number but a string\n    X = \"a\"\n  (a deny rule takes an error in its guard for a match, and denies)\n"},
		"an error, and another guard": {`[X] when X + 1 == 2 when true`, `["a"]`, nil, 0, "X = \"a\"\n"},
		"a number as a place has it":  {`[9007199254740993]`, `[9007199254740993]`, nil, 0, "\n  matches\n"},

		"an owner":            {`[E] when owner(E) == "ann"`, `["e"]`, []string{"--owner", "e=ann"}, 0, "true"},
		"no entity":           {`[E] when owner(E) == nil`, `["e"]`, []string{"--owner", "e="}, 0, "true"},
		"of no entity":        {`[E] when identity(E) == nil and component(E, "x") == nil and not owns(E, E)`, `["e"]`, []string{"--owner=e="}, 0, "true"},
		"the place":           {`[E] when owner(E) == "place" and identity(E) == nil`, `["place"]`, nil, 0, "true"},
		"an empty id":         {`[E] when owner(E) == nil and identity(E) == nil and component(E, "x") == nil`, `[""]`, nil, 0, "true"},
		"one owner of both":   {`[A, B] when owns(A, B)`, `["e","f"]`, []string{"--owner", "e=ann", "--owner", "f=ann"}, 0, "true"},
		"two owners":          {`[A, B] when owns(A, B)`, `["e","f"]`, []string{"--owner", "e=ann", "--owner", "f=bob"}, 1, "not true"},
		"an identity":         {`[E] when identity(E)["n"] == "a=b"`, `["e"]`, []string{"--identity", `e={"n":"a=b"}`}, 0, "true"},
		"no identity":         {`[E] when identity(E) == nil`, `["e"]`, []string{"--identity", `e=null`}, 0, "true"},
		"a key":               {`[E] when verified(E) == "AbC="`, `["e"]`, []string{"--verified", `e=AbC=`}, 0, "true"},
		"a bound proof":       {`[E] when bound(E)`, `["e"]`, []string{"--verified", `e=AbC=`}, 0, "true"},
		"an unbound proof":    {`[E] when not bound(E)`, `["e"]`, []string{"--verified", `e=AbC=`, "--unbound", "e"}, 0, "true"},
		"no key":              {`[E] when verified(E) == nil`, `["e"]`, []string{"--verified", `e=`}, 0, "true"},
		"a newcomer's key":    {`[E] when verified(E) == "k"`, `[""]`, []string{"--verified", `=k`}, 0, "true"},
		"the place's key":     {`[E] when verified(E) == nil`, `["place"]`, nil, 0, "true"},
		"a component":         {`[E] when component(E, "c").on`, `["e.1"]`, []string{"--component", `e.1.c={"on":true}`}, 0, "true"},
		"an offer":            {`[A, B] when offered(A, B)`, `["e","f"]`, []string{"--offered", "e=f"}, 0, "true"},
		"an offer to its own": {`[A, B] when offered(A, B)`, `["e","f"]`, []string{"--offered", "e=g", "--owner", "f=bob", "--owner", "g=bob"}, 0, "true"},
		"an offer to another": {`[A, B] when offered(A, B)`, `["e","f"]`, []string{"--offered", "e=g", "--owner", "e=ann", "--owner", "f=bob", "--owner", "g=eve"}, 1, "not true"},
		"another's offer":     {`[A, B] when offered(A, B)`, `["e","f"]`, []string{"--offered", "g=f", "--owner", "e=ann"}, 1, "not true"},

		"what hangs on what": {`["attach", F, E, P] when E == nil and owner(P) == "place" and not offered(P, F)`, `["attach","a",null,"board"]`, []string{"--owner", "board=place"}, 0, "true"},

		"unknown owner":     {`[E] when owner(E) == nil`, `["e"]`, []string{"--owner", "f=ann"}, 2, `could not be tried: owner: only a place knows: --owner "e=AGENT" would tell`},
		"unknown owners":    {`[A, B] when owns(A, B)`, `["e","f"]`, []string{"--owner", "e=ann"}, 2, `--owner "f=AGENT" would tell`},
		"unknown identity":  {`[E] when identity(E) == nil`, `["e"]`, []string{"--owner", "e=ann"}, 2, `--identity "e={…}" would tell`},
		"unknown key":       {`[E] when verified(E) == nil`, `["e"]`, []string{"--owner", "e=ann"}, 2, `--verified "e=KEY" would tell`},
		"unknown newcomer":  {`[E] when verified(E) == nil`, `[""]`, nil, 2, `--verified "=KEY" would tell`},
		"unknown component": {`[E] when component(E, "c") == nil`, `["place"]`, nil, 2, `--component "place.c={…}" would tell`},
		"unknown offer":     {`[A, B] when offered(A, B)`, `["e","f"]`, nil, 2, `--offered "e=f", or --owner "e=AGENT" would tell`},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"acl", "explain", c.pattern, messageFile(t, c.message)}, c.flags...)
			got := run(t, nil, args...)
			if got.code != c.code || got.stderr != "" {
				t.Errorf("exit code %d, want %d; stderr %q", got.code, c.code, got.stderr)
			}
			_, said, ok := strings.Cut(got.stdout, "\nmessage:")
			if !ok || !strings.Contains(said, c.want) {
				t.Errorf("says:%s\nwant %s", said, c.want)
			}
		})
	}
}

func TestExplainReadsFilesAndStdin(t *testing.T) {
	rule, message := filepath.Join(t.TempDir(), "rule.txt"), messageFile(t, `["a"]`)
	if err := os.WriteFile(rule, []byte("# a rule\n[X]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args  []string
		stdin string
	}{
		"pattern from a file": {[]string{"@" + rule, message}, ""},
		"pattern from stdin":  {[]string{"-", message}, "[X]"},
		"message from stdin":  {[]string{"[X]", "-"}, `["a"]`},
		"one of each":         {[]string{"@" + rule, "-"}, `["a"]`},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := command(t, nil, append([]string{"acl", "explain"}, c.args...)...)
			cmd.Stdin = strings.NewReader(c.stdin)
			out, err := cmd.Output()
			if err != nil || !strings.HasSuffix(string(out), "message:\n  matches\n    X = \"a\"\n") {
				t.Errorf("%v:\n%s", err, out)
			}
		})
	}
}

func TestExplainShowsWhereAPatternIsWrong(t *testing.T) {
	rule := filepath.Join(t.TempDir(), "rule.txt")
	if err := os.WriteFile(rule, []byte("# a rule\n[X] when ownr(X)\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for argument, want := range map[string]string{
		"[X] when ownr(X)": "pattern:1:10: unknown function ownr: did you mean owner?\n | [X] when ownr(X)\n | .........^\n",
		"@" + rule:         rule + ":2:10: unknown function ownr: did you mean owner?\n | [X] when ownr(X)\n | .........^\n",
	} {
		got := run(t, nil, "acl", "explain", argument)
		if got.code != 2 || got.stdout != "" || got.stderr != want {
			t.Errorf("exit code %d, stdout %q, stderr:\n%swant:\n%s", got.code, got.stdout, got.stderr, want)
		}
	}
}

func TestMisuseOfExplainIsOneLineAndExitCode2(t *testing.T) {
	message := messageFile(t, `{"a":`)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown command":          {[]string{"explian"}, `"explian"`},
		"no pattern":               {[]string{"explain"}, "0 arguments"},
		"too many arguments":       {[]string{"explain", "_", message, message}, "3 arguments"},
		"no such pattern file":     {[]string{"explain", "@nowhere.txt"}, "nowhere.txt"},
		"no such message file":     {[]string{"explain", "_", "nowhere.json"}, "nowhere.json"},
		"a message that is broken": {[]string{"explain", "_", message}, message + " is not a message"},
		"both from stdin":          {[]string{"explain", "-", "-"}, "both"},
		"an owner of nothing":      {[]string{"explain", "_", "--owner", "e"}, "want ENTITY=AGENT"},
		"an offer of nothing":      {[]string{"explain", "_", "--offered", "e"}, "want ENTITY=TO"},
		"a key of nothing":         {[]string{"explain", "_", "--verified", "e"}, "want ENTITY=KEY"},
		"an identity of nothing":   {[]string{"explain", "_", "--identity", "e"}, "want ENTITY=JSON"},
		"an identity of text":      {[]string{"explain", "_", "--identity", `e="x"`}, "want an object or null"},
		"an identity, broken":      {[]string{"explain", "_", "--identity", `e={`}, "--identity"},
		"a component of nothing":   {[]string{"explain", "_", "--component", "e.c"}, "want ENTITY.NAME=JSON"},
		"a component without name": {[]string{"explain", "_", "--component", "e={}"}, "want ENTITY.NAME=JSON"},
		"a component of numbers":   {[]string{"explain", "_", "--component", "e.c=7"}, "want an object or null"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, nil, append([]string{"acl"}, c.args...)...)
			if got.code != 2 || got.stdout != "" {
				t.Errorf("exit code %d, stdout %q; want 2 and none", got.code, got.stdout)
			}
			if strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, c.says) {
				t.Errorf("stderr %q, want one line that has %s", got.stderr, c.says)
			}
		})
	}
}

func TestHelpOfExplainSaysWhatExitCodesMean(t *testing.T) {
	got := run(t, nil, "acl", "explain", "--help")
	for _, part := range []string{"0 if it matches", "1 if it does not match", "2 if", "--owner ENTITY=AGENT", "--component ENTITY.NAME=JSON"} {
		if !strings.Contains(got.stdout, part) {
			t.Errorf("help does not show %q:\n%s", part, got.stdout)
		}
	}
	if alone := run(t, nil, "acl"); alone.code != 0 || !strings.Contains(alone.stdout, "explain") {
		t.Errorf("exit code %d, stdout %q", alone.code, alone.stdout)
	}
}

func TestReadmeOfRulesShowsWhatExplainPrints(t *testing.T) {
	readme := readmeOfRules(t)
	_, block, ok := strings.Cut(readme, "```console\n$ ")
	block, _, closed := strings.Cut(block, "```\n")
	line, want, _ := strings.Cut(block, "\n")
	if !ok || !closed {
		t.Fatal("there is no console block")
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(loci)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 || string(out) != want {
		t.Errorf("%v, printed:\n%s\nwant:\n%s", err, out, want)
	}
}

func TestReadmeOfRulesHasTheDefaultRules(t *testing.T) {
	readme := strings.Join(strings.Fields(readmeOfRules(t)), " ")
	block := "```elixir"
	for _, rule := range engine.DefaultRules().Bundled {
		block += " " + rule.Verdict.String() + " " + rule.Pattern.String()
	}
	if block += " ```"; !strings.Contains(readme, block) {
		t.Errorf("acl/README.md has not %s", block)
	}
}

func readmeOfRules(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("acl", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
