package client

import (
	"bytes"

	"github.com/loci-place/loci/netcode"
)

// PublishAsset has the client answer requests for content, which must not change
// from now on, and gives its id: what components that show it refer to. The place
// asks for it when somebody wants it, and keeps it if it can.
func (c *Client) PublishAsset(content []byte) (id string) {
	id = netcode.AssetID(content)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.published[id] = content
	return id
}

// WithdrawAsset ends what PublishAsset began.
func (c *Client) WithdrawAsset(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.published, id)
}

// receivedAsset takes an asset frame from the place, on the transport's goroutine:
// what is asked for and published is answered at once, and what is fetched handed to
// who waits for it. A request that nobody handles is answered all the same, so that
// the place need not wait for it to time out.
func (c *Client) receivedAsset(data []byte) {
	f, err := netcode.ParseAsset(data)
	if err != nil {
		c.unusable("malformed asset frame", err)
		return
	}
	switch request := f.MID == netcode.AssetRequest; {
	case request && c.answerAsset(&f.Header), !request && c.fetched(&f):
	case c.cfg.OnAsset != nil:
		f.Data = bytes.Clone(f.Data)
		c.enqueue(message{kind: netcode.KindAsset, asset: f})
	case request:
		c.refuseAsset(f.Header.ID, netcode.AssetNotAvailable, "this agent does not have it")
	}
}

// answerAsset answers a request for something published, with no more than a fetch
// asks for at once. It reports false if that is not published.
func (c *Client) answerAsset(h *netcode.AssetHeader) bool {
	c.mu.Lock()
	content, ok := c.published[h.ID]
	c.mu.Unlock()
	switch total := uint64(len(content)); {
	case !ok:
		return false
	case h.Offset > total:
		c.refuseAsset(h.ID, netcode.AssetMalformed, "the range begins behind the end")
	default:
		n := min(h.Length, total-h.Offset, assetFetch)
		_ = c.SendAsset(netcode.AssetFrame{
			MID:    netcode.AssetData,
			Header: netcode.AssetHeader{ID: h.ID, Offset: h.Offset, Length: n, TotalLength: total},
			Data:   content[h.Offset : h.Offset+n],
		})
	}
	return true
}

// refuseAsset does not mind if the connection has ended meanwhile.
func (c *Client) refuseAsset(id string, code int, why string) {
	_ = c.SendAsset(netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: id, ErrorCode: code, ErrorReason: why}})
}
