//go:build unix

package main

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
	"github.com/loci-place/loci/netcode/rawenet"
)

// TestAClosedTerminalEndsAsSIGTERMDoes is about SIGHUP.
func TestAClosedTerminalEndsAsSIGTERMDoes(t *testing.T) {
	hups := make(chan os.Signal, 1)
	signal.Notify(hups, syscall.SIGHUP) // else what is started under nohup ignores it too
	defer signal.Stop(hups)
	place := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	ann := join(t, place.url, client.Config{})
	if got := place.stop(t, syscall.SIGHUP); got.code != 0 || !strings.Contains(got.stderr, "closing") {
		t.Errorf("the place: %+v", got)
	}
	<-ann.Done()
	if err := ann.Err(); err == nil || !strings.Contains(err.Error(), "the place has closed") {
		t.Errorf("the agent is told %v", err)
	}
	gateway := start(t, nil, "gateway", "--listen", "127.0.0.1:0", "--app", "x=true")
	if got := gateway.stop(t, syscall.SIGHUP); got.code != 0 {
		t.Errorf("the gateway: %+v", got)
	}
}

func TestALinkToAServiceOfKubernetesIsNoPort(t *testing.T) {
	place := start(t, []string{"ALLOPLACE_PORT=tcp://10.43.0.1:21337"}, "serve", "--listen", "127.0.0.1:0")
	_ = place.stop(t, syscall.SIGTERM)
	o := &serveOptions{}
	cmd := newServeCommand()
	o.hz, o.listen, o.apps = 20, listenOnPort(netcode.DefaultPort), []string{"*"}
	err := o.complete(cmd.Flags(), func(name string) string {
		return map[string]string{"ALLOPLACE_PORT": "tcp://10.43.0.1:21337"}[name]
	})
	if err != nil || o.listen != "0.0.0.0:21337" || o.serviceLink == "" {
		t.Errorf("listens on %s, %q, %v", o.listen, o.serviceLink, err)
	}
	place = start(t, []string{"ALLOPLACE_NAME=x"}, "serve", "--listen", "127.0.0.1:0", "--state-budget", "64KiB", "--memory", "1GiB", "--asset-cache", "10k")
	if got := place.stop(t, syscall.SIGTERM); got.code != 0 {
		t.Errorf("sizes with units: %+v", got)
	}
}

func TestMistakesAreNamedWithExitCode2(t *testing.T) {
	for args, want := range map[string]string{
		"serv":                               "did you mean serve?",
		"gatway":                             "did you mean gateway?",
		"nothing-like-it":                    `unknown command "nothing-like-it"`,
		"serve --listen 21337":               "want HOST:PORT",
		"serve --listen 127.0.0.1:x":         "want HOST:PORT",
		"serve --memory 1XB":                 `"1XB" is no size`,
		"serve --known-as a/b":               "--known-as",
		"gateway --listen 8000 --app x=true": "want HOST:PORT",
		"gateway --listen :0 --app x=true --env LOCI_GATEWAY_TOKEN": "programs do not get LOCI_GATEWAY_TOKEN",
		"top ftp://x": "want HOST:PORT",
	} {
		if got := run(t, nil, strings.Fields(args)...); got.code != 2 || !strings.Contains(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("loci %s: %+v", args, got)
		}
	}
}

// A peer is told that the place closes every 100 ms, for a second at most, and less often where the machine is
// busy. Its connection would be lost after 20 s.
func TestAHangingPeerIsToldGoodbyeForASecondAtMost(t *testing.T) {
	place := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	peer, err := rawenet.Dial(netip.MustParseAddrPort(strings.TrimPrefix(place.url, "alloplace://")), 6)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close() // it never acknowledges anything
	announce := `["interaction","request","","place","hi",["announce","version",4,"identity",{"display_name":"x"},"spawn_avatar",{}]]`
	if err := peer.Write(rawenet.AppendReliable(peer.Header(), netcode.CommandChannel, 1, []byte(announce))); err != nil {
		t.Fatal(err)
	}
	for answer := []byte{}; !bytes.Contains(answer, []byte(`"announce"`)); {
		if answer, err = peer.Read(await.Rest(t)); err != nil {
			t.Fatal(err)
		}
	}
	if got := place.stop(t, syscall.SIGTERM); got.code != 0 {
		t.Errorf("%+v", got)
	}
	goodbyes := 0
	for {
		datagram, err := peer.Read(100 * time.Millisecond) // of what has come
		if err != nil {
			break
		}
		if code, ok := rawenet.Goodbye(datagram); ok && code == netcode.CodePlaceClosed {
			goodbyes++
		}
	}
	if goodbyes == 0 || goodbyes > 10 {
		t.Errorf("it was told %d times", goodbyes)
	}
}

func TestTopTakesAURL(t *testing.T) {
	for addr, want := range map[string]string{
		":9100":                       "http://127.0.0.1:9100/?format=json",
		"place:9100":                  "http://place:9100/?format=json",
		"http://localhost:9100":       "http://localhost:9100/?format=json",
		"https://place.example/view/": "https://place.example/view/?format=json",
		"http://localhost:9100/#x":    "http://localhost:9100/?format=json",
	} {
		if got, err := topURL(addr); got != want || err != nil {
			t.Errorf("%s is asked at %s, %v", addr, got, err)
		}
	}
	for _, addr := range []string{"9100", "http://", "ftp://x", "alloplace://x"} {
		if got, err := topURL(addr); err == nil {
			t.Errorf("%s is asked at %s", addr, got)
		}
	}
}

func TestTheLogHasAURLThatCanBeOpened(t *testing.T) {
	for listens, want := range map[string]string{
		"0.0.0.0:9100": "http://localhost:9100", "[::]:9100": "http://localhost:9100", "127.0.0.1:1": "http://127.0.0.1:1", "10.1.2.3:1": "http://10.1.2.3:1",
	} {
		addr, err := net.ResolveTCPAddr("tcp", listens)
		if err != nil {
			t.Fatal(err)
		}
		if got := openURL(addr); got != want {
			t.Errorf("%s is opened at %s, want %s", listens, got, want)
		}
	}
}

func TestProfilesAreForThisMachineOrTheToken(t *testing.T) {
	anywhere, loopback := "0.0.0.0:0", "127.0.0.1:0"
	for _, c := range []struct {
		listen, token, user string
		code                int
	}{
		{loopback, "", "", 200},
		{anywhere, "", "", 403},
		{anywhere, "", "x:@", 403},
		{anywhere, "open", "", 401},
		{anywhere, "open", "x:wrong@", 401},
		{anywhere, "open", "x:open@", 200},
		{loopback, "open", "", 401}, // a proxy may stand there
	} {
		place := start(t, []string{"LOCI_HTTP_TOKEN=" + c.token}, "serve", "--listen", "127.0.0.1:0", "--http", c.listen)
		url := strings.Replace(place.viewInside(t), "http://", "http://"+c.user, 1)
		if code, text := get(t, url+"/debug/pprof/cmdline", ""); code != c.code {
			t.Errorf("%+v: %d %s", c, code, text)
		}
		if code, _ := get(t, url+"/healthz", ""); code != 200 {
			t.Errorf("%+v: not even healthy: %d", c, code)
		}
		_ = place.stop(t, syscall.SIGTERM)
	}
}

func TestTheGatewayAnswersToItsOwnNamesOnly(t *testing.T) {
	gateway := start(t, nil, "gateway", "--listen", "127.0.0.1:0", "--app", "x=true")
	for host, want := range map[string]int{"": 200, "localhost": 200, "localhost:8000": 200, "127.0.0.1": 200, "evil.example": 403, "evil.example:8000": 403} {
		if code, text := get(t, gateway.url, host); code != want {
			t.Errorf("as %q: %d %s", host, code, fmt.Sprintf("%.80s", text))
		}
	}
	_ = gateway.stop(t, syscall.SIGTERM)
}
