package apps

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxURL is how many bytes an app's URL may have: as much as browsers and proxies
// agree on.
const maxURL = 2048

// ParseURL takes what an agent names to launch, alloapp:http://… or alloapp:https://…,
// and gives where to POST. Nothing is looked up. The error is for the agent to read.
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

// checkURL tells what keeps a URL from being POSTed to, be it an agent's or a
// redirect's. Names and passwords would come from the one who wrote it, and look like the
// place's.
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
