package main

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is where tickets are sold.
type page struct {
	office *boxOffice
	sold   func() error // is called after each ticket
	log    *slog.Logger
}

func (p *page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { p.show(w, http.StatusOK, "") })
	mux.HandleFunc("POST /tickets", p.sell)
	// A page of somebody else's must not buy in its reader's name.
	return http.NewCrossOriginProtection().Handler(mux)
}

func (p *page) sell(w http.ResponseWriter, _ *http.Request) {
	code, err := p.office.sell()
	if errors.Is(err, errSoldOut) {
		p.show(w, http.StatusConflict, "")
		return
	}
	if err := p.sold(); err != nil {
		p.log.Error("the foyer was not told", "error", err) // the ticket is sold all the same
	}
	p.show(w, http.StatusCreated, code)
}

// show answers with the page, and the code of a ticket if one was sold.
func (p *page) show(w http.ResponseWriter, status int, code string) {
	var out bytes.Buffer
	err := pageTemplate.Execute(&out, map[string]any{"Show": p.office.show, "Left": p.office.left(), "Code": code})
	if err != nil {
		p.log.Error("page failed", "error", err)
		http.Error(w, "something went wrong", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // one who has hung up misses nothing
}
