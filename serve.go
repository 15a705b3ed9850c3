package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/apps"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/internal/limit"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
	"github.com/loci-place/loci/scripts"
)

// serveOptions is what `loci serve` can be told, after its environment and its
// flags have been read.
type serveOptions struct {
	dir        string   // of the place's scripts; empty: the bundled ones
	noReload   bool     // run what is in dir now, whatever becomes of it
	listen     string   // HOST:PORT; port 0 asks for any free one
	name       string   // what agents are told the place is called; empty: as the scripts say
	publicHost string   // where agents find the place; empty: where it listens
	knownAs    []string // further names that agents dial it by
	// serviceLink is an ALLOPLACE_PORT that Kubernetes has put there, for a service of
	// that name: it is no port, and not meant for us.
	serviceLink string
	hz          float64  // heartbeats a second
	distance    float64  // how far agents see, in metres; 0: everything
	budget      int      // bytes of a state at most
	data        string   // directory for what the place keeps; empty: it keeps nothing
	assetCache  int64    // bytes of assets to keep; 0: the default
	memory      int      // bytes that the process may take
	http        string   // ADDR of the status page; empty: there is none
	web         string   // ADDR where browsers join, or none
	webUDP      string   // ADDR of WebRTC, or none; empty: as web
	webDefault  bool     // nobody has said where: the next free port will do
	tlsCert     string   // file of the web server's certificate; empty: as httpsHosts says
	tlsKey      string   // and of its key
	httpsHosts  []string // names to get certificates for; none: HTTP without encryption
	proxies     []netip.Prefix
	trusted     []string      // the same as text
	origins     []string      // whose pages may join besides its own
	perAddress  int           // connections that one address may have; 0: the default
	mediaFrame  int           // bytes of a media packet at most; 0: the default
	mediaRate   int           // bytes of media an agent may send a second; 0: the default
	linger      time.Duration // for how long to wait for verified agents whose connection is lost; 0: not
	apps        []string      // hosts that apps may be launched from, or "none"
	policy      apps.Policy
	limits      []string // NAME=VALUE, of engine.Limits
	scripts     []string // the same, of scripts.Limits
	log         logOptions
}

func newServeCommand() *cobra.Command {
	o := &serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve [DIR]",
		Short: "Serve a place until SIGINT or SIGTERM",
		Long: `Serve a place until SIGINT or SIGTERM.

DIR is the directory of the place's scripts, as 'loci new' makes one; without it
the bundled ones run: a plain open place. Save a file in it, and the place runs the
new code within the next heartbeats, or says what is wrong with it and goes on
running the old.

Once the scripts' open handlers have run and agents can join, one line goes to
stdout: ready alloplace://HOST:PORT.
Logs go to stderr.

Flags override the environment: ALLOPLACE_NAME is the default of --name,
ALLOPLACE_HOST of --public-host, ALLOPLACE_PORT of the port of --listen. Both
override the name that the scripts give the place. LOCI_GATEWAY_TOKEN is sent to
app gateways on hosts that --apps names, other than by *: it is the token of
'loci gateway'.

Sizes are written as 65536, 512MB (of 1000 each) or 1GiB (of 1024).

Exit codes: 0 after a signal; 1 where something could not be done, such as scripts
that do not load; 2 where it was asked wrongly.`,
		Args: atMostOneDirectory,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.dir = args[0]
			}
			if err := o.complete(cmd.Flags(), os.Getenv); err != nil {
				return &usageError{cmd, err}
			}
			return o.serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.listen, "listen", listenOnPort(netcode.DefaultPort), "UDP `HOST:PORT` to listen on, IPv4; port 0 takes a free one")
	flags.StringVar(&o.name, "name", "", "`NAME` of the place as agents are told it (default: the scripts' place.name, or \"Unnamed place\")")
	flags.BoolVar(&o.noReload, "no-reload", false, "run the scripts as they are now, whatever is saved later")
	flags.StringVar(&o.publicHost, "public-host", "", "`HOST` name or address under which agents reach the place (default: the one it listens on)")
	flags.StringSliceVar(&o.knownAs, "known-as", nil, "`HOST` that agents reach the place under besides, each with :PORT or without: they prove who they are only to a place\n"+
		"that is known by what they dialed; * answers to all, and then proofs can be relayed; more are separated by commas")
	flags.Float64Var(&o.hz, "hz", engine.DefaultRate, fmt.Sprintf("`N` heartbeats a second, 1 to %d; each sends every agent a state", engine.MaxRate))
	flags.Float64Var(&o.distance, "view-distance", 0, "`METRES` that agents see; 0 is everything")
	flags.Var(limit.Size[int]{N: &o.budget}, "state-budget", "`SIZE` of a state to an agent on a good link; the rest comes later (default 64KiB)")
	flags.StringVar(&o.data, "data", "", "`DIR` where the place keeps what is to survive it, made if need be; one process at a time (default: nothing survives)")
	flags.Var(limit.Size[int64]{N: &o.assetCache}, "asset-cache", "`SIZE` of assets to keep, below 0 none (default 1GiB in --data, 32MiB in memory without)")
	flags.Var(limit.Size[int]{N: &o.memory}, "memory", "`SIZE` of memory that the process keeps to, whatever agents do: 3/8 for what they make the place hold, 1/4 for packets,\n"+
		"1/4 for the scripts' state, which is made again beyond that (default 1GiB)")
	flags.StringVar(&o.http, "http", "", "`ADDR` to serve the status page and metrics on, over HTTP: HOST:PORT, or :PORT for 127.0.0.1 only (default: nowhere)")
	flags.StringVar(&o.web, "web", defaultWeb, "`ADDR` where browsers walk in, over HTTP: HOST:PORT, or :PORT for 127.0.0.1 only; none is nowhere.\n"+
		"By default the next free port from there on")
	flags.StringVar(&o.webUDP, "web-udp", "", "`ADDR` of WebRTC's UDP: HOST:PORT; none has browsers join by WebSocket (default: that of --web, or any free port there)")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "`FILE` with the web server's certificate and its chain, in PEM: browsers give microphones to HTTPS only, but on\n"+
		"localhost; it is read again when it changes")
	flags.StringVar(&o.tlsKey, "tls-key", "", "`FILE` with the key of --tls-cert")
	flags.StringSliceVar(&o.httpsHosts, "https-host", nil, "`NAME` that leads here, to get and renew a certificate for by ACME from Let's Encrypt, whose terms you agree to; --web is\n"+
		"port 443 of every address then unless it says otherwise, and certificates are kept in --data; more are separated by commas")
	flags.StringSliceVar(&o.trusted, "trusted-proxy", nil, "`ADDRESS` or network, ADDRESS/BITS, of proxies that are believed who asks (X-Forwarded-For, X-Forwarded-Host);\n"+
		"more are separated by commas")
	flags.StringSliceVar(&o.origins, "allow-origin", nil, "`ORIGIN` whose pages may join besides the place's own, such as https://example.org; * is all of them;\n"+
		"more are separated by commas")
	flags.IntVar(&o.perAddress, "connections-per-address", 0, "`N` connections that one address may have; loopback and private networks may have any number (default 256)")
	flags.Var(limit.Size[int]{N: &o.mediaFrame}, "media-frame", "`SIZE` of a media packet, such as a picture of a video, at most (default 1 MiB)")
	flags.Var(limit.Size[int]{N: &o.mediaRate}, "media-rate", "`SIZE` of media that an agent may send a second (default 4 MiB)")
	flags.DurationVar(&o.linger, "linger", engine.DefaultLinger, "`TIME` that entities wait for a verified agent whose connection is lost; 0 is not at all")
	flags.StringSliceVar(&o.apps, "apps", []string{"*"}, "`HOST` that apps may be launched from: a name, *.NAME, ADDRESS, ADDRESS/BITS, each with :PORT or without;\n"+
		"* is any with a public address, none is none; more are separated by commas")
	flags.StringArrayVar(&o.limits, "limit", nil, "`NAME=VALUE` of a limit on what one agent may cost, as the log names it: interaction-rate=500, turn-time=200ms,\n"+
		"entity-bytes=1MiB; may be given several times")
	flags.StringArrayVar(&o.scripts, "script-limit", nil, "`NAME=VALUE` of a limit on what scripts may cost: call=500000, call-time=200ms, log-lines=50;\n"+
		"may be given several times")
	o.log.flags(flags)
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
		switch n, err := strconv.ParseUint(port, 10, 16); {
		case err == nil:
			o.listen = listenOnPort(uint16(n))
		case strings.Contains(port, "://"):
			o.serviceLink = port
		default:
			return fmt.Errorf("ALLOPLACE_PORT is %q, want a port number", port)
		}
	}
	if err := checkListen(o.listen); err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	for _, name := range o.knownAs {
		if _, err := netcode.DialedName(name); err != nil && name != engine.AnyName {
			return fmt.Errorf("--known-as: %w", err)
		}
	}
	if !(o.hz >= 1 && o.hz <= engine.MaxRate) { // NaN is neither
		return fmt.Errorf("--hz is %g, want 1 to %d", o.hz, engine.MaxRate)
	}
	if o.memory == 0 {
		o.memory = defaultMemory
	}
	if o.memory < leastMemory {
		return fmt.Errorf("--memory is %s, want at least %s", limit.FormatSize(int64(o.memory)), limit.FormatSize(leastMemory))
	}
	if o.perAddress < 0 {
		return fmt.Errorf("--connections-per-address is %d, want 1 or more", o.perAddress)
	}
	if o.mediaFrame < 0 || o.mediaRate < 0 {
		return fmt.Errorf("--media-frame is %s and --media-rate %s, want 0 or more", limit.FormatSize(int64(o.mediaFrame)), limit.FormatSize(int64(o.mediaRate)))
	}
	if o.linger < 0 {
		return fmt.Errorf("--linger is %v, want 0 or more", o.linger)
	}
	if o.linger == 0 {
		o.linger = -1 // what the engine calls not at all
	}
	if _, err := o.engineLimits(); err != nil {
		return err
	}
	if _, err := o.scriptLimits(); err != nil {
		return err
	}
	o.policy = apps.Policy{Hosts: o.apps, Token: getenv(gatewayToken)}
	if slices.Equal(o.apps, []string{"none"}) {
		o.policy.Hosts = []string{}
	}
	if err := o.policy.Check(); err != nil {
		return fmt.Errorf("--apps: %w", err)
	}
	if o.http != "" {
		addr, err := statusAddr(o.http)
		if err != nil {
			return fmt.Errorf("--http: %w", err)
		}
		o.http = addr
	}
	if err := o.completeWeb(flags); err != nil {
		return err
	}
	if o.publicHost != "" {
		if host, _, err := netcode.ParsePlaceURL("alloplace://" + o.publicHost); err != nil || host != o.publicHost {
			return fmt.Errorf("public host is %q, want a host name or an IPv4 address without a port", o.publicHost)
		}
	}
	return nil
}

// engineLimits returns the limits as the flags set them.
func (o *serveOptions) engineLimits() (engine.Limits, error) {
	limits := engine.Limits{
		StateBudget: o.budget, MediaBytes: o.mediaFrame, MediaByteRate: o.mediaRate,
		Memory: o.memory * 3 / 8, DecodingMemory: o.memory / 16, PlaceCommandQueueBytes: o.memory / 16,
	}
	for _, text := range o.limits {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return limits, fmt.Errorf("--limit is %q, want NAME=VALUE with NAME one of %s", text, strings.Join(engine.LimitFlags(), ", "))
		}
		if err := limits.Set(name, value); err != nil {
			return limits, fmt.Errorf("--limit: %w", err)
		}
	}
	return limits, nil
}

// scriptLimits returns those of scripts.
func (o *serveOptions) scriptLimits() (scripts.Limits, error) {
	limits := scripts.Limits{Heap: int64(o.memory / 4)}
	for _, text := range o.scripts {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return limits, fmt.Errorf("--script-limit is %q, want NAME=VALUE with NAME one of %s", text, strings.Join(scripts.LimitFlags(), ", "))
		}
		if err := limits.Set(name, value); err != nil {
			return limits, fmt.Errorf("--script-limit: %w", err)
		}
	}
	return limits, nil
}

// Of the memory that the process keeps to, what Go manages may take three quarters: what agents
// make the place hold, the scripts' state, and an eighth for everything else and for garbage.
// The rest is ENet's, for packets.
const (
	defaultMemory = 1 << 30
	leastMemory   = 64 << 20
)

const (
	// leastOutgoing is how many bytes may wait for one agent in all: what others send it,
	// what it is answered, and assets.
	leastOutgoing = 16 << 20
	// mostQueue is a quarter of what ENet counts up to.
	mostQueue = 1 << 28
)

// networkLimits returns the transport's limits as the flags set them. It takes what the place
// lets wait: an agent whose queue is full is sent nothing more, but keeps its connection.
func (o *serveOptions) networkLimits(place engine.Limits) enet.Limits {
	limits := enet.Limits{
		OpenPerAddress: o.perAddress, MaxWaitingTotal: o.memory / 16, MaxOutbox: o.memory / 16, MaxOutgoingTotal: o.memory / 8,
	}
	queue := place.SendQueueBytes
	if queue == 0 {
		queue = 2 * place.CommandBytes // its default, or less
	}
	limits.MaxOutgoing = max(leastOutgoing, 4*min(queue, mostQueue))
	all := 2 * min(place.PlaceSendQueueBytes, mostQueue)
	limits.MaxOutbox, limits.MaxOutgoingTotal = max(limits.MaxOutbox, all), max(limits.MaxOutgoingTotal, all)
	return limits
}

// boundHeap has Go collect garbage more often where the heap nears what it may take. GOMEMLIMIT
// in the environment wins if it is less.
func (o *serveOptions) boundHeap() (undo func()) {
	was := debug.SetMemoryLimit(-1)
	debug.SetMemoryLimit(min(was, int64(o.memory)*3/4))
	return func() { debug.SetMemoryLimit(was) }
}

// listenOnPort is the address of a port on every interface.
func listenOnPort(port uint16) string { return fmt.Sprintf("0.0.0.0:%d", port) }

// serve opens the place and blocks until a signal or ctx ends it.
func (o *serveOptions) serve(ctx context.Context, stdout, stderr io.Writer) (err error) {
	log := o.log.logger(stderr)
	defer o.boundHeap()()
	if o.serviceLink != "" {
		log.Info("ignoring ALLOPLACE_PORT: it is the link to a service of Kubernetes, and no port", "value", o.serviceLink)
	}
	options, err := o.options(log)
	if err != nil {
		return err
	}
	web, err := o.listenWeb(&options, log)
	if err != nil {
		return err
	}
	defer web.close()
	ctx, stop := untilSignal(ctx, log)
	defer stop()
	var unsaid error
	options.Place.Opened = func(place *engine.Place) {
		url := place.URL()
		log.Info("serving", "url", url, "hz", o.hz)
		sayKey(log, place)
		// The socket is bound: one who connects from here on is heard.
		if _, err := fmt.Fprintln(stdout, "ready", url); err != nil {
			unsaid = fmt.Errorf("cannot say that the place is ready: %w", err)
			stop()
		}
	}
	place, err := scripts.Open(options)
	if err != nil {
		return listenError(err)
	}
	defer place.Close()
	if o.http != "" {
		close, err := serveStatus(o.http, place.Place, place.Scripts, log)
		if err != nil {
			return err
		}
		defer close()
	}
	if err := web.start(place); err != nil {
		return err
	}
	return errors.Join(place.Serve(ctx), unsaid)
}

// listenError adds the way out where the place's port is taken.
func listenError(err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; --listen takes another address, with port 0 for any free one", err)
	}
	return err
}

// sayKey says which key agents are shown, and for how long.
func sayKey(log *slog.Logger, place *engine.Place) {
	key, ephemeral := place.Key()
	lasts := "kept in --data"
	if ephemeral {
		lasts = "until the place closes; --data keeps one"
	}
	log.Info("the place's key", "key", netcode.KeyText(key), "lasts", lasts)
}

// options are what the flags say of the place.
func (o *serveOptions) options(log *slog.Logger) (scripts.Options, error) {
	bounds, err := o.scriptLimits()
	if err != nil {
		return scripts.Options{}, err
	}
	limits, err := o.engineLimits()
	if err != nil {
		return scripts.Options{}, err
	}
	return scripts.Options{
		Dir: o.dir, Data: o.data, Listen: o.listen, Network: o.networkLimits(limits), Logger: log,
		Scripts: scripts.Config{NoReload: o.noReload, Name: o.name, Limits: bounds},
		Place: engine.Config{
			PublicHost: o.publicHost, KnownAs: o.knownAs, Apps: o.policy, Rate: o.hz, ViewDistance: o.distance, Linger: o.linger,
			Limits: limits, Assets: assets.Options{CacheBytes: o.assetCache},
		},
	}, nil
}

// checkListen refuses what is not HOST:PORT, as a mistake in how the command was called.
func checkListen(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%q, want HOST:PORT", addr)
	}
	return nil
}

// untilSignal returns a context that ends with the first SIGINT, SIGTERM or SIGHUP, which a
// terminal sends that is closed; what nohup has started stays. From
// then on signals do what they do by default: a second one ends the process at
// once, however long the place takes to say goodbye.
func untilSignal(parent context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	signalled, stop := signal.NotifyContext(parent, signals...)
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
