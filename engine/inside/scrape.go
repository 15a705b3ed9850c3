package inside

import (
	"bytes"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// scrape answers with all that its parts have written.
type scrape []*part

// formats are those that need nothing behind the last metric, and so nothing between two
// parts either.
var formats = []expfmt.Format{expfmt.NewFormat(expfmt.TypeTextPlain), expfmt.NewFormat(expfmt.TypeProtoDelim)}

// ServeHTTP implements [http.Handler].
func (s scrape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, formats...)
	bodies, length := make([][]byte, len(s)), 0
	for i, part := range s {
		body, err := part.write(format)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		bodies[i], length = body, length+len(body)
	}
	w.Header().Set("Content-Type", string(format))
	w.Header().Set("Content-Length", strconv.Itoa(length)) // else it goes in chunks
	for _, body := range bodies {
		_, _ = w.Write(body)
	}
}

// part writes what is gathered, and the same bytes for a while: to gather and to
// write the numbers takes many times longer than to send them.
type part struct {
	from  prometheus.Gatherer
	fresh time.Duration

	mu      sync.Mutex
	at      time.Time                // when it was gathered; zero = never
	written map[expfmt.Format][]byte // in the formats it was asked for since, of which there are few
}

func (p *part) write(format expfmt.Format) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.at.IsZero() || now.Sub(p.at) >= p.fresh {
		p.at, p.written = now, map[expfmt.Format][]byte{}
	}
	if body := p.written[format]; body != nil {
		return body, nil
	}
	families, err := p.from.Gather()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			return nil, err
		}
	}
	p.written[format] = b.Bytes()
	return b.Bytes(), nil
}
