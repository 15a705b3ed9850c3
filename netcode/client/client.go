package client

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// Config describes an agent. The zero value is a version 4 agent called
// "agent" with an empty avatar, that stands still and follows the place's state.
//
// The callbacks are called one at a time from a goroutine of the client's, in
// the order in which the place sent things, and may start before Dial returns.
// They may call the client's methods, Request and Close included, but not
// WaitFor: while a callback runs no state is applied. One that takes long costs
// the agent states and media (see ClientStats.Dropped), never its connection.
type Config struct {
	// Version of the protocol to announce, 1 to 4; 0 means 4, or 1 with Envelope.
	Version int
	// Identity is who the agent says it is; nil means only a display_name, "agent".
	Identity map[string]any
	// Key is what the agent proves to the place that it has, which shows as verified
	// there (netcode/README.md, "Verified agents"); its public half goes into the identity as "auth".
	// Nil means that it proves nothing.
	Key ed25519.PrivateKey
	// PlaceName is what the place must call itself to get the proof; "" means that any
	// place does.
	PlaceName string
	// KnownPlaces remembers the keys of places, as known_hosts does for SSH: a place is
	// trusted the first time, and Dial fails with a [*PlaceKeyError] where it shows another
	// key later, or none. The client asks for the place's proof if it has KnownPlaces or a
	// Key. Nil means that it remembers for itself, as long as it lasts. Keys that a place
	// does not keep itself are not remembered.
	KnownPlaces netcode.KnownPlaces
	// Resume is the avatar of the agent with the Key whose connection was lost not long
	// ago: the place gives it back if it can. If it can not, a new agent joins, and
	// [Client.Avatar] is another.
	Resume string
	// Reconnect has the client, where it has a Key, connect again for up to a minute when
	// the connection is lost, and resume. Requests and fetches under way fail, and until
	// it is back all others do. OnReconnect is then called, before anything else that the
	// place tells the agent from then on; it was a new agent that joined unless resumed,
	// and then has to do again what it did before.
	Reconnect   bool
	OnReconnect func(c *Client, resumed bool)
	// Avatar is what the avatar is made of: components by name, and "children",
	// a list of the same; nil means an entity without any.
	Avatar map[string]any
	// IntentRate is how many intents to send each second; 0 means 20. To acknowledge
	// each state at once there may be up to a fifth more.
	IntentRate int
	// Mode says how much of the place's state the client keeps.
	Mode StateMode
	// Envelope has the client speak only the envelope of version 0 (netcode/PROTOCOL.md,
	// "Connections"), which has no requests but the announce.
	Envelope bool

	// OnState is called after each state that was applied, in FullDocument mode.
	OnState func(d *netcode.Document)
	// Handle is called with each interaction but responses to own requests. A
	// request must be answered with [Client.Respond], by any goroutine; nil
	// answers each with an error.
	Handle func(c *Client, i netcode.Interaction)
	// OnMedia is called with each packet of a track that the agent hears. The
	// payload may be kept.
	OnMedia func(track uint32, payload []byte)
	// OnAsset is called with each asset frame (netcode/PROTOCOL.md, "Assets") that is
	// neither a request for what [Client.PublishAsset] was given nor about what
	// [Client.FetchAsset] gets. The frame may be kept. A request must be answered; nil
	// answers each that it is not available.
	OnAsset func(c *Client, f netcode.AssetFrame)
	// OnDisconnect is called last, unless the connection ended by Close, with
	// what Err returns.
	OnDisconnect func(err error)
	// Observe is called with each state packet as it arrives. Unlike the other
	// callbacks it runs on the transport's goroutine, and so must be quick and
	// must not block.
	Observe func(s StateHeader)

	// Logger hears of what others send and the client cannot use; nil is silence.
	Logger *slog.Logger
}

// StateMode says how much of a place's state a [Client] keeps.
type StateMode uint8

const (
	// FullDocument applies every state.
	FullDocument StateMode = iota
	// AcknowledgeOnly looks only at which revision a state is of and starts
	// from, and acknowledges as if it were applied: an agent at a hundredth of
	// the cost, for load generators. Its document has a revision, but no entities.
	AcknowledgeOnly
)

// Client is an agent in a place: it has announced itself and been let in. Its
// methods may be called from any goroutine.
type Client struct {
	cfg     Config
	dialect *netcode.Dialect
	log     *slog.Logger
	dialer  *Dialer
	owned   bool // the dialer is the client's alone
	url     string
	places  netcode.KnownPlaces
	link    atomic.Pointer[link] // the newest
	start   time.Time

	done    chan struct{} // closed when the connection has ended
	inbox   inbox
	lastID  atomic.Uint64 // of own requests
	pacing  sync.WaitGroup
	working sync.WaitGroup

	mu       sync.Mutex // guards what follows
	avatar   string
	place    string
	err      error // why the connection ended
	lost     error // why there is none for now, see Config.Reconnect
	closed   bool  // by Close
	busy     bool  // a callback is running
	begun    bool  // its goroutines have been started
	states   history
	ack      uint64
	changed  chan struct{} // closed at the next state, if anyone waits for it
	intent   netcode.Intent
	requests requests
	fetches  map[string][]*fetch // by the asset's id
	clock    clockEstimate
	stats    Stats

	met       acquaintance      // of the newest announce
	published map[string][]byte // contents of assets, by id
}

// Dial connects an agent to a place over an ENet host of its own, announces it
// and waits until it is let in. The URL is alloplace://host[:port].
//
// The error is an [*AnnounceError] when the place refuses the agent, a
// [*DisconnectError] when it cannot be reached or hangs up, and wraps ctx's when
// that ends first.
func Dial(ctx context.Context, url string, cfg Config) (*Client, error) {
	host, err := enet.New(enet.Config{Peers: 1, Logger: quiet(cfg.Logger)})
	if err != nil {
		return nil, err
	}
	d := NewDialer(host)
	c, err := d.dial(ctx, url, cfg, true)
	if err != nil {
		d.Close()
		return nil, err
	}
	return c, nil
}

// link is a client's connection.
type link struct {
	to        []netcode.Conn // it alone
	connected chan struct{}  // closed when the transport is
	lost      chan struct{}  // closed when it is over
}

func newClient(d *Dialer, url string, cfg Config, owned bool) (*Client, error) {
	if cfg.Version == 0 {
		cfg.Version = netcode.MaxVersion
		if cfg.Envelope {
			cfg.Version = netcode.MinVersion
		}
	}
	dialect, ok := netcode.DialectOf(cfg.Version)
	if !ok {
		return nil, fmt.Errorf("netcode: Config.Version is %d, %d to %d are possible", cfg.Version, netcode.MinVersion, netcode.MaxVersion)
	}
	if cfg.IntentRate < 0 || cfg.IntentRate > 1000 {
		return nil, fmt.Errorf("netcode: Config.IntentRate is %d, 1 to 1000 are possible", cfg.IntentRate)
	}
	if cfg.Key != nil && len(cfg.Key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("netcode: Config.Key has %d bytes, want %d", len(cfg.Key), ed25519.PrivateKeySize)
	}
	if cfg.IntentRate == 0 {
		cfg.IntentRate = 20
	}
	var err error
	if cfg.Identity, err = netcode.PlainObject(cfg.Identity); err != nil {
		return nil, fmt.Errorf("netcode: Config.Identity: %w", err)
	}
	if cfg.Avatar, err = netcode.PlainObject(cfg.Avatar); err != nil {
		return nil, fmt.Errorf("netcode: Config.Avatar: %w", err)
	}
	if cfg.Identity == nil {
		cfg.Identity = map[string]any{"display_name": "agent"}
	}
	places := cfg.KnownPlaces
	if places == nil {
		places = &netcode.PlaceMemory{}
	}
	return &Client{
		places:    places,
		cfg:       cfg,
		dialect:   dialect,
		log:       quiet(cfg.Logger),
		dialer:    d,
		owned:     owned,
		url:       url,
		start:     time.Now(),
		done:      make(chan struct{}),
		inbox:     inbox{signal: make(chan struct{}, 1)},
		intent:    netcode.Intent{WantsStickMovement: true},
		requests:  make(requests),
		fetches:   make(map[string][]*fetch),
		published: make(map[string][]byte),
	}, nil
}

// quiet is a logger that is silent if there is none.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// Avatar is the id of the agent's own entity.
func (c *Client) Avatar() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.avatar
}

// PlaceName is what the place called itself when it let the agent in.
func (c *Client) PlaceName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place
}

// Done is closed when the connection has ended, by either side.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the connection ended: [ErrClosed] by Close, a [*DisconnectError]
// by the place or by silence. It is nil while the connection lasts.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close leaves the place. Requests under way fail with ErrClosed. When Close
// returns no callback will be called any more, though one that is running may
// still be. Closing twice is fine.
func (c *Client) Close() error {
	c.leave()
	if c.owned {
		return c.dialer.Close()
	}
	return nil
}

// leave is Close for the client alone, without the dialer it may own.
func (c *Client) leave() {
	c.mu.Lock()
	c.closed = true
	busy := c.busy
	c.mu.Unlock()
	if c.end(netcode.ErrClosed) {
		c.hangUp(netcode.CodeClientLeft)
	}
	c.pacing.Wait()
	if !busy {
		c.working.Wait()
	}
}

// begin starts the client's goroutines, once, unless the connection has ended.
func (c *Client) begin() {
	c.mu.Lock() // so that none is started while leave waits for them
	defer c.mu.Unlock()
	if c.err == nil && !c.begun {
		c.begun = true
		c.pacing.Go(c.pace)
		c.working.Go(c.work)
	}
}

// end settles why the connection ended, once, and reports whether it did.
func (c *Client) end(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return false
	}
	c.err = err
	c.requests.fail(err)
	close(c.done)
	return true
}

// hangUp ends the connection that there is.
func (c *Client) hangUp(code uint32) {
	if l := c.link.Load(); l != nil {
		c.dialer.transport.Disconnect(l.to[0], code)
	}
}

// send sends one packet to the place.
func (c *Client) send(channel uint8, reliable bool, data []byte) error {
	return c.dialer.transport.Send(netcode.Packet{Channel: channel, Reliable: reliable, Data: data}, c.link.Load().to...)
}

// Stats counts what a [Client] has sent and received since it was dialled.
type Stats struct {
	States         uint64        // state packets that came
	StateBytes     uint64        // their sizes
	Sets           uint64        // those of StyleSet
	UnusableStates uint64        // those that were malformed or started from a revision not held
	Intents        uint64        // intents sent
	Dropped        uint64        // packets dropped because callbacks took too long
	Unusable       uint64        // other packets that made no sense
	Transport      netcode.Stats // of the connection; zero when it has ended
}

func (s *Stats) count(h *StateHeader) {
	s.States++
	s.StateBytes += uint64(h.Bytes)
	if h.Style == netcode.StyleSet {
		s.Sets++
	}
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	transport, _ := c.dialer.transport.Stats(c.link.Load().to[0])
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Transport = transport
	return s
}
