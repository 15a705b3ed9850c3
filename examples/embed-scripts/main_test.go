package main

import (
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func TestTicketOfThePageOpensTheGateOnce(t *testing.T) {
	o := start(t, config{tickets: 2})
	agent := o.join("Ada")
	ticket := o.ticket(o.buy(http.StatusCreated))
	for _, shown := range []any{"FORGED", nil, 7, ticket + " "} {
		want := []any{"enter", "failed", errNoTicket.Error()}
		if got := o.enter(agent, shown); !reflect.DeepEqual(got, want) {
			t.Errorf("%v is answered %v, want %v", shown, got, want)
		}
	}
	o.waitFor(agent, "gate", "gate", "open", false)
	if got, want := o.enter(agent, ticket), []any{"enter", "ok"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("the ticket is answered %v", got)
	}
	o.waitFor(agent, "gate", "gate", "open", true)
	if got := o.enter(agent, ticket); got[1] != "failed" {
		t.Errorf("the ticket shown again is answered %v", got)
	}
}

func TestBoardCountsWhatIsSoldOnThePage(t *testing.T) {
	o := start(t, config{tickets: 2})
	agent := o.join("Ada")
	o.waitFor(agent, "title", "text", "string", "Tonight: The Tempest")
	o.waitFor(agent, "board", "text", "string", "Tickets left: 2")
	if page := o.buy(http.StatusCreated); !strings.Contains(page, "Tickets left: 1") {
		t.Errorf("the page says\n%s", page)
	}
	o.waitFor(agent, "board", "text", "string", "Tickets left: 1")
	o.buy(http.StatusCreated)
	o.waitFor(agent, "board", "text", "string", "Sold out")
	if page := o.buy(http.StatusConflict); !strings.Contains(page, "Sold out") {
		t.Errorf("the page says\n%s", page)
	}
}

func TestAgentsDoNotTellTheBoardWhatIsLeft(t *testing.T) {
	o := start(t, config{tickets: 2})
	agent := o.join("Eve")
	if err := agent.Publish("tickets_left", 1000); err != nil {
		t.Fatal(err)
	}
	o.buy(http.StatusCreated)
	agent.View(func(d *netcode.Document) {
		if c, _ := d.Component("board", "text"); c["string"] == "Tickets left: 1000" {
			t.Error("the board says what eve says")
		}
	})
	o.waitFor(agent, "board", "text", "string", "Tickets left: 1")
}

func TestPagesOfOthersDoNotBuy(t *testing.T) {
	o := start(t, config{tickets: 1})
	req, err := http.NewRequestWithContext(o.ctx, http.MethodPost, "http://"+o.pages.Addr().String()+"/tickets", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", "http://elsewhere.example")
	res, err := o.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	o.body(res, http.StatusForbidden)
	o.buy(http.StatusCreated)
}

func TestScriptsOfADirectoryBehaveAnewWhenSaved(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("place")); err != nil {
		t.Fatal(err)
	}
	o := start(t, config{tickets: 1, scripts: dir})
	agent := o.join("Ada")
	o.buy(http.StatusCreated)
	o.waitFor(agent, "board", "text", "string", "Sold out")
	file := filepath.Join(dir, "place.lua")
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(source), "Sold out", "No more")), 0o600); err != nil {
		t.Fatal(err)
	}
	o.waitFor(agent, "board", "text", "string", "No more")
}

func TestClosingEndsThePageAndTheFoyer(t *testing.T) {
	o := start(t, config{tickets: 1, scripts: "place"})
	agent := o.join("Ada")
	o.buy(http.StatusCreated) // leaves a connection open
	o.cancel()
	if err := <-o.served; err != nil {
		t.Errorf("it ended with %v", err)
	}
	<-agent.Done()
	end, ok := errors.AsType[*client.DisconnectError](agent.Err())
	if !ok || end.Code != netcode.CodePlaceClosed {
		t.Errorf("the agent left with %v", agent.Err())
	}
	if err := o.foyer.tell(); err != nil {
		t.Errorf("a ticket sold meanwhile fails with %v", err)
	}
	again, err := open(config{
		http: o.pages.Addr().String(), listen: strings.TrimPrefix(o.foyer.url(), "alloplace://"),
		log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatalf("its ports are still taken: %v", err)
	}
	_ = again.pages.Close()
	_ = again.foyer.place.Close()
}

func TestWhatKeepsItFromOpeningIsExplained(t *testing.T) {
	o := start(t, config{})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "place.lua"), []byte("local tickets = require 'tickets'\ntickets.left(\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		cfg   config
		says  string
		cause error
	}{
		"page":    {config{http: o.pages.Addr().String(), listen: "127.0.0.1:0", log: log}, "--http: ", syscall.EADDRINUSE},
		"foyer":   {config{http: "127.0.0.1:0", listen: strings.TrimPrefix(o.foyer.url(), "alloplace://"), log: log}, "--listen: ", syscall.EADDRINUSE},
		"scripts": {config{http: "127.0.0.1:0", listen: "127.0.0.1:0", scripts: dir, log: log}, "--scripts: place.lua:3: ", nil},
		"no such": {config{http: "127.0.0.1:0", listen: "127.0.0.1:0", scripts: dir + "/x", log: log}, "--scripts: ", os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.cfg)
			if err == nil || c.cause != nil && !errors.Is(err, c.cause) || !strings.HasPrefix(err.Error(), c.says) {
				t.Errorf("got %v, want %s…", err, c.says)
			}
		})
	}
}

func TestFlagsSayWhatToOpen(t *testing.T) {
	got, err := parseFlags(strings.Fields("--http 127.0.0.1:1 --listen 127.0.0.1:2 --scripts place --tickets 3"), io.Discard)
	if err != nil || got.http != "127.0.0.1:1" || got.listen != "127.0.0.1:2" || got.scripts != "place" || got.tickets != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBadFlagsAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"argument":   {[]string{"more"}, `unexpected argument "more"`},
		"no page":    {[]string{"--http", ""}, "--http is empty"},
		"no foyer":   {[]string{"--listen", ""}, "--listen is empty"},
		"tickets":    {[]string{"--tickets", "-1"}, "--tickets is -1"},
		"other flag": {[]string{"--port", "1"}, "-port"},
	} {
		t.Run(name, func(t *testing.T) {
			var said strings.Builder
			if _, err := parseFlags(c.args, &said); err == nil || !strings.Contains(said.String(), c.want) {
				t.Errorf("got %v, and it said %q, want %q", err, said.String(), c.want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var said strings.Builder
	if _, err := parseFlags([]string{"--help"}, &said); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"http", "listen", "scripts", "tickets"} {
		if !strings.Contains(said.String(), "  -"+name+" ") {
			t.Errorf("help does not name --%s", name)
		}
	}
}
