package sandbox

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/loci-place/loci/internal/await"
)

var (
	agreeSeed  = flag.Uint64("agree.seed", 0, "the first seed of the programs that Lua 5.1 must agree about; 0 is a random one")
	agreeCount = flag.Int("agree.count", 2000, "how many programs Lua 5.1 must agree about")
)

// driver runs programs, each in an environment of its own, and prints what they
// print between marks. Lua 5.1 makes a program's place of its chunk's name.
const driver = `local programs = ...
local function run(source)
  local lines = {}
  local env = {}
  for k, v in pairs(_G) do env[k] = v end
  env._G = env
  env.print = function(...)
    local words = {}
    for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
    lines[#lines + 1] = table.concat(words, "\t")
  end
  local f, err = loadstring(source, "=p.lua")
  if f then
    setfenv(f, env)
    local ok
    ok, err = pcall(f)
    if ok then err = nil end
  end
  if err ~= nil then lines[#lines + 1] = "error: " .. (type(err) == "string" and err or type(err)) end
  return table.concat(lines, "\n")
end
for _, source in ipairs(programs) do
  io.write(run(source), "\n\0\n")
end
`

// lua51 is the interpreter to compare with.
func lua51(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"lua5.1", "lua51", "lua-5.1"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("there is no lua5.1 to compare with; make deps installs it (Debian and Ubuntu: apt-get install lua5.1)")
	return ""
}

// inLua51 is what programs print in Lua 5.1.
func inLua51(t testing.TB, interpreter string, programs []string) []string {
	t.Helper()
	var script bytes.Buffer
	script.WriteString("local programs = {\n")
	for _, program := range programs {
		script.WriteString("\"")
		for _, c := range []byte(program) {
			if c == '"' || c == '\\' || c < ' ' || c > '~' {
				fmt.Fprintf(&script, "\\%03d", c)
			} else {
				script.WriteByte(c)
			}
		}
		script.WriteString("\",\n")
	}
	script.WriteString("}\n(function(...) " + driver + " end)(programs)\n")
	ctx := await.Context(t)
	cmd := exec.CommandContext(ctx, interpreter, "-")
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.Stdin = strings.NewReader(strings.Replace(script.String(), "}\n(function", "};\n(function", 1))
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", interpreter, err, failure.String())
	}
	results := strings.Split(string(out), "\n\x00\n")
	if len(results) != len(programs)+1 {
		t.Fatalf("%d results of %d programs", len(results)-1, len(programs))
	}
	return results[:len(programs)]
}

// here is what a program prints in a sandbox.
func here(program string) string {
	var lines []string
	s := New(Config{Print: func(line string) { lines = append(lines, line) }})
	defer s.Close()
	fn, err := s.Load(program, "p.lua")
	if err == nil {
		var run *lua.LFunction
		run, err = s.Load(`local ok, err = pcall(...) if not ok then print("error: " .. (type(err) == "string" and err or type(err))) end`, "run.lua")
		if err == nil {
			_, err = s.Call(Budget{Time: time.Minute, Instructions: 100_000_000}, run, fn)
		}
	}
	if err != nil {
		lines = append(lines, "error: "+err.Error())
	}
	return strings.Join(lines, "\n")
}

var address = regexp.MustCompile(`(table|function|thread|userdata): ?(builtin: )?[0-9a-fx]+`)

// alike takes away what differs between machines: addresses, and whether what is
// no number has a sign.
func alike(output string) string {
	return address.ReplaceAllString(strings.ReplaceAll(output, "-nan", "nan"), "$1")
}

// minusZero is -0 as it is printed. Lua 5.1's compiler takes -0 for 0, or 0 for -0,
// where both are constants of one function; this one does not.
var minusZero = regexp.MustCompile(`-0\b([^.])`)

func withoutMinusZero(output string) string {
	return strings.TrimSuffix(minusZero.ReplaceAllString(output+"\n", "0$1"), "\n")
}

// difference describes where two outputs part, or is "".
func difference(program, want, got string) string {
	want, got = alike(want), alike(got)
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "(no more)", "(no more)"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			return fmt.Sprintf("line %d of the output\nLua 5.1: %s\nhere:    %s\n%s", i+1, x, y, numbered(program))
		}
	}
	return ""
}

func numbered(program string) string {
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimPrefix(program, prelude), "\n") {
		if strings.HasPrefix(program, prelude) {
			i += strings.Count(prelude, "\n")
		}
		fmt.Fprintf(&out, "%4d  %s\n", i+1, line)
	}
	return out.String()
}

// TestRandomProgramsDoWhatTheyDoInLua51 runs each here and in Lua 5.1.
func TestRandomProgramsDoWhatTheyDoInLua51(t *testing.T) {
	interpreter := lua51(t)
	seed := *agreeSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	t.Logf("%d programs from seed %d on; -agree.seed and -agree.count choose others", *agreeCount, seed)
	const batch = 200
	batches := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for first := range batches {
				var programs []string
				for i := range min(batch, uint64(*agreeCount)-(first-seed)) {
					programs = append(programs, newProgram(first+i))
				}
				for i, want := range inLua51(t, interpreter, programs) {
					got := here(programs[i])
					if got == want {
						continue
					}
					if d := difference(programs[i], withoutMinusZero(want), withoutMinusZero(got)); d != "" {
						t.Errorf("seed %d: %s", first+uint64(i), d)
					}
				}
			}
		})
	}
	for first := seed; first < seed+uint64(*agreeCount) && !t.Failed(); first += batch {
		batches <- first
	}
	close(batches)
	wg.Wait()
}

// TestCasesDoWhatTheyDoInLua51 runs what differed once.
func TestCasesDoWhatTheyDoInLua51(t *testing.T) {
	files, err := filepath.Glob("testdata/agree/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	interpreter := lua51(t)
	var programs []string
	for _, file := range files {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, string(program))
	}
	for i, want := range inLua51(t, interpreter, programs) {
		if strings.HasPrefix(want, "error: ") {
			t.Errorf("%s does not run in Lua 5.1: %s", files[i], want)
		}
		if d := difference(programs[i], want, here(programs[i])); d != "" {
			t.Errorf("%s: %s", files[i], d)
		}
	}
}
