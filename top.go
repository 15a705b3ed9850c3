package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/loci-place/loci/engine/status"
)

// topEvery is how often the view is drawn again.
const topEvery = time.Second

func newTopCommand() *cobra.Command {
	var once bool
	cmd := &cobra.Command{
		Use:   "top ADDR",
		Short: "Show how a place is doing, live",
		Long: `Show how a place is doing, live.

ADDR is what 'loci serve --http ADDR' was given: HOST:PORT, or :PORT on this machine; or the URL
of the page, as the place's log has it. In
a terminal it is drawn again every second until q or Ctrl-C; elsewhere it is written once
a second until SIGINT or SIGTERM, or with --once just once.

Exit codes: 0 when it was ended; 1 if the place cannot be asked at first, or with --once;
2 if it was asked wrongly.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{cmd, fmt.Errorf("want one ADDR, as in 'loci serve --http ADDR'")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := topURL(args[0])
			if err != nil {
				return &usageError{cmd, err}
			}
			ctx, stop := untilSignal(cmd.Context(), slog.New(slog.DiscardHandler))
			defer stop()
			t := &top{url: url, out: cmd.OutOrStdout()}
			return t.run(ctx, once)
		},
	}
	cmd.Flags().BoolVar(&once, "once", false, "write it once, for pipes")
	return cmd
}

// topURL is where the view of an ADDR, or of the URL that the place's log has, is asked.
func topURL(addr string) (string, error) {
	if !strings.Contains(addr, "://") {
		at, err := statusAddr(addr)
		return "http://" + at + "/?format=json", err
	}
	u, err := url.Parse(addr)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q: want HOST:PORT, :PORT, or a URL such as http://localhost:9100", addr)
	}
	u.RawQuery, u.Fragment = "format=json", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String(), nil
}

// top shows one place.
type top struct {
	url    string
	out    io.Writer
	before *status.Report // the last one, for what there was in between
}

func (t *top) run(ctx context.Context, once bool) error {
	report, err := t.ask(ctx)
	if err != nil {
		return err
	}
	file, _ := t.out.(*os.File)
	switch {
	case once:
		return t.write(report, 0, 0)
	case file != nil && term.IsTerminal(int(file.Fd())) && term.IsTerminal(int(os.Stdin.Fd())):
		return t.live(ctx, report, file)
	}
	return t.each(ctx, report, func(r *status.Report, err error) error {
		if err != nil {
			_, err = fmt.Fprintln(t.out, "no answer:", err)
			return err
		}
		return t.write(r, 0, 0)
	})
}

// each shows the report, and a new one each second until ctx ends.
func (t *top) each(ctx context.Context, report *status.Report, show func(*status.Report, error) error) error {
	tick := time.NewTicker(topEvery)
	defer tick.Stop()
	err := show(report, nil)
	for err == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		report, asked := t.ask(ctx)
		if ctx.Err() != nil {
			return nil
		}
		err = show(report, asked)
	}
	return err
}

func (t *top) ask(ctx context.Context) (*status.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: is it what 'loci serve --http' listens on?", t.url, response.Status)
	}
	const most = 16 << 20
	report := &status.Report{}
	if err := json.NewDecoder(io.LimitReader(response.Body, most)).Decode(report); err != nil {
		return nil, fmt.Errorf("%s is no view into a place: %w", t.url, err)
	}
	return report, nil
}

// live draws into a terminal, in its other screen, and listens to its keys.
func (t *top) live(ctx context.Context, report *status.Report, screen *os.File) error {
	const (
		enter = "\x1b[?1049h\x1b[?25l"
		leave = "\x1b[?25h\x1b[?1049l"
		home  = "\x1b[H"
	)
	in := int(os.Stdin.Fd())
	was, err := term.MakeRaw(in)
	if err != nil {
		return err
	}
	defer term.Restore(in, was)
	fmt.Fprint(screen, enter)
	defer fmt.Fprint(screen, leave)
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	go waitForQuit(os.Stdin, quit) // until the process ends: a read cannot be called off
	t.out = &rawLines{screen}
	return t.each(ctx, report, func(r *status.Report, err error) error {
		fmt.Fprint(screen, home)
		if err != nil {
			fmt.Fprintf(t.out, "no answer: %v%s\n", err, clearLine)
			return nil
		}
		width, height, err := term.GetSize(int(screen.Fd()))
		if err != nil {
			return err
		}
		return t.write(r, width, height)
	})
}

// waitForQuit reads keys until one of them ends it. In a raw terminal Ctrl-C is one.
func waitForQuit(keys io.Reader, quit func()) {
	defer quit()
	for key := make([]byte, 1); ; {
		if _, err := keys.Read(key); err != nil || key[0] == 'q' || key[0] == 3 {
			return
		}
	}
}
