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

// PublishAsset makes the client answer requests for content, which must not change any more,
// and returns its id, for use in components. The place requests it when an agent needs it, and
// caches it if it can.
func (c *Client) PublishAsset(content []byte) (id string) {
	id = netcode.AssetID(content)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.published[id] = content
	return id
}

// WithdrawAsset undoes PublishAsset.
func (c *Client) WithdrawAsset(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.published, id)
}

// receivedAsset handles an asset frame of the place, on the transport's goroutine. It answers
// requests for published assets, and passes fetched data to the waiting fetch. Requests without
// a handler are answered with an error, so that the place need not wait for a timeout.
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

// answerAsset answers a request for a published asset, with at most assetFetch bytes. It reports
// false if the asset is not published.
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

// refuseAsset sends a failure. It ignores errors: the connection may have ended.
func (c *Client) refuseAsset(id string, code int, why string) {
	_ = c.SendAsset(netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: id, ErrorCode: code, ErrorReason: why}})
}

// assetFetch is the number of bytes per request and answer: 1 MiB, as in deployed clients. An
// answer may be shorter.
const assetFetch = 1 << 20

// FetchAsset gets an asset from the place (netcode/PROTOCOL.md, "Assets") and returns its
// content, verified by the id. publishedBy is an entity whose agent has the asset, "" if
// unknown. FetchAsset waits until ctx ends, because the place may have to find the asset first.
//
// The error is an [*AssetError] if the place does not have the asset, or wraps
// [ErrAssetDamaged], ctx's error or the client's.
func (c *Client) FetchAsset(ctx context.Context, id, publishedBy string) ([]byte, error) {
	var content bytes.Buffer
	if err := c.FetchAssetTo(ctx, &content, id, publishedBy); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// FetchAssetTo is FetchAsset for assets that need not be in memory as a whole. If it returns an
// error, ignore what it has written.
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

// fetchRange requests a range and waits for the frame that answers it.
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

// fetch is a call of FetchAsset. Its channel has room for the one answer it waits for; the rest
// is guarded by the client's lock.
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

// fetched passes a copy of a frame to the fetches that wait for it, and reports whether there
// are any for that asset.
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
