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

// Config configures an agent. The zero value is an agent called "agent" with an empty
// avatar, that stands still and follows the place's state.
//
// The callbacks are called one at a time on a goroutine of the client, in the order in which
// the place sent things, and may start before Dial returns. They may call the client's methods,
// Request and Close included, but not WaitFor: while a callback runs no state is applied. A slow
// callback loses states and media (see Stats.Dropped), never the connection.
type Config struct {
	// Version of the protocol to announce, 1 to 5; 0 means 5, or 4 where the place does not
	// speak that, or 1 with Envelope.
	Version int
	// Identity is the identity to announce; nil means only a display_name, "agent".
	Identity map[string]any
	// Key is the private key that the agent proves to have, which makes it verified
	// (netcode/README.md, "Verified agents"). The public key goes into the identity as
	// "auth". Nil means that the agent proves nothing.
	Key ed25519.PrivateKey
	// PlaceName is the name that the place must have to get the proof; "" means any.
	PlaceName string
	// KnownPlaces stores the keys of places, like known_hosts of SSH: a place is trusted the
	// first time, and Dial fails with a [*netcode.PlaceKeyError] if it shows another key
	// later, or none. The client asks for the place's proof if it has KnownPlaces or a Key.
	// Nil means the client's own memory. Ephemeral keys of places are not stored.
	KnownPlaces netcode.KnownPlaces
	// Resume is the avatar that an agent with this Key had when it lost its connection a
	// short time ago: the agent gets it back if the place still has it. If not, a new agent
	// joins, and [Client.Avatar] is another.
	Resume string
	// Reconnect makes a client with a Key reconnect, for up to a minute after the connection
	// is lost, and resume. Requests and fetches in flight fail, and so do others until it has
	// reconnected. Then OnReconnect is called before any other callback. If resumed is false, a
	// new agent has joined, and has to repeat what it did before, such as subscribing.
	Reconnect   bool
	OnReconnect func(c *Client, resumed bool)
	// Avatar is the spec of the avatar: components by name, and "children", a list of
	// further specs; nil means an entity without components.
	Avatar map[string]any
	// IntentRate is the number of intents to send per second; 0 means 20. There may be up
	// to a fifth more to acknowledge each state immediately.
	IntentRate int
	// Mode says how much of the state the client keeps.
	Mode StateMode
	// Envelope makes the client use only the envelope of version 0 (netcode/PROTOCOL.md,
	// "Connections"), which has no requests except the announce.
	Envelope bool

	// OnState is called after each applied state, in FullDocument mode.
	OnState func(d *netcode.Document)
	// Handle is called with each interaction except responses to own requests. A request
	// must be answered with [Client.Respond], from any goroutine. Nil answers all requests
	// with an error.
	Handle func(c *Client, i netcode.Interaction)
	// OnMedia is called with each packet of a track that the agent hears. It may keep the
	// payload.
	OnMedia func(track uint32, payload []byte)
	// OnAsset is called with each asset frame (netcode/PROTOCOL.md, "Assets") that does not
	// concern [Client.PublishAsset] or [Client.FetchAsset]. It may keep the frame, and must
	// answer requests. Nil answers that the asset is not available.
	OnAsset func(c *Client, f netcode.AssetFrame)
	// OnDisconnect is called last, with the result of Err, unless Close ended the
	// connection.
	OnDisconnect func(err error)
	// Observe is called with each state packet as it arrives. Unlike the other callbacks it
	// runs on the transport's goroutine, so it must be quick and must not block.
	Observe func(s StateHeader)

	// Logger is for messages that the client cannot use; nil means no logging.
	Logger *slog.Logger
}

// StateMode says how much of the state a [Client] keeps.
type StateMode uint8

const (
	// FullDocument applies every state.
	FullDocument StateMode = iota
	// AcknowledgeOnly reads only the revisions of states, and acknowledges them as if they
	// were applied: an agent at a hundredth of the cost, for load generators. Its document
	// has a revision, but no entities.
	AcknowledgeOnly
)

// Client is an agent that has joined a place. Its methods may be called from any goroutine.
type Client struct {
	cfg     Config
	dialect *netcode.Dialect
	log     *slog.Logger
	dialer  *Dialer
	owned   bool // the client closes the dialer
	url     string
	places  netcode.KnownPlaces
	link    atomic.Pointer[link] // the newest
	start   time.Time

	done    chan struct{} // closed when the connection has ended
	inbox   inbox
	lastID  atomic.Uint64 // of own requests
	sending sync.WaitGroup
	working sync.WaitGroup

	mu       sync.Mutex // guards what follows
	avatar   string
	place    string
	err      error // why the connection has ended
	lost     error // why there is currently none, see Config.Reconnect
	closed   bool  // by Close
	busy     bool  // a callback is running
	begun    bool  // the goroutines have been started
	states   history
	ack      uint64
	changed  chan struct{} // closed at the next state; nil if nothing waits for it
	intent   netcode.Intent
	requests requests
	fetches  map[string][]*fetch // by the asset's id
	clock    clockEstimate
	stats    Stats

	met       acquaintance      // of the newest announce
	published map[string][]byte // contents of assets, by id
}

// Dial connects an agent to a place over an ENet host of its own, announces it and waits until
// it has joined. The URL is alloplace://host[:port].
//
// The error is an [*AnnounceError] if the place refuses the agent, a [*DisconnectError] if the
// place cannot be reached or disconnects, and wraps ctx's error if ctx ends first.
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
	to        []netcode.Conn // the connection
	connected chan struct{}  // closed when it is established
	lost      chan struct{}  // closed when it has ended
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

// quiet returns log, or a logger that discards everything if it is nil.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}

// Avatar returns the id of the agent's avatar.
func (c *Client) Avatar() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.avatar
}

// PlaceName returns the name of the place.
func (c *Client) PlaceName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place
}

// Done returns a channel that is closed when the connection has ended, by either side.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns why the connection has ended: [netcode.ErrClosed] after Close, a
// [*DisconnectError] if the place ended it or fell silent. It is nil before.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close leaves the place. Requests in flight fail with ErrClosed. After Close returns no callback
// starts, but one may still be running. Close may be called twice.
func (c *Client) Close() error {
	c.leave()
	if c.owned {
		return c.dialer.Close()
	}
	return nil
}

// leave is Close without closing the dialer.
func (c *Client) leave() {
	c.mu.Lock()
	c.closed = true
	busy := c.busy
	c.mu.Unlock()
	if c.end(netcode.ErrClosed) {
		c.hangUp(netcode.CodeClientLeft)
	}
	c.sending.Wait()
	if !busy {
		c.working.Wait()
	}
}

// begin starts the client's goroutines once, unless the connection has ended.
func (c *Client) begin() {
	c.mu.Lock() // keeps leave from waiting before all have been started
	defer c.mu.Unlock()
	if c.err == nil && !c.begun {
		c.begun = true
		c.sending.Go(c.sendIntents)
		c.working.Go(c.work)
	}
}

// end sets why the connection has ended, and reports whether this was the first call.
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

// hangUp ends the current connection.
func (c *Client) hangUp(code uint32) {
	if l := c.link.Load(); l != nil {
		c.dialer.transport.Disconnect(l.to[0], code)
	}
}

// send sends one packet to the place.
func (c *Client) send(channel uint8, reliable bool, data []byte) error {
	return c.dialer.transport.Send(netcode.Packet{Channel: channel, Reliable: reliable, Data: data}, c.link.Load().to...)
}

// Stats counts what a [Client] has sent and received since Dial.
type Stats struct {
	States         uint64        // state packets received
	StateBytes     uint64        // their sizes
	Sets           uint64        // those of StyleSet
	UnusableStates uint64        // those that were malformed or start from an unknown revision
	Intents        uint64        // intents sent
	Dropped        uint64        // packets dropped because callbacks took too long
	Unusable       uint64        // other invalid packets
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
