package apps

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/loci-place/loci/netcode"
)

// order is what somebody asks a gateway to boot a program with.
type order struct {
	place    string // alloplace://host:port
	identity string // a JSON object
	params   string // a JSON object
	name     string // what the identity calls itself, "" if nothing
}

// maxVariable is how many bytes a variable in an environment may have: Linux takes
// 128 KiB, and the name.
const maxVariable = 127 << 10

// fields of the body of an order without headers, as netcode/PROTOCOL.md, "Apps" has it.
const (
	fieldPlace    = "spawnInPlace"
	fieldIdentity = "onBehalfOf"
	fieldQuery    = "query"
	fieldToken    = "avatarToken"
)

// parseOrder reads a POST. Where a header names the place, the body is the app's
// parameters; else it names the place itself, and has them under "query", where they may
// also be text as in a URL. The URL's own are there too, unless the body has the same. The
// error is for one who sent it to read.
func parseOrder(header http.Header, query url.Values, body []byte) (*order, error) {
	place, err := single(header, headerPlace)
	if err != nil {
		return nil, err
	}
	params, err := objectIn(body)
	if err != nil {
		return nil, fmt.Errorf("the body: %w", err)
	}
	who, err := identityIn(header)
	if err != nil {
		return nil, err
	}
	if place == "" {
		if place, who, params, err = inBody(params, who); err != nil {
			return nil, err
		}
	}
	if err := addQuery(params, query); err != nil {
		return nil, err
	}
	return newOrder(place, who, params)
}

// newOrder checks what will be in a program's environment, and writes each on one line:
// newlines and NUL, which JSON could bring in escaped, are then escaped or gone.
func newOrder(place string, who, params map[string]any) (*order, error) {
	url, err := placeURL(place)
	if err != nil {
		return nil, err
	}
	if who == nil {
		return nil, fmt.Errorf("who asks is missing: want %s or %q", headerIdentity, fieldIdentity)
	}
	if token, has := params[fieldToken]; has && !isText(token) {
		return nil, fmt.Errorf("%s is no text", fieldToken)
	}
	o := &order{
		place:    url,
		identity: string(netcode.AppendValue(nil, who)),
		params:   string(netcode.AppendValue(nil, params)),
	}
	o.name, _ = who["display_name"].(string)
	if n := max(len(o.identity), len(o.params)); n > maxVariable {
		return nil, fmt.Errorf("%d bytes are too many for a program's environment, at most %d may be", n, maxVariable)
	}
	return o, nil
}

// env is what a program is told of it.
func (o *order) env() []string {
	return []string{
		"ALLOVERSE_PLACE_URL=" + o.place,
		"ALLOVERSE_REQUESTER_IDENTITY=" + o.identity,
		"ALLOVERSE_URL_PARAMS=" + o.params,
		"ALLO_APP_BOOTED_BY_IDENTITY=" + o.identity,
		"ALLO_APP_BOOT_ARGS=" + o.params,
	}
}

// inBody takes an order from a body that is all of it. A header may still say who asks.
func inBody(body, asks map[string]any) (place string, who, params map[string]any, err error) {
	place, ok := body[fieldPlace].(string)
	if !ok {
		return "", nil, nil, fmt.Errorf("the place is missing: want %s or %q", headerPlace, fieldPlace)
	}
	if who = asks; who == nil {
		if who, ok = body[fieldIdentity].(map[string]any); !ok {
			return "", nil, nil, fmt.Errorf("%q is no object", fieldIdentity)
		}
	}
	if params, err = queryIn(body[fieldQuery]); err != nil {
		return "", nil, nil, err
	}
	if token, has := body[fieldToken]; has {
		params[fieldToken] = token
	}
	return place, who, params, nil
}

// queryIn reads parameters in a body: an object, text as in a URL, or nothing.
func queryIn(value any) (map[string]any, error) {
	params := map[string]any{}
	switch v := value.(type) {
	case nil:
		return params, nil
	case map[string]any:
		return v, nil
	case string:
		values, err := url.ParseQuery(strings.TrimPrefix(v, "?"))
		if err != nil {
			break
		}
		return params, addQuery(params, values)
	}
	return nil, fmt.Errorf("%q is neither an object nor text as in a URL", fieldQuery)
}

// addQuery adds parameters of a URL, but to those that are there already.
func addQuery(params map[string]any, values url.Values) error {
	for name := range values {
		if !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
			return errors.New("a parameter in the URL has a name that is no text")
		}
		if _, has := params[name]; !has {
			params[name] = values.Get(name)
		}
	}
	return nil
}

// identityIn returns the header that says who asks, nil if there is none.
func identityIn(h http.Header) (map[string]any, error) {
	identity, err := single(h, headerIdentity)
	if err != nil || identity == "" {
		return nil, err
	}
	who, err := objectIn([]byte(withoutNewlines(identity)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", headerIdentity, err)
	}
	return who, nil
}

// objectIn reads a JSON object. Nothing at all, null and, from Lua programs, [] are empty
// ones.
func objectIn(data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return map[string]any{}, nil
	}
	v, err := netcode.ParseValue(data)
	if err != nil {
		return nil, fmt.Errorf("want a JSON object: %s", printable(err.Error()))
	}
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case []any:
		if len(v) > 0 {
			break
		}
		return map[string]any{}, nil
	case nil:
		return map[string]any{}, nil
	}
	return nil, errors.New("want a JSON object")
}

func isText(v any) bool { _, ok := v.(string); return ok }

// single gives a header that may be there once.
func single(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) > 1 {
		return "", fmt.Errorf("%s is there %d times", name, len(values))
	}
	return strings.Join(values, ""), nil
}

// placeURL checks a place's URL and writes it as all of them are written: what is in it
// may end up in a command line.
func placeURL(s string) (string, error) {
	host, port, err := netcode.ParsePlaceURL(s)
	if err != nil {
		return "", errors.New(printable(err.Error()))
	}
	if !isHostName(host) {
		return "", fmt.Errorf("place URL: %q is no host", printable(host))
	}
	return fmt.Sprintf("alloplace://%s:%d", host, port), nil
}

// withoutNewlines takes \n out of JSON that has it between its texts: alloverse's own
// place writes an identity on several lines, and then each newline as \n.
func withoutNewlines(data string) string {
	var b strings.Builder
	inText := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inText && c == '\\' && i+1 < len(data):
			b.WriteByte(c)
			i++
		case !inText && strings.HasPrefix(data[i:], `\n`):
			i++
			continue
		case c == '"':
			inText = !inText
		}
		b.WriteByte(data[i])
	}
	return b.String()
}
