package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

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

// assetFetch is how many bytes are asked for, and answered, at once; 1 MiB, as
// deployed clients do. The answer may be shorter.
const assetFetch = 1 << 20

// FetchAsset gets an asset from the place (netcode/PROTOCOL.md, "Assets") and gives its
// content, which is what the id says. PublishedBy is an entity whose agent has it, if one
// is known, and else "". It waits as long as ctx lets it: the place may have to find the
// asset first.
//
// The error is an [*AssetError] where the place does not have it, or wraps
// [ErrAssetDamaged], ctx's error or the client's.
func (c *Client) FetchAsset(ctx context.Context, id, publishedBy string) ([]byte, error) {
	var content bytes.Buffer
	if err := c.FetchAssetTo(ctx, &content, id, publishedBy); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// FetchAssetTo is FetchAsset for what need not be in memory as a whole. What it has
// written counts for nothing if there is an error.
func (c *Client) FetchAssetTo(ctx context.Context, to io.Writer, id, publishedBy string) error {
	if err := c.fetchTo(ctx, to, id, publishedBy); err != nil {
		return fmt.Errorf("fetch %.100s: %w", id, err)
	}
	return nil
}

func (c *Client) fetchTo(ctx context.Context, to io.Writer, id, publishedBy string) error {
	want, err := netcode.ParseAssetID(id)
	if err != nil {
		return err
	}
	f := c.beginFetch(id)
	defer c.endFetch(id, f)
	hash := sha256.New()
	request := netcode.AssetHeader{ID: id, Length: assetFetch, PublishedBy: publishedBy}
	for more := true; more; {
		answer, err := c.fetchRange(ctx, f, request)
		if err != nil {
			return err
		}
		hash.Write(answer.Data)
		if _, err := to.Write(answer.Data); err != nil {
			return err
		}
		request.Offset += uint64(len(answer.Data))
		more = request.Offset < answer.Header.TotalLength
		if more && len(answer.Data) == 0 {
			return fmt.Errorf("%w: no bytes from %d on of %d", ErrAssetDamaged, request.Offset, answer.Header.TotalLength)
		}
	}
	if netcode.AssetHash(hash.Sum(nil)) != want {
		return fmt.Errorf("%w: %d bytes of other content", ErrAssetDamaged, request.Offset)
	}
	return nil
}

// fetchRange asks for a range and waits for the frame that answers it.
func (c *Client) fetchRange(ctx context.Context, f *fetch, request netcode.AssetHeader) (netcode.AssetFrame, error) {
	c.mu.Lock()
	f.offset, f.waits = request.Offset, true
	c.mu.Unlock()
	if err := c.SendAsset(netcode.AssetFrame{MID: netcode.AssetRequest, Header: request}); err != nil {
		return netcode.AssetFrame{}, err
	}
	select {
	case a := <-f.answer:
		if a.MID == netcode.AssetFailure {
			return netcode.AssetFrame{}, &AssetError{Code: a.Header.ErrorCode, Reason: a.Header.ErrorReason}
		}
		return a, nil
	case <-ctx.Done():
		return netcode.AssetFrame{}, ctx.Err()
	case <-c.done:
		return netcode.AssetFrame{}, c.Err()
	}
}

// fetch is a call of FetchAsset. But for its channel, which has room for the one
// answer it waits for, it is guarded by the client's lock.
type fetch struct {
	offset uint64 // of the range it has asked for
	waits  bool
	answer chan netcode.AssetFrame
}

func (c *Client) beginFetch(id string) *fetch {
	f := &fetch{answer: make(chan netcode.AssetFrame, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetches[id] = append(c.fetches[id], f)
	return f
}

func (c *Client) endFetch(id string, f *fetch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetches[id] = slices.DeleteFunc(c.fetches[id], func(o *fetch) bool { return o == f })
	if len(c.fetches[id]) == 0 {
		delete(c.fetches, id)
	}
}

// fetched hands a copy of a frame to the fetches that wait for it, and reports
// whether there is any of that asset.
func (c *Client) fetched(frame *netcode.AssetFrame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	fetches := c.fetches[frame.Header.ID]
	for _, f := range fetches {
		if f.waits && (frame.MID == netcode.AssetFailure || frame.Header.Offset == f.offset) {
			f.waits = false
			own := *frame
			own.Data = bytes.Clone(frame.Data)
			f.answer <- own
		}
	}
	return len(fetches) > 0
}
