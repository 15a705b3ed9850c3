package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// theatre is the box office, its page and the foyer.
type theatre struct {
	foyer *foyer
	web   *http.Server
	pages net.Listener
	// patience is how long those who are being served have to finish when the theatre
	// closes.
	patience time.Duration
}

// open loads the scripts and binds both ports. Who connects is heard from serve on.
func open(cfg config) (*theatre, error) {
	office := newBoxOffice("The Tempest", cfg.tickets)
	pages, err := net.Listen("tcp", cfg.http)
	if err != nil {
		return nil, fmt.Errorf("--http: %w", err)
	}
	foyer, err := openFoyer(cfg, office)
	if err != nil {
		_ = pages.Close()
		return nil, err
	}
	page := &page{office: office, sold: foyer.tell, log: cfg.log}
	return &theatre{foyer: foyer, pages: pages, patience: 2 * time.Second, web: &http.Server{
		Handler:           page.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(cfg.log.Handler(), slog.LevelWarn),
	}}, nil
}

// serve runs both until ctx ends or one of them fails. The page is closed first: who is
// being sold a ticket still finds the foyer.
func (t *theatre) serve(ctx context.Context) error {
	foyerCtx, closeFoyer := context.WithCancel(context.WithoutCancel(ctx))
	defer closeFoyer()
	ended := make(chan error, 2)
	go func() { ended <- t.foyer.serve(foyerCtx) }()
	go func() { ended <- t.servePages() }()
	select {
	case <-ctx.Done():
	case err := <-ended:
		ended <- err
	}
	err := t.closePages(context.WithoutCancel(ctx))
	closeFoyer()
	return errors.Join(err, <-ended, <-ended)
}

func (t *theatre) servePages() error {
	if err := t.web.Serve(t.pages); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// closePages lets those who are being served finish, and then hangs up.
func (t *theatre) closePages(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	if err := t.web.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return t.web.Close()
}
