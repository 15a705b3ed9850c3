package engine

import (
	"encoding/binary"

	"github.com/loci-place/loci/netcode"
)

// asset hands an asset frame to the distribution centre (netcode/PROTOCOL.md, "Assets"). A
// request that makes no sense is answered here.
func (g *gate) asset(s *session, d *netcode.Dialect, data []byte) {
	f, err := netcode.ParseAsset(data)
	if err != nil {
		g.bad(s, err)
		if len(data) >= 2 && binary.BigEndian.Uint16(data) == netcode.AssetRequest {
			g.refuseAsset(s, d, err)
		}
		return
	}
	switch {
	case s.assets.Receive(f):
	case f.MID == netcode.AssetData: // who pushes it is asked for what is missing
		g.place.log.Debug("dropping asset data: too much waits", "from", s.from)
	default:
		g.drop(s, limitAssetQueueBytes, "too many bytes of asset frames wait", "bytes", g.place.cfg.Limits.AssetQueueBytes)
	}
}

func (g *gate) refuseAsset(s *session, d *netcode.Dialect, why error) {
	f := netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{
		ErrorCode: netcode.AssetMalformed, ErrorReason: why.Error(),
	}}
	p := netcode.Packet{Channel: d.Assets, Reliable: true, Data: f.Append(nil)}
	err := countedTransport{g.place.transport, g.place.counts}.Send(p, s.conn)
	if err != nil {
		g.place.log.Debug("asset request not answered", "from", s.from, "error", err)
	}
}
