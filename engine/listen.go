//go:build cgo

package engine

import (
	"log/slog"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/enet"
)

// listen binds the transport of a place that was given none.
func listen(addr string, log *slog.Logger) (netcode.Transport, error) {
	return enet.New(enet.Config{Listen: addr, Logger: log})
}
