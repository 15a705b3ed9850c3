package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/loci-place/loci/engine"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// shop is the web app. All it knows of the place is the room.
type shop struct {
	room *room
	log  *slog.Logger
}

func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.showPage)
	mux.HandleFunc("GET /room.json", s.showJSON)
	mux.HandleFunc("POST /lamp", s.switchLamp)
	// A page of somebody else's must not switch the lamp in its reader's name.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (s *shop) showPage(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "text/html; charset=utf-8", func(out *bytes.Buffer, room status) error {
		return page.Execute(out, room)
	})
}

func (s *shop) showJSON(w http.ResponseWriter, _ *http.Request) {
	s.show(w, "application/json", func(out *bytes.Buffer, room status) error {
		return json.NewEncoder(out).Encode(room)
	})
}

// show answers with the room as it is.
func (s *shop) show(w http.ResponseWriter, contentType string, write func(*bytes.Buffer, status) error) {
	room, err := s.room.status()
	var out bytes.Buffer
	if err == nil {
		err = write(&out, room)
	}
	if err != nil {
		s.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(out.Bytes()) // one who has hung up misses nothing
}

// switchLamp switches the lamp as the form says, on=true or on=false.
func (s *shop) switchLamp(w http.ResponseWriter, r *http.Request) {
	on, err := strconv.ParseBool(r.PostFormValue("on"))
	if err != nil {
		http.Error(w, "on must be true or false", http.StatusBadRequest)
		return
	}
	if err := s.room.switchLamp(on); err != nil {
		s.fail(w, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, engine.ErrClosed) {
		http.Error(w, "the shop is closing", http.StatusServiceUnavailable)
		return
	}
	s.log.Error("page failed", "error", err)
	http.Error(w, "something went wrong", http.StatusInternalServerError)
}

// warehouse is the shop's [stock]. The wait stands for a question to a machine
// that is far away.
func warehouse(ctx context.Context, item string) (int, error) {
	select {
	case <-time.After(200 * time.Millisecond):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	n, ok := map[string]int{"lamp": 1, "bulb": 7}[item]
	if !ok {
		return 0, fmt.Errorf("the shop does not sell %q", item)
	}
	return n, nil
}
