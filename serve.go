package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// serveOptions is what `loci serve` can be told, after its environment and its
// flags have been read.
type serveOptions struct {
	listen     string  // HOST:PORT; port 0 asks for any free one
	name       string  // what agents are told the place is called; empty: the engine's default
	publicHost string  // where agents find the place; empty: where it listens
	hz         float64 // heartbeats a second
	distance   float64 // how far agents see, in metres; 0: everything
	budget     int     // bytes of a state at most
	data       string  // directory for what the place keeps; empty: it keeps nothing
	assetCache int64   // bytes of assets to keep; 0: the default
	logLevel   choice
	logFormat  choice
}

func newServeCommand() *cobra.Command {
	o := &serveOptions{
		logLevel:  choice{"info", []string{"debug", "info", "warn", "error"}},
		logFormat: choice{"text", []string{"text", "json"}},
	}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve a place until SIGINT or SIGTERM",
		Long: `Serve a place until SIGINT or SIGTERM.

Once agents can join, one line goes to stdout: ready alloplace://HOST:PORT.
Logs go to stderr.

Flags override the environment: ALLOPLACE_NAME is the default of --name,
ALLOPLACE_HOST of --public-host, ALLOPLACE_PORT of the port of --listen.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd.Flags(), os.Getenv); err != nil {
				return &usageError{cmd, err}
			}
			return o.serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", listenOnPort(netcode.DefaultPort), "UDP `HOST:PORT` to listen on, IPv4; port 0 takes a free one")
	flags.StringVar(&o.name, "name", "", "`NAME` of the place as agents are told it (default \"Unnamed place\")")
	flags.StringVar(&o.publicHost, "public-host", "", "`HOST` name or address under which agents reach the place (default: the one it listens on)")
	flags.Float64Var(&o.hz, "hz", engine.DefaultRate, fmt.Sprintf("`N` heartbeats a second, 1 to %d; each sends every agent a state", engine.MaxRate))
	flags.Float64Var(&o.distance, "view-distance", 0, "`METRES` that agents see; 0 is everything")
	flags.IntVar(&o.budget, "state-budget", 0, "`BYTES` of a state to an agent on a good link; the rest comes later (default 65536)")
	flags.StringVar(&o.data, "data", "", "`DIR` where the place keeps what is to survive it, made if need be (default: nothing survives)")
	flags.Int64Var(&o.assetCache, "asset-cache", 0, "`BYTES` of assets to keep, below 0 none (default 1 GiB in --data, 32 MiB in memory without)")
	flags.Var(&o.logLevel, "log-level", "log nothing below this level")
	flags.Var(&o.logFormat, "log-format", "how log lines on stderr are written")
	return cmd
}

// complete takes from the environment what no flag has set, and refuses what
// makes no sense in either.
func (o *serveOptions) complete(flags *pflag.FlagSet, getenv func(string) string) error {
	if name := getenv("ALLOPLACE_NAME"); name != "" && !flags.Changed("name") {
		o.name = name
	}
	if host := getenv("ALLOPLACE_HOST"); host != "" && !flags.Changed("public-host") {
		o.publicHost = host
	}
	if port := getenv("ALLOPLACE_PORT"); port != "" && !flags.Changed("listen") {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return fmt.Errorf("ALLOPLACE_PORT is %q, want a port number", port)
		}
		o.listen = listenOnPort(uint16(n))
	}
	if o.listen == "" {
		return errors.New("--listen is empty, want HOST:PORT")
	}
	if !(o.hz >= 1 && o.hz <= engine.MaxRate) { // NaN is neither
		return fmt.Errorf("--hz is %g, want 1 to %d", o.hz, engine.MaxRate)
	}
	if o.publicHost != "" {
		if host, _, err := netcode.ParsePlaceURL("alloplace://" + o.publicHost); err != nil || host != o.publicHost {
			return fmt.Errorf("public host is %q, want a host name or an IPv4 address without a port", o.publicHost)
		}
	}
	return nil
}

// listenOnPort is the address of a port on every interface.
func listenOnPort(port uint16) string { return fmt.Sprintf("0.0.0.0:%d", port) }

// serve opens the place and blocks until a signal or ctx ends it.
func (o *serveOptions) serve(ctx context.Context, stdout, stderr io.Writer) error {
	log := o.logger(stderr)
	transport, err := netcode.NewENet(netcode.ENetConfig{Listen: o.listen, Logger: log})
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; --listen takes another address, with port 0 for any free one", err)
	}
	if err != nil {
		return err
	}
	place, err := engine.New(engine.Config{
		Name: o.name, Transport: transport, Rate: o.hz, Logger: log,
		ViewDistance: o.distance, Limits: engine.Limits{StateBudget: o.budget}, Assets: o.assets(),
	})
	if err != nil {
		transport.Close(netcode.CodePlaceClosed)
		return err
	}
	defer place.Close()

	ctx, stop := untilSignal(ctx, log)
	defer stop()
	url := placeURL(o.publicHost, transport.Addr())
	log.Info("serving", "url", url, "hz", o.hz)
	// The socket is bound: whoever connects from here on is heard.
	if _, err := fmt.Fprintln(stdout, "ready", url); err != nil {
		return fmt.Errorf("cannot say that the place is ready: %w", err)
	}
	return place.Serve(ctx)
}

// assets is where files are kept that agents get from each other.
func (o *serveOptions) assets() assets.Options {
	kept := assets.Options{CacheBytes: o.assetCache}
	if o.data != "" {
		kept.Dir = filepath.Join(o.data, "assets")
	}
	return kept
}

func (o *serveOptions) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel.value)); err != nil {
		panic(err) // choice lets no other word through
	}
	options := &slog.HandlerOptions{Level: level}
	if o.logFormat.value == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// placeURL is where agents reach a place that listens on addr. A place that
// listens on every address has none to show, so it shows localhost.
func placeURL(publicHost string, addr netip.AddrPort) string {
	host := publicHost
	switch {
	case host != "":
	case addr.Addr().IsUnspecified():
		host = "localhost"
	default:
		host = addr.Addr().String()
	}
	return fmt.Sprintf("alloplace://%s:%d", host, addr.Port())
}

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. From
// then on signals do what they do by default: a second one ends the process at
// once, however long the place takes to say goodbye.
func untilSignal(parent context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	signalled, stop := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(parent)
	forget := context.AfterFunc(signalled, func() {
		stop()
		log.Info("closing", "cause", context.Cause(signalled))
		cancel()
	})
	return ctx, func() {
		forget()
		stop()
		cancel()
	}
}
