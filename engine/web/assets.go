package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
)

// What assets may cost: how many are read at once, in all and by one address; how many are looked for with
// agents at once, and how often a second. Further requests are told to come again.
const (
	assetsAtOnce      = 256
	assetsPerAddress  = 32
	searchesAtOnce    = 16
	searchRate        = 20
	searchBurst       = 200
	assetReadPatience = 30 * time.Second // for the next piece, or to take it
)

// assetServer is /assets/.
type assetServer struct {
	place    *engine.Place
	searches chan struct{} // full while as many are looked for as may be
	rate     *rate.Limiter

	mu   sync.Mutex // held while what follows is used
	all  int
	from map[netip.Addr]int
}

func newAssetServer(place *engine.Place) *assetServer {
	return &assetServer{
		place: place, searches: make(chan struct{}, searchesAtOnce), rate: rate.NewLimiter(searchRate, searchBurst),
		from: map[netip.Addr]int{},
	}
}

// ServeHTTP implements [http.Handler].
func (s *assetServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*") // who knows the hash has the asset, or can join and ask
	w.Header().Set("Access-Control-Expose-Headers", "Content-Range, Retry-After")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD")
		w.Header().Set("Access-Control-Allow-Headers", "Range")
		w.Header().Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "want GET", http.StatusMethodNotAllowed)
		return
	}
	hash := r.PathValue("hash")
	id := "asset:sha256:" + hash
	if _, err := netcode.ParseAssetID(id); err != nil || strings.ToLower(hash) != hash {
		http.Error(w, "want 64 hexadecimal digits", http.StatusNotFound)
		return
	}
	leave, ok := s.enter(r.RemoteAddr)
	if !ok {
		tryAgain(w, "too many assets are read at once")
		return
	}
	defer leave()
	s.serve(w, r, hash, id)
}

func tryAgain(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// enter counts a request, unless there are too many.
func (s *assetServer) enter(from string) (leave func(), ok bool) {
	at, _ := netip.ParseAddrPort(from) // none is one address too
	addr := at.Addr().Unmap()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= assetsAtOnce || s.from[addr] >= assetsPerAddress {
		return nil, false
	}
	s.all++
	s.from[addr]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		if s.from[addr]--; s.from[addr] == 0 {
			delete(s.from, addr)
		}
	}, true
}

func (s *assetServer) serve(w http.ResponseWriter, r *http.Request, hash, id string) {
	etag := `"` + hash + `"`
	if strings.Contains(r.Header.Get("If-None-Match"), etag) { // it cannot have changed
		w.Header().Set("ETag", etag)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if !s.place.HasAsset(id) {
		if !s.rate.Allow() {
			tryAgain(w, "too many assets are looked for")
			return
		}
		select {
		case s.searches <- struct{}{}:
			defer func() { <-s.searches }()
		default:
			tryAgain(w, "too many assets are looked for at once")
			return
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	asset, err := s.place.OpenAsset(ctx, id, r.URL.Query().Get("published_by"))
	switch {
	case errors.Is(err, assets.ErrNotFound):
		http.Error(w, "neither the place nor any agent has it", http.StatusNotFound)
		return
	case err != nil:
		http.Error(w, "the asset cannot be read now", http.StatusServiceUnavailable)
		return
	}
	defer asset.Close()
	content := &patientAsset{Reader: asset, writer: http.NewResponseController(w), cancel: cancel}
	beginning := make([]byte, sniffed)
	n, err := io.ReadFull(asset, beginning)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		http.Error(w, "the asset cannot be read now", http.StatusServiceUnavailable)
		return
	}
	h := w.Header()
	h.Set("Content-Type", contentType(beginning[:n]))
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", etag)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox") // it is data, whatever is in it
	http.ServeContent(w, r, "", time.Time{}, content)
}

// patientAsset is an asset that may take as long as it makes headway.
type patientAsset struct {
	*assets.Reader
	writer *http.ResponseController
	cancel context.CancelFunc
}

// Read implements [io.Reader].
func (p *patientAsset) Read(b []byte) (int, error) {
	_ = p.writer.SetWriteDeadline(time.Now().Add(assetReadPatience)) // not where connections have none
	stalled := time.AfterFunc(assetReadPatience, p.cancel)
	defer stalled.Stop()
	return p.Reader.Read(b)
}

// sniffed is how many bytes of an asset say of what type it is.
const sniffed = 64

// contentType is one of a short list: nothing that a browser would run, or show as a page.
func contentType(beginning []byte) string {
	for _, t := range []struct{ magic, name string }{
		{"glTF", "model/gltf-binary"},
		{"\x89PNG\r\n\x1a\n", "image/png"},
		{"\xff\xd8\xff", "image/jpeg"},
		{"\xabKTX 20\xbb\r\n\x1a\n", "image/ktx2"},
		{"OggS", "audio/ogg"},
		{"ID3", "audio/mpeg"},
	} {
		if bytes.HasPrefix(beginning, []byte(t.magic)) {
			return t.name
		}
	}
	// A frame of MPEG audio, layer III.
	if len(beginning) > 2 && beginning[0] == 0xff && beginning[1]&0xe6 == 0xe2 && beginning[2]&0xf0 != 0xf0 {
		return "audio/mpeg"
	}
	return "application/octet-stream"
}
