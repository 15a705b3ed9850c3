package apps

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestOrderIsReadFromHeadersOrBody(t *testing.T) {
	const place, who = "alloplace://attic.example", `{"display_name":"Ada"}`
	for name, c := range map[string]struct {
		place, who, query, body string
		want                    string // place, identity and parameters
	}{
		"headers": {
			place: place, who: who, body: `{"avatarToken":"t","zone":"utc"}`,
			want: `alloplace://attic.example:21337 {"display_name":"Ada"} {"avatarToken":"t","zone":"utc"}`,
		},
		"headers, and a URL with parameters": {
			place: place, who: who, query: "zone=cet&face=round", body: `{"zone":"utc"}`,
			want: `alloplace://attic.example:21337 {"display_name":"Ada"} {"face":"round","zone":"utc"}`,
		},
		"headers alone": {place: place, who: who, want: `alloplace://attic.example:21337 {"display_name":"Ada"} {}`},
		"an identity from alloverse's own place, and an empty Lua table": {
			place: place, who: `{\n	"display_name":	"A\nd\\a \"n\""\n}`, body: `[]`,
			want: `alloplace://attic.example:21337 {"display_name":"A\nd\\a \"n\""} {}`,
		},
		"body": {
			body: `{"spawnInPlace":"alloplace://attic.example:1","onBehalfOf":{"display_name":"Ada"},"query":{"zone":"utc"},"avatarToken":"t"}`,
			want: `alloplace://attic.example:1 {"display_name":"Ada"} {"avatarToken":"t","zone":"utc"}`,
		},
		"body with a query as in a URL": {
			body: `{"spawnInPlace":"alloplace://attic.example","onBehalfOf":{},"query":"?zone=a%0Ab&face="}`,
			want: `alloplace://attic.example:21337 {} {"face":"","zone":"a\nb"}`,
		},
		"body without a query": {
			who: who, body: `{"spawnInPlace":"alloplace://attic.example"}`,
			want: `alloplace://attic.example:21337 {"display_name":"Ada"} {}`,
		},
		"newlines between and in texts": {
			place: place, who: who, body: "{\n\"a\": \"1\\n2\"\r\n}\n",
			want: `alloplace://attic.example:21337 {"display_name":"Ada"} {"a":"1\n2"}`,
		},
		"an escaped NUL": {
			place: place, who: `{"display_name":"Ad\u0000a"}`, query: "x=%00", body: `{"a":"\u0000"}`,
			want: `alloplace://attic.example:21337 {"display_name":"Ada"} {"a":"","x":""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := parseOrder(orderOf(c.place, c.who, c.query, c.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := o.place + " " + o.identity + " " + o.params; got != c.want {
				t.Errorf("got\n%s, want\n%s", got, c.want)
			}
		})
	}
}

func orderOf(place, who, query, body string) (http.Header, url.Values, []byte) {
	h := http.Header{}
	if place != "" {
		h.Set(headerPlace, place)
	}
	if who != "" {
		h.Set(headerIdentity, who)
	}
	q, _ := url.ParseQuery(query)
	return h, q, []byte(body)
}

func TestOrderThatMakesNoSenseIsRefusedInWords(t *testing.T) {
	const place, who = "alloplace://attic.example", `{"display_name":"Ada"}`
	for name, c := range map[string]struct{ place, who, body, says string }{
		"no place":                   {who: who, body: `{}`, says: "the place is missing"},
		"a place that is none":       {place: "http://attic.example", who: who, says: "it must begin with alloplace://"},
		"a place with a NUL":         {place: place + "\x00", who: who, says: "invalid control character"},
		"a place of two lines":       {place: place + "\nX=1", who: who, says: "invalid control character"},
		"a place for a shell":        {place: "alloplace://$(reboot)", who: who, says: "is no host"},
		"a place that is an option":  {place: "alloplace://-rf", who: who, says: "is no host"},
		"a place that is no text":    {body: `{"spawnInPlace":1}`, says: "the place is missing"},
		"nobody":                     {place: place, says: "the requester is missing"},
		"nobody in the body":         {body: `{"spawnInPlace":"alloplace://a"}`, says: `"onBehalfOf" is no object`},
		"an identity that is a word": {place: place, who: `"Ada"`, says: "X-Alloverse-Launched-By: want a JSON object"},
		"an identity with a NUL":     {place: place, who: "{\"a\":\"\x00\"}", says: "X-Alloverse-Launched-By: want a JSON object"},
		"a body that is a word":      {place: place, who: who, body: `"utc"`, says: "the body: want a JSON object"},
		"a body that is no JSON":     {place: place, who: who, body: `zone=utc`, says: "the body: want a JSON object"},
		"a body with a NUL":          {place: place, who: who, body: "{\"a\":\"\x00\"}", says: "the body: want a JSON object"},
		"a body that is not UTF-8":   {place: place, who: who, body: "{\"a\":\"\xff\"}", says: "the body: want a JSON object"},
		"a body that never ends":     {place: place, who: who, body: strings.Repeat("[", 50_000), says: "the body: want a JSON object"},
		"a token that is a number":   {place: place, who: who, body: `{"avatarToken":1}`, says: "avatarToken is not a string"},
		"a query that is a number":   {who: who, body: `{"spawnInPlace":"alloplace://a","query":1}`, says: `"query" is neither`},
		"too much for a variable":    {place: place, who: who, body: `{"a":"` + strings.Repeat("x", maxVariable) + `"}`, says: "are too many for a program's environment"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseOrder(orderOf(c.place, c.who, "", c.body))
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n\x00") {
				t.Errorf("got %q, want an error on one line with %q", err, c.says)
			}
		})
	}
	if _, err := parseOrder(orderOf(place, who, "%ff=1", "")); err == nil {
		t.Error("a parameter whose name is not UTF-8 passes")
	}
	h, q, body := orderOf(place, who, "", "{}")
	h.Add(headerPlace, "alloplace://elsewhere.example")
	if _, err := parseOrder(h, q, body); err == nil {
		t.Error("two places pass")
	}
}

func FuzzOrder(f *testing.F) {
	f.Add("alloplace://attic.example:1", `{"display_name":"Ada"}`, "zone=cet", `{"avatarToken":"t","n":1e300}`)
	f.Add("", "", "", `{"spawnInPlace":"alloplace://a","onBehalfOf":{"display_name":"\ud800"},"query":"a=%00%0a"}`)
	f.Add("alloplace://a", `{\n	"display_name":	"A\nd\\a"\n}`, "", `[]`)
	f.Add("alloplace://a\x00", "{\"a\":\"\\u0000\n\"}", "%zz", "{\"\xff\":null}")
	f.Fuzz(func(t *testing.T, place, who, query, body string) {
		o, err := parseOrder(orderOf(place, who, query, body))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Errorf("the error has more than a line: %q", err)
			}
			return
		}
		for _, v := range o.env() {
			if strings.ContainsAny(v, "\n\r\x00") || len(v) > 128<<10 {
				t.Errorf("in the environment: %q", v)
			}
		}
		if host := strings.TrimPrefix(o.place, "alloplace://"); strings.ContainsAny(host, " '\"`$&|;<>()\\*?") {
			t.Errorf("a place for a shell: %s", o.place)
		}
		for _, text := range []string{o.identity, o.params} {
			var m map[string]any
			if err := json.Unmarshal([]byte(text), &m); err != nil || m == nil {
				t.Errorf("%q is no object: %v", text, err)
			}
		}
		h, q, again := orderOf(o.place, o.identity, "", o.params)
		if o2, err := parseOrder(h, q, again); err != nil || o2.place != o.place || o2.identity != o.identity || o2.params != o.params {
			t.Errorf("read again, %+v becomes %+v, %v", o, o2, err)
		}
	})
}
