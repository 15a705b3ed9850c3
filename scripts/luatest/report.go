package luatest

import (
	"fmt"
	"strings"
	"time"

	"github.com/loci-place/loci/scripts"
)

// report runs files of tests and says what becomes of them.
type report struct {
	Config
	Result
	began time.Time
}

// file runs one file.
func (r *report) file(sources scripts.Sources, file string) {
	began := time.Now()
	t, err := scripts.NewLuaTest(sources, file, r.LuaTest)
	if err != nil {
		r.Files++
		r.Broken++
		fmt.Fprintf(r.Out, "FAIL  %s\n%s", file, indent(err.Error()))
		return
	}
	defer t.Close()
	var lines strings.Builder
	tests, failed := 0, 0
	for n, c := range t.Cases() {
		if r.Match != nil && !r.Match.MatchString(c.Name) {
			continue
		}
		tests++
		out := t.Run(n)
		if len(out.Failures) > 0 {
			failed++
		}
		r.test(&lines, c, out)
	}
	if tests == 0 && r.Match != nil {
		return
	}
	r.Files++
	r.Tests += tests
	r.Failed += failed
	verdict := "ok  "
	if failed > 0 {
		verdict = "FAIL"
	}
	fmt.Fprintf(r.Out, "%s  %-28s %s  %s\n%s", verdict, file, count(failed, tests), short(time.Since(began)), lines.String())
}

// test says what became of one test.
func (r *report) test(w *strings.Builder, c scripts.Case, out scripts.Outcome) {
	failed := len(out.Failures) > 0
	if !failed && !r.Verbose {
		return
	}
	verdict := "ok  "
	if failed {
		verdict = "FAIL"
	}
	fmt.Fprintf(w, "  %s  %s  %s\n", verdict, c.Name, short(out.Took))
	for _, failure := range out.Failures {
		w.WriteString(indent(failure))
	}
	if r.Verbose {
		for _, line := range out.Log {
			w.WriteString(indent("log: " + line))
		}
	}
}

// end says what it all came to.
func (r *report) end() {
	took := short(time.Since(r.began))
	switch {
	case r.Files == 0 && r.Broken > 0:
		fmt.Fprintln(r.Out, "FAIL: no test was run")
	case r.Broken > 0:
		fmt.Fprintf(r.Out, "FAIL: %s, and %s cannot be run  %s\n", count(r.Failed, r.Tests), plural(r.Broken, "file"), took)
	case r.Failed > 0:
		fmt.Fprintf(r.Out, "FAIL: %s  %s\n", count(r.Failed, r.Tests), took)
	case r.Tests == 0 && r.Match != nil:
		fmt.Fprintf(r.Out, "ok: no test is called like %q\n", r.Match)
	case r.Tests == 0:
		fmt.Fprintln(r.Out, "ok: there are no tests; they belong in tests/…_test.lua")
	default:
		fmt.Fprintf(r.Out, "ok: %s in %s  %s\n", plural(r.Tests, "test"), plural(r.Files, "file"), took)
	}
}

func count(failed, tests int) string {
	if failed > 0 {
		return fmt.Sprintf("%d of %s failed", failed, plural(tests, "test"))
	}
	return plural(tests, "test")
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// short is a duration as people want it.
func short(d time.Duration) string { return d.Round(time.Millisecond / 10).String() }

// indent gives lines that stand below a test's.
func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ") + "\n"
}
