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

// order is a parsed POST to a gateway.
type order struct {
	place    string // alloplace://host:port
	identity string // a JSON object
	params   string // a JSON object
	name     string // the display name in the identity, may be ""
}

// maxVariable is the maximum size of a variable: Linux allows 128 KiB including the name.
const maxVariable = 127 << 10

// fields of the body of an order without headers, as netcode/PROTOCOL.md, "Apps" has it.
const (
	fieldPlace    = "spawnInPlace"
	fieldIdentity = "onBehalfOf"
	fieldQuery    = "query"
	fieldToken    = "avatarToken"
)

// parseOrder parses a POST. If a header names the place, the body has the app's parameters.
// Otherwise the body names the place, and has the parameters under "query", as an object or
// as a query string. The URL's query adds parameters that the body does not have. The error
// is meant for the sender.
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

// newOrder checks the variables of a program's environment, and encodes each on one line:
// newlines and NUL, which JSON may contain, stay escaped.
func newOrder(place string, who, params map[string]any) (*order, error) {
	url, err := placeURL(place)
	if err != nil {
		return nil, err
	}
	if who == nil {
		return nil, fmt.Errorf("the requester is missing: want %s or %q", headerIdentity, fieldIdentity)
	}
	if token, has := params[fieldToken]; has && !isText(token) {
		return nil, fmt.Errorf("%s is not a string", fieldToken)
	}
	o := &order{
		place:    url,
		identity: string(netcode.AppendValue(nil, who)),
		params:   string(netcode.AppendValue(nil, params)),
	}
	o.name, _ = who["display_name"].(string)
	if n := max(len(o.identity), len(o.params)); n > maxVariable {
		return nil, fmt.Errorf("%d bytes are too many for a program's environment, the limit is %d", n, maxVariable)
	}
	return o, nil
}

// env returns the order as environment variables.
func (o *order) env() []string {
	return []string{
		"ALLOVERSE_PLACE_URL=" + o.place,
		"ALLOVERSE_REQUESTER_IDENTITY=" + o.identity,
		"ALLOVERSE_URL_PARAMS=" + o.params,
		"ALLO_APP_BOOTED_BY_IDENTITY=" + o.identity,
		"ALLO_APP_BOOT_ARGS=" + o.params,
	}
}

// inBody reads an order from a body that names the place. A header may still have the
// identity.
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

// queryIn reads the parameters in a body: an object, a query string, or nothing.
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

// addQuery adds the parameters of a URL that are not in params yet.
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

// identityIn returns the identity in the header, nil if there is none.
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

// objectIn reads a JSON object. Empty input, null and [] (from Lua programs) are empty
// objects.
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

// single returns a header that may occur at most once.
func single(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) > 1 {
		return "", fmt.Errorf("header %s occurs %d times", name, len(values))
	}
	return strings.Join(values, ""), nil
}

// placeURL checks a place's URL and returns it in canonical form, because it may end up in a
// command line.
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

// withoutNewlines removes \n between the tokens of JSON: alloverse's own place writes an
// identity on several lines, and escapes each newline as \n.
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
