package apps

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/loci-place/loci/netcode"
)

// The headers of a launch.
const (
	headerPlace    = "X-Alloverse-Server"      // alloplace://host:port
	headerIdentity = "X-Alloverse-Launched-By" // JSON, on one line
)

const (
	dialTimeout       = 3 * time.Second // per address, to leave time for others
	maxRedirects      = 3
	maxReason         = 500      // bytes of what a gateway says that agents are told
	maxAnswer         = 4 << 10  // bytes of what it says that are read
	maxResponseHeader = 16 << 10 // bytes
)

// Launch is a request to a gateway.
type Launch struct {
	URL   *url.URL       // of the app, from [ParseURL]
	Place string         // alloplace://host:port, the place that the app joins
	By    map[string]any // the identity of the requester
	Args  map[string]any // with the token that the app announces itself with
}

// Launcher asks gateways to launch apps. It may be used from any goroutine.
type Launcher struct {
	client *http.Client
	rules  rules
	token  string
}

// NewLauncher returns a launcher whose requests take at most timeout, redirects and the
// answer included. The error is that of [Policy.Check].
func NewLauncher(policy Policy, timeout time.Duration) (*Launcher, error) {
	rules, err := parseRules(policy.Hosts)
	if err != nil {
		return nil, err
	}
	l := &Launcher{rules: rules, token: policy.Token}
	d := &dialer{rules: rules, lookUp: lookUp, net: net.Dialer{Timeout: dialTimeout}}
	l.client = &http.Client{
		Timeout:       timeout,
		CheckRedirect: l.redirect,
		// Proxy stays nil: a proxy from the environment could connect to any host. Every
		// request dials, so that none reuses a connection that another policy, or an older
		// answer of the name service, allowed.
		Transport: &http.Transport{
			DialContext:            d.dial,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxResponseHeader,
			TLSClientConfig:        &tls.Config{RootCAs: policy.RootCAs, MinVersion: tls.VersionTLS12},
		},
	}
	return l, nil
}

// Launch sends a request to a gateway and returns nil once it has answered 200. The error
// is meant for the agent that asked; it wraps [ErrForbidden] if the policy forbids it.
func (l *Launcher) Launch(ctx context.Context, what Launch) error {
	body := netcode.AppendValue(nil, what.Args)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, what.URL.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the app's URL makes no request")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "loci")
	req.Header.Set(headerPlace, what.Place)
	req.Header.Set(headerIdentity, oneLine(netcode.AppendValue(nil, what.By)))
	l.authorize(req)
	res, err := l.client.Do(req)
	if err != nil {
		return l.unanswered(err)
	}
	defer res.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the app's gateway answered %d%s", res.StatusCode, reasonIn(said))
	}
	return nil
}

// unanswered describes why there was no answer, without the URL, which the agent knows.
func (l *Launcher) unanswered(err error) error {
	var e *url.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case errors.Is(err, ErrForbidden):
		return ErrForbidden
	case errors.Is(err, context.Canceled):
		return errors.New("the place has closed")
	case e.Timeout():
		return fmt.Errorf("the app's gateway has not answered within %v", l.client.Timeout)
	}
	return fmt.Errorf("the app's gateway could not be asked: %w", e.Err)
}

// redirect follows redirects that repeat the POST (307 and 308); others would become a GET.
// The dialer applies the policy to the new host.
func (l *Launcher) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case req.Method != http.MethodPost:
		return http.ErrUseLastResponse
	case len(via) > maxRedirects:
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	case req.URL.Scheme == "http" && via[0].URL.Scheme == "https":
		return errors.New("it redirects from https to http")
	}
	l.authorize(req)
	return checkURL(req.URL)
}

// authorize adds the token if the policy names the host.
func (l *Launcher) authorize(req *http.Request) {
	req.Header.Del("Authorization")
	if l.token != "" && l.rules.knows(req.URL.Hostname(), portOf(req.URL)) {
		req.Header.Set("Authorization", "Bearer "+l.token)
	}
}

func portOf(u *url.URL) uint16 {
	if p := u.Port(); p != "" {
		n, _ := strconv.ParseUint(p, 10, 16)
		return uint16(n)
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// maxURL is the maximum length of an app's URL: what all browsers and proxies accept.
const maxURL = 2048

// ParseURL parses the URL that an agent wants launched, alloapp:http://… or
// alloapp:https://…, and returns the URL to POST to. It looks nothing up. The error is meant
// for the agent.
func ParseURL(s string) (*url.URL, error) {
	at, ok := strings.CutPrefix(s, "alloapp:")
	switch {
	case len(s) > maxURL:
		return nil, fmt.Errorf("the app's URL has %d bytes, at most %d may be", len(s), maxURL)
	case !ok:
		return nil, errors.New("want alloapp:http://… or alloapp:https://…")
	}
	u, err := url.Parse(at)
	if err != nil {
		return nil, errors.New("what follows alloapp: is no URL")
	}
	if err := checkURL(u); err != nil {
		return nil, err
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// checkURL returns why a URL, of an agent or a redirect, cannot be POSTed to. User names and
// passwords are refused: they would look like the place's.
func checkURL(u *url.URL) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("apps are launched over http or https")
	case u.Hostname() == "":
		return errors.New("the app's URL names no host")
	case u.User != nil:
		return errors.New("the app's URL must not name a user")
	}
	return nil
}

// dialer connects to hosts at addresses that the rules permit. It looks a name up once and
// dials exactly the addresses it has checked, so that a changed answer of the name service
// cannot bypass the rules.
type dialer struct {
	rules  rules
	lookUp func(ctx context.Context, host string) ([]netip.Addr, error)
	net    net.Dialer
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// dial connects to host:port for an [http.Transport]. For a host without a permitted address
// the error is always ErrForbidden: agents must not learn which private names exist.
func (d *dialer) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil || port == 0 {
		return nil, errors.New("its port is not within 1 to 65535")
	}
	if !d.rules.considers(host, uint16(port)) {
		return nil, ErrForbidden
	}
	addrs, err := d.lookUp(ctx, host)
	if err != nil {
		return nil, err
	}
	failed := error(ErrForbidden)
	for _, addr := range addrs {
		if !d.rules.permits(host, uint16(port), addr) {
			continue
		}
		conn, err := d.net.DialContext(ctx, network, netip.AddrPortFrom(addr.Unmap(), uint16(port)).String())
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// oneLine encodes JSON for a header: in printable ASCII, with everything else escaped. Its
// input must be valid JSON without newlines.
func oneLine(data []byte) string {
	var b strings.Builder
	for _, r := range string(data) {
		switch {
		case r >= ' ' && r < 0x7f:
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// reasonIn returns the reason in a gateway's answer, with a colon before it: the "error" of a
// JSON object, as alloverse's own gateway answers, or else the whole text. It may be "".
func reasonIn(body []byte) string {
	said := string(body)
	var object struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &object) == nil && object.Error != "" {
		said = object.Error
	}
	if said = printable(said); said == "" {
		return ""
	}
	return ": " + said
}

// printable turns foreign text into one printable line of at most maxReason bytes.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
