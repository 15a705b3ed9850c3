package inside

import (
	"bytes"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

// scrape answers with what a registry gathers, and with the same bytes for a while: to
// gather and to write the numbers takes fifty times longer than to send them.
type scrape struct {
	from  prometheus.Gatherer
	fresh time.Duration

	mu      sync.Mutex
	at      time.Time                // when it was gathered; zero = never
	written map[expfmt.Format][]byte // in the formats it was asked for since, of which there are few
}

// formats are those that need nothing behind the last metric.
var formats = []expfmt.Format{expfmt.NewFormat(expfmt.TypeTextPlain), expfmt.NewFormat(expfmt.TypeProtoDelim)}

// ServeHTTP implements [http.Handler].
func (s *scrape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	format := expfmt.NegotiateAccept(r.Header, formats...)
	body, err := s.write(format)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", string(format))
	_, _ = w.Write(body)
}

func (s *scrape) write(format expfmt.Format) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.at.IsZero() || now.Sub(s.at) >= s.fresh {
		s.at, s.written = now, map[expfmt.Format][]byte{}
	}
	if body := s.written[format]; body != nil {
		return body, nil
	}
	families, err := s.from.Gather()
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
	s.written[format] = b.Bytes()
	return b.Bytes(), nil
}
