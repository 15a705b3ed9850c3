package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// shelf is a place's stock of assets, which it serves in pieces of a size.
type shelf struct {
	piece   uint64
	content map[string][]byte
	asked   []string
}

func (s *shelf) packet(a *fakeAgent, k netcode.Kind, data []byte) {
	f, err := netcode.ParseAsset(data)
	if err != nil || f.MID != netcode.AssetRequest {
		return
	}
	h := f.Header
	s.asked = append(s.asked, fmt.Sprint(h.Offset, "+", h.Length, " ", h.PublishedBy))
	content, ok := s.content[h.ID]
	answer := netcode.AssetFrame{MID: netcode.AssetFailure, Header: netcode.AssetHeader{ID: h.ID, ErrorCode: netcode.AssetNotAvailable, ErrorReason: "nobody has it"}}
	if ok {
		n := min(h.Length, s.piece, uint64(len(content))-h.Offset)
		answer = netcode.AssetFrame{
			MID:    netcode.AssetData,
			Header: netcode.AssetHeader{ID: h.ID, Offset: h.Offset, Length: n, TotalLength: uint64(len(content))},
			Data:   content[h.Offset : h.Offset+n],
		}
	}
	a.send(a.dialect.Assets, true, answer.Append(nil))
}

func TestFetchAsksForTheRestUntilTheAssetIsWhole(t *testing.T) {
	content := bytes.Repeat([]byte("door"), 1000)
	s := &shelf{piece: 1500, content: map[string][]byte{netcode.AssetID(content): content, netcode.AssetID(nil): nil}}
	script := func(p *fakePlace) { p.packet = s.packet }
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		got, err := c.FetchAsset(within(t), netcode.AssetID(content), "box")
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if want := "[0+1048576 box 1500+1048576 box 3000+1048576 box]"; fmt.Sprint(s.asked) != want {
			t.Errorf("asked for %v, want %v", s.asked, want)
		}
		if got, err := c.FetchAsset(within(t), netcode.AssetID(nil), ""); err != nil || len(got) != 0 {
			t.Errorf("of nothing: got %q, %v", got, err)
		}
	})
}

func TestFetchOfWhatIsNotThereOrDamagedSaysSo(t *testing.T) {
	damaged, short := netcode.AssetID([]byte("as published")), netcode.AssetID([]byte("short"))
	s := &shelf{piece: 1 << 20, content: map[string][]byte{damaged: []byte("as it comes!")}}
	script := func(p *fakePlace) {
		p.packet = func(a *fakeAgent, k netcode.Kind, data []byte) {
			if f, err := netcode.ParseAsset(data); err == nil && f.Header.ID == short {
				f = netcode.AssetFrame{MID: netcode.AssetData, Header: netcode.AssetHeader{ID: short, TotalLength: 5}}
				a.send(a.dialect.Assets, true, f.Append(nil))
				return
			}
			s.packet(a, k, data)
		}
	}
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		_, err := c.FetchAsset(within(t), netcode.AssetID([]byte("?")), "")
		if e, ok := errors.AsType[*AssetError](err); !ok || e.Code != netcode.AssetNotAvailable || e.Reason != "nobody has it" {
			t.Errorf("not there: %v", err)
		}
		for _, id := range []string{damaged, short} {
			if _, err := c.FetchAsset(within(t), id, ""); !errors.Is(err, ErrAssetDamaged) {
				t.Errorf("damaged: %v", err)
			}
		}
		if _, err := c.FetchAsset(within(t), "asset:sha256:../../etc", ""); err == nil || len(s.asked) != 2 {
			t.Errorf("no id at all: %v, asked %v", err, s.asked)
		}
	})
}

func TestFetchEndsWithItsContextAndItsConnection(t *testing.T) {
	script := func(p *fakePlace) { p.packet = func(*fakeAgent, netcode.Kind, []byte) {} }
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.FetchAsset(ctx, assetID, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.AfterFunc(time.Second, func() { a.place.transport.Disconnect(a.conn, netcode.CodeKicked) })
		_, err := c.FetchAsset(t.Context(), assetID, "")
		if e, ok := errors.AsType[*DisconnectError](err); !ok || e.Code != netcode.CodeKicked {
			t.Errorf("got %v", err)
		}
		if len(c.fetches) != 0 {
			t.Errorf("%d fetches are left over", len(c.fetches))
		}
	})
}

func TestPublishedAssetIsServedByRange(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 200_000)
	var answers []string
	script := func(p *fakePlace) {
		p.packet = func(_ *fakeAgent, _ netcode.Kind, data []byte) {
			f, err := netcode.ParseAsset(data)
			if err != nil {
				t.Error(err)
			}
			h := f.Header
			answers = append(answers, fmt.Sprintf("%d: %d+%d of %d %.4s %d", f.MID, h.Offset, h.Length, h.TotalLength, f.Data, h.ErrorCode))
		}
	}
	inPlace(t, Config{}, script, func(t *testing.T, c *Client, a *fakeAgent) {
		id := c.PublishAsset(content)
		ask := func(id string, offset, length uint64) {
			f := netcode.AssetFrame{MID: netcode.AssetRequest, Header: netcode.AssetHeader{ID: id, Offset: offset, Length: length}}
			a.send(a.dialect.Assets, true, f.Append(nil))
			after(20 * time.Millisecond)
		}
		ask(id, 0, 0)
		ask(id, 3, 5)
		ask(id, 0, 2_000_000)
		ask(id, 1_999_999, 1<<53)
		ask(id, 2_000_001, 1)
		ask(assetID, 0, 1)
		c.WithdrawAsset(id)
		ask(id, 0, 1)
		want := []string{
			"2: 0+0 of 2000000  0", "2: 3+5 of 2000000 3456 0", "2: 0+1048576 of 2000000 0123 0",
			"2: 1999999+1 of 2000000 9 0", "3: 0+0 of 0  2", "3: 0+0 of 0  1", "3: 0+0 of 0  1",
		}
		if got := strings.Join(answers, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
		}
	})
}

func TestAssetIDsAreReadOneWayOnly(t *testing.T) {
	const hello = "asset:sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
	if id := netcode.AssetID([]byte("hello")); id != hello {
		t.Errorf("got %s", id)
	}
	if h, err := netcode.ParseAssetID(hello); err != nil || h.ID() != hello {
		t.Errorf("got %v, %v", h.ID(), err)
	}
	for _, id := range []string{
		"", "asset:sha256:", hello[:len(hello)-1], hello + "0", strings.ToUpper(hello), "asset:sha1:" + hello[13:],
		"asset:sha256:" + strings.Repeat("F", 64), "asset:sha256:" + strings.Repeat("g", 64),
		"asset:sha256:" + strings.Repeat("../", 21) + "x", " " + hello, hello + "\n", hello[:76] + "\x00", strings.Repeat("x", 100_000),
	} {
		if h, err := netcode.ParseAssetID(id); err == nil || len(err.Error()) > 1000 || h != (netcode.AssetHash{}) {
			t.Errorf("%.100q is read as %v, %.1000v", id, h, err)
		}
	}
}
