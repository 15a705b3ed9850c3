package apps

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/loci-place/loci/netcode"
)

// The headers that a launch comes with.
const (
	headerPlace    = "X-Alloverse-Server"      // alloplace://host:port
	headerIdentity = "X-Alloverse-Launched-By" // JSON, on one line
)

const (
	dialTimeout       = 3 * time.Second // for one address, so that others have their turn
	maxRedirects      = 3
	maxReason         = 500      // bytes of what a gateway says that agents are told
	maxAnswer         = 4 << 10  // bytes of what it says that are read
	maxResponseHeader = 16 << 10 // bytes
)

// Launch is what a gateway is asked.
type Launch struct {
	URL   *url.URL       // where to, from [ParseURL]
	Place string         // alloplace://host:port, where the app is to come
	By    map[string]any // the identity of who asks
	Args  map[string]any // with the token that the app is to announce itself with
}

// Launcher asks gateways to launch apps. It may be used from any goroutine.
type Launcher struct {
	client *http.Client
	rules  rules
	token  string
}

// NewLauncher makes a launcher whose requests take at most timeout, redirects and the
// answer included. The error names what is wrong with the policy.
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
		// Proxy stays nil: a proxy from the environment could connect to any host.
		// Every request dials, so that none slips through on a connection that another
		// policy, or an older answer of the name service, was fine with.
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

// Launch asks a gateway and returns nil once it has answered 200. Any other error is
// for the agent that asked to read; it wraps [ErrForbidden] where the policy says no.
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

// unanswered says in words why there was no answer. The URL is the agent's own, and it
// knows it.
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

// redirect follows where the POST would be repeated as it is (307 and 308): others
// would ask for a page. Whom it may connect to is looked at when it does.
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

// authorize has the token go to hosts that the policy names and to nobody else.
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
