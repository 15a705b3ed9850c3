//go:build !cgo

package engine

import (
	"errors"
	"log/slog"

	"github.com/loci-place/loci/netcode"
)

// listen fails: ENet, the transport of a place that was given none, needs C.
func listen(string, *slog.Logger) (netcode.Transport, error) {
	return nil, errors.New("Config.Transports is empty, and this program was built without cgo, which ENet needs")
}
