//go:build unix

package apps

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// stand is a gateway that serves.
type stand struct {
	*testing.T
	gateway *Gateway
	url     string
	logs    *logBook
}

// sh is an app that a shell runs.
func sh(script string) App { return App{Command: []string{"sh", "-c", script}} }

func open(t *testing.T, cfg GatewayConfig) *stand {
	t.Helper()
	s := &stand{T: t, logs: &logBook{}}
	cfg.Logger = slog.New(slog.NewTextHandler(s.logs, nil))
	if cfg.Burst == 0 {
		cfg.Burst = 1000
	}
	g, err := NewGateway(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(g)
	s.gateway, s.url = g, server.URL
	t.Cleanup(func() { g.Close(); server.Close() })
	return s
}

// do asks the gateway something, with headers as "Name: value", and gives the status and
// the body.
func (s *stand) do(method, path, body string, headers ...string) (int, string) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(text))
}

// asked are the headers of a place's POST.
var asked = []string{headerPlace + ": alloplace://attic.example", headerIdentity + `: {"display_name":"Ada"}`}

// boot launches an app and gives the instance's id.
func (s *stand) boot(name string) string {
	s.Helper()
	status, text := s.do("POST", "/"+name, `{"avatarToken":"secret"}`, asked...)
	var answer struct{ Status, ID string }
	if err := json.Unmarshal([]byte(text), &answer); status != 200 || err != nil || answer.Status != "ok" || answer.ID == "" {
		s.Fatalf("POST /%s answered %d %q", name, status, text)
	}
	return answer.ID
}

// logBook keeps what a gateway logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBook) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the log has what a pattern matches, and returns the submatches.
func (s *stand) await(pattern string) (m []string) {
	s.Helper()
	re := regexp.MustCompile(pattern)
	await.Until(s, "the log has "+pattern, func() bool {
		m = re.FindStringSubmatch(s.logs.String())
		return m != nil
	})
	return m
}

func TestProgramIsToldInACleanEnvironment(t *testing.T) {
	t.Setenv("LOCI_TEST_SECRET", "s3cret")
	t.Setenv("LOCI_TEST_WANTED", "wanted")
	app := sh(`env; pwd; echo "in: $(cat)"`)
	app.Dir, app.Env = t.TempDir(), []string{"FACE=round"}
	s := open(t, GatewayConfig{Apps: map[string]App{"clock": app}, Env: []string{"LOCI_TEST_WANTED"}})
	status, _ := s.do("POST", "/clock?zone=a%0Ab", `{"avatarToken":"t"}`,
		asked[0], headerIdentity+`: {"display_name":"A\nd\u0000a"}`)
	if status != 200 {
		t.Fatal(status)
	}
	s.await("msg=ended")
	for _, want := range []string{
		`app=clock instance=\w{10} line="ALLOVERSE_PLACE_URL=alloplace://attic\.example:21337"`,
		`line="ALLOVERSE_REQUESTER_IDENTITY={\\"display_name\\":\\"A\\\\nda\\"}"`,
		`line="ALLOVERSE_URL_PARAMS={\\"avatarToken\\":\\"t\\",\\"zone\\":\\"a\\\\nb\\"}"`,
		`line="ALLO_APP_BOOT_ARGS={\\"avatarToken\\":`, `line="ALLO_APP_BOOTED_BY_IDENTITY={\\"display`,
		`line="FACE=round"`, `line="LOCI_TEST_WANTED=wanted"`, `line="PATH=`, `line=` + app.Dir, `line="in: "`,
	} {
		s.await(want)
	}
	if strings.Contains(s.logs.String(), "s3cret") {
		t.Error("the gateway's own environment went along")
	}
}

func TestNoShellReadsCommands(t *testing.T) {
	s := open(t, GatewayConfig{Apps: map[string]App{"echo": {Command: []string{"echo", "$HOME;", "a b", "`id`"}}}})
	s.boot("echo")
	s.await("line=\"\\$HOME; a b `id`\"")
}

func TestGatewayAnswersWhyNot(t *testing.T) {
	s := open(t, GatewayConfig{
		Apps:      map[string]App{"clock": sh("sleep 60"), "gone": {Command: []string{gone(t)}}},
		BodyBytes: 100, MaxInstances: 2,
	})
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		says               string
	}{
		"unknown app":         {"POST", "/cl%0Aock/x", "{}", asked, 404, `there is no app "cl ock/x" here`},
		"which app":           {"POST", "/", "{}", asked, 404, `there is no app "" here`},
		"no place":            {"POST", "/clock", "{}", nil, 400, "the place is missing"},
		"large body":          {"POST", "/clock", strings.Repeat(" ", 101), asked, 413, "at most 100 bytes"},
		"program gone":        {"POST", "/gone", "{}", asked, 500, "gone could not be started"},
		"PUT":                 {"PUT", "/clock", "{}", asked, 405, "Method Not Allowed"},
		"GET of an app":       {"GET", "/clock", "", nil, 405, "Method Not Allowed"},
		"unknown instance":    {"DELETE", "/instances/x", "", nil, 404, "no such instance"},
		"a path out of it":    {"POST", "/clock/../../bin/sh", "{}", asked, 404, "there is no app"},
		"another site's page": {"POST", "/clock", "{}", append([]string{"Sec-Fetch-Site: cross-site"}, asked...), 403, "other sites"},
		"its old browser":     {"DELETE", "/instances/x", "", []string{"Origin: https://evil.example"}, 403, "other sites"},
	} {
		t.Run(name, func(t *testing.T) {
			status, text := s.do(c.method, c.path, c.body, c.headers...)
			if status != c.status || !strings.Contains(text, c.says) || strings.Contains(text, "\n") {
				t.Errorf("%d %q, want %d with %q", status, text, c.status, c.says)
			}
		})
	}
	s.boot("clock")
	s.boot("/clock/")
	if status, text := s.do("POST", "/clock", "{}", asked...); status != 503 || text != "2 apps run here already, no more may" {
		t.Errorf("%d %q", status, text)
	}
}

// gone is a program that was there when the gateway looked.
func gone(t *testing.T) string {
	path := t.TempDir() + "/gone"
	if err := os.WriteFile(path, []byte("#!/nowhere\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGatewayThatMakesNoSenseIsRefused(t *testing.T) {
	for name, cfg := range map[string]GatewayConfig{
		"no app":        {},
		"no command":    {Apps: map[string]App{"clock": {}}},
		"no program":    {Apps: map[string]App{"clock": {Command: []string{"/nowhere/clock"}}}},
		"a path":        {Apps: map[string]App{"a/b": sh("")}},
		"no name":       {Apps: map[string]App{"": sh("")}},
		"instances":     {Apps: map[string]App{"instances": sh("")}},
		"less than one": {Apps: map[string]App{"clock": sh("")}, MaxInstances: -1},
	} {
		if _, err := NewGateway(cfg); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestInstancesAreListedWithoutTheirTokens(t *testing.T) {
	s := open(t, GatewayConfig{Apps: map[string]App{"clock": sh("sleep 60")}})
	status, _ := s.do("POST", "/", `{"avatarToken":"secret"}`, asked[0], headerIdentity+`: {"display_name":"<b>Ada</b>"}`)
	if status != 200 {
		t.Fatal(status)
	}
	_, text := s.do("GET", "/", "")
	var got index
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got.Apps) != 1 || len(got.Instances) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	if i := got.Instances[0]; i.App != "clock" || i.Place != "alloplace://attic.example:21337" || i.By != "<b>Ada</b>" || time.Since(i.Since) > time.Minute {
		t.Errorf("got %+v", i)
	}
	_, page := s.do("GET", "/", "", "Accept: text/html,*/*")
	if !strings.Contains(page, got.Instances[0].ID) || !strings.Contains(page, "&lt;b&gt;Ada") {
		t.Errorf("page:\n%s", page)
	}
	if strings.Contains(text+page, "secret") {
		t.Error("the token is in the list")
	}
	if status, _ := s.do("DELETE", "/instances/"+got.Instances[0].ID, ""); status != 204 {
		t.Errorf("DELETE answered %d", status)
	}
	if _, text := s.do("GET", "/", ""); !strings.Contains(text, `"instances":[]`) {
		t.Errorf("after it: %s", text)
	}
}

func TestTokenIsWanted(t *testing.T) {
	s := open(t, GatewayConfig{Apps: map[string]App{"clock": sh("")}, Token: "open"})
	for _, c := range []struct {
		method, path, header string
		status               int
	}{
		{"POST", "/clock", "X: ", 401},
		{"POST", "/nowhere", "X: ", 401},
		{"GET", "/", "X: ", 401},
		{"DELETE", "/instances/x", "X: ", 401},
		{"POST", "/clock", "Authorization: Bearer shut", 401},
		{"POST", "/clock", "Authorization: Bearer ", 401},
		{"POST", "/clock", "Authorization: open", 401},
		{"POST", "/clock", "Authorization: Bearer open", 200},
		{"GET", "/", "Authorization: Basic Om9wZW4=", 200}, // :open
	} {
		if status, text := s.do(c.method, c.path, "{}", append([]string{c.header}, asked...)...); status != c.status {
			t.Errorf("%s %s with %q: %d %s, want %d", c.method, c.path, c.header, status, text, c.status)
		}
	}
}

func TestLaunchesAreTakenAtARate(t *testing.T) {
	s := open(t, GatewayConfig{Apps: map[string]App{"clock": sh("")}, Rate: 1e-6, Burst: 3, MaxInstances: 1000})
	for range 10 { // what makes no sense costs nothing
		if status, text := s.do("POST", "/clock", "{", asked...); status != 400 {
			t.Fatalf("%d %q", status, text)
		}
	}
	for range 3 {
		s.boot("clock")
	}
	if status, text := s.do("POST", "/clock", "{}", asked...); status != 429 || !strings.Contains(text, "too many launches") {
		t.Errorf("%d %q", status, text)
	}
	g, begin := Gateway{cfg: GatewayConfig{Rate: 2, Burst: 1}}, time.Now()
	for i, want := range []bool{true, false, true, false} {
		if got := g.mayLaunch(begin.Add(time.Duration(i) * 300 * time.Millisecond)); got != want {
			t.Errorf("after %d ms: %v", i*300, got)
		}
	}
}

func TestBodyThatComesByDripsIsGivenUp(t *testing.T) {
	s := open(t, GatewayConfig{Apps: map[string]App{"clock": sh("")}, BodyTimeout: 100 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /clock HTTP/1.1\r\nHost: x\r\n%s\r\n%s\r\nContent-Length: 1000\r\n\r\n", asked[0], asked[1])
	go func() {
		for {
			if _, err := conn.Write([]byte(" ")); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 408 { // before all has come
		t.Errorf("answered %d", res.StatusCode)
	}
}

// forked says its own process id and that of one it has started, and stays.
const forked = `sleep 300 & echo pids $$ $!; `

func (s *stand) pids() (leader, child int) {
	m := s.await(`pids (\d+) (\d+)`)
	leader, _ = strconv.Atoi(m[1])
	child, _ = strconv.Atoi(m[2])
	return leader, child
}

// goes waits until a process has ended.
func (s *stand) goes(what string, pid int) {
	s.Helper()
	await.Until(s, fmt.Sprintf("%s (%d) goes", what, pid), func() bool { return !alive(pid) })
}

// alive reports whether a process runs: one that nobody has waited for does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	return !strings.Contains(string(stat), ") Z ")
}

func TestWholeProcessGroupEnds(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		end    func(s *stand, id string)
		status string
	}{
		"told to": {forked + "wait", func(s *stand, id string) { s.do("DELETE", "/instances/"+id, "") }, "signal: terminated"},
		"deaf": {"trap '' TERM; " + forked + "while :; do sleep 1; done",
			func(s *stand, id string) { s.do("DELETE", "/instances/"+id, "") }, "signal: killed"},
		"gateway closes":     {forked + "wait", func(s *stand, _ string) { s.gateway.Close() }, "signal: terminated"},
		"leader is gone":     {forked + "exit 3", func(*stand, string) {}, "exit status 3"},
		"nothing to be read": {forked + "exec >&- 2>&-; wait", func(s *stand, _ string) { s.gateway.Close() }, "signal: terminated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, GatewayConfig{Apps: map[string]App{"fork": sh(c.script)}, Grace: 300 * time.Millisecond})
			id := s.boot("fork")
			leader, child := s.pids()
			c.end(s, id)
			s.goes("the program", leader)
			s.goes("what it started", child)
			s.await("msg=ended .*" + c.status)
			s.gateway.Close()
			if status, text := s.do("POST", "/fork", "{}", asked...); status != 503 {
				t.Errorf("a closed gateway answers %d %s", status, text)
			}
		})
	}
}

func TestIdleInstanceEnds(t *testing.T) {
	s := open(t, GatewayConfig{
		Apps: map[string]App{
			"still": sh("sleep 60"),
			"busy":  sh("for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done"),
		},
		Idle: 400 * time.Millisecond,
	})
	s.boot("still")
	s.boot("busy")
	s.await(`msg=ended app=still .*"it was idle"`)
	s.await(`msg=ended app=busy .*"exit status 0" because="" `)
}

func TestOutputIsLoggedInLines(t *testing.T) {
	l := &logBook{}
	o := newOutput(slog.New(slog.NewTextHandler(l, nil)))
	for _, part := range []string{"one\ntw", "o\r\n\n", strings.Repeat("x", maxLine+5), "\nend\x1b"} {
		if n, err := o.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	o.end()
	var got []string
	for _, m := range regexp.MustCompile(`line=(.*)\n`).FindAllStringSubmatch(l.String(), -1) {
		got = append(got, fmt.Sprintf("%d %.10s", len(m[1]), m[1]))
	}
	if want := fmt.Sprintf("[3 one 3 two %d xxxxxxxxxx 5 xxxxx 9 \"end\\x1b\"]", maxLine); fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", fmt.Sprint(got), want)
	}
}
