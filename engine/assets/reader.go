package assets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/loci-place/loci/netcode"
)

// ErrNotFound says that neither the place nor any agent has the asset.
var ErrNotFound = errors.New("assets: not to be had")

// Reader reads an asset, in the form of an agent that only asks. It is used by one goroutine at a time,
// and to be closed.
type Reader struct {
	centre      *Centre
	agent       *Agent
	ctx         context.Context
	id          string
	publishedBy string
	answers     chan netcode.AssetFrame
	size        int64
	offset      int64
	ahead       []byte // what is read already from offset on
}

var _ io.ReadSeekCloser = (*Reader)(nil)

// readAhead is how much is asked for at once.
const readAhead = 256 << 10

// Has reports whether an asset is here, so that nobody has to be asked for it.
func (c *Centre) Has(id string) bool {
	hash, err := netcode.ParseAssetID(id)
	if err != nil {
		return false
	}
	_, there, _ := c.local(hash)
	return there
}

// Open begins to read an asset. PublishedBy is an entity whose agent has it, or "". It waits until the
// asset has been found; the error is [ErrNotFound], or ctx's. Reads end with ctx.
func (c *Centre) Open(ctx context.Context, id, publishedBy string) (*Reader, error) {
	if _, err := netcode.ParseAssetID(id); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	r := &Reader{centre: c, ctx: ctx, id: id, publishedBy: publishedBy, answers: make(chan netcode.AssetFrame, 1)}
	r.agent = c.newAgent("", 0, 0, nil)
	r.agent.transport = readerTransport{r}
	f, err := r.ask(0, 0)
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	r.size = int64(f.Header.TotalLength)
	return r, nil
}

// ask asks for a range, and returns the answer.
func (r *Reader) ask(offset, length int64) (netcode.AssetFrame, error) {
	r.agent.Receive(netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{
		ID: r.id, Offset: uint64(offset), Length: uint64(length), PublishedBy: r.publishedBy,
	}})
	select {
	case f := <-r.answers:
		if f.MID != netcode.AssetData {
			return f, fmt.Errorf("%w: %s", ErrNotFound, f.Header.ErrorReason)
		}
		return f, nil
	case <-r.ctx.Done():
		return netcode.AssetFrame{}, r.ctx.Err()
	case <-r.centre.ctx.Done():
		return netcode.AssetFrame{}, ErrClosed
	}
}

// Size is how large the asset is.
func (r *Reader) Size() int64 { return r.size }

// Read implements [io.Reader].
func (r *Reader) Read(b []byte) (int, error) {
	if r.offset >= r.size {
		return 0, io.EOF
	}
	if len(r.ahead) == 0 {
		f, err := r.ask(r.offset, min(readAhead, r.size-r.offset))
		if err != nil {
			return 0, err
		}
		if int64(f.Header.TotalLength) != r.size || len(f.Data) == 0 || int64(len(f.Data)) > r.size-r.offset {
			return 0, fmt.Errorf("%w: it has changed", ErrNotFound)
		}
		r.ahead = f.Data
	}
	n := copy(b, r.ahead)
	r.ahead = r.ahead[n:]
	r.offset += int64(n)
	return n, nil
}

// Seek implements [io.Seeker].
func (r *Reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.offset
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("assets: seek before the beginning")
	}
	if offset != r.offset {
		r.offset, r.ahead = offset, nil
	}
	return offset, nil
}

// Close implements [io.Closer].
func (r *Reader) Close() error {
	r.centre.Leave(r.agent)
	return nil
}

// readerTransport hands what is sent to a reader's agent to the reader.
type readerTransport struct{ reader *Reader }

// Send implements [Transport].
func (t readerTransport) Send(p netcode.Packet, _ ...netcode.Conn) error {
	f, err := netcode.ParseAsset(p.Data)
	if err != nil {
		return err
	}
	f.Data = bytes.Clone(f.Data)
	select {
	case t.reader.answers <- f:
	default: // it has stopped asking
	}
	if p.Delivered != nil {
		p.Delivered()
	}
	return nil
}

// Stats implements [Transport].
func (readerTransport) Stats(netcode.Conn) (netcode.Stats, bool) { return netcode.Stats{}, true }
