package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/loci-place/loci/engine/assets"
)

// ErrNoAgent says that there is no agent of that id.
var ErrNoAgent = errors.New("engine: no such agent")

// openAssets makes the place's distribution centre.
func (p *Place) openAssets() error {
	centre, err := p.newAssets(p.cfg.Assets)
	if p.cfg.Assets.Dir != "" && cannotWrite(err) {
		p.log.Error("assets cannot be kept on disk, and are kept in memory instead", "error", err)
		inMemory := p.cfg.Assets
		inMemory.Dir, inMemory.CacheBytes = "", min(0, inMemory.CacheBytes)
		centre, err = p.newAssets(inMemory)
	}
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	p.assets = centre
	return nil
}

// cannotWrite reports whether it is the disk's fault, which may be mended later, or is no
// reason not to open.
func cannotWrite(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, fs.ErrPermission)
}

func (p *Place) newAssets(options assets.Options) (*assets.Centre, error) {
	l := &p.cfg.Limits
	return assets.New(assets.Config{
		Options: options,
		Limits: assets.Limits{
			Requests: l.AssetRequests, Searches: l.AssetSearches, Questions: l.AssetQuestionRate, QueueBytes: l.AssetQueueBytes,
			Pushes: l.AssetPushes, PushBytes: l.AssetPushBytes,
		},
		Transport: countedTransport{p.transport, p.counts},
		Owner:     p.findOwner,
		Logger:    p.log,
	})
}

// findOwner tells whose an entity is, when the place comes to it.
func (p *Place) findOwner(entity string, answer func(agentID string)) {
	p.intake.post(func() {
		if a := p.owner(entity); a != nil {
			answer(a.id)
		} else {
			answer("")
		}
	})
}

// AddAsset takes content that the place serves to the one who asks for it, as long as it
// is open, and gives its id, which follows from the content. It may be called from any
// goroutine and takes as long as reading does: not from the place's turn. The error is
// [assets.ErrNoRoom] where the cache ([Config.Assets]) is too small for it.
func (p *Place) AddAsset(content io.Reader) (id string, err error) { return p.assets.Add(content) }

// AssetID returns the id of a file in the host's folder ([assets.Options].Folder), by
// which the place serves it from now on: "models/door.glb". As long as the file does
// not change it is read once. It may be called from any goroutine but the place's
// turn, for which there is [Turn.AssetID]. The error is [assets.ErrNoFile] for what is
// not there, or not in the folder.
func (p *Place) AssetID(name string) (id string, err error) { return p.assets.FileID(name) }

// AssetID returns the id that a file in the host's folder had when [Place.AssetID] was
// last asked for it, or Turn.PushAsset told to push it; false if neither was.
func (t *Turn) AssetID(name string) (id string, known bool) { return t.on().assets.KnownFile(name) }

// PushAsset sends an agent an asset that it has not asked for: by its id, or by the
// name of a file in the host's folder. It goes out in the background; what turns out
// not to be there is logged. The error is [ErrNoAgent], or [assets.ErrNoFile] for what
// is neither.
func (t *Turn) PushAsset(agentID, asset string) error {
	a := t.on().agents[agentID]
	if a == nil {
		return fmt.Errorf("%w: %.100q", ErrNoAgent, agentID)
	}
	if a.away() {
		return nil // it can ask for it when it is back
	}
	return t.on().assets.Push(a.session.assets, asset)
}

// HasAsset reports whether the place itself has an asset. It may be called from any goroutine.
func (p *Place) HasAsset(id string) bool { return p.assets.Has(id) }

// OpenAsset begins to read an asset, as an agent that asks for it would. PublishedBy is an entity whose
// agent has it, or "". It waits until the asset has been found, on any goroutine but the place's turn. The
// error is [assets.ErrNotFound], or ctx's, with which reads end too.
func (p *Place) OpenAsset(ctx context.Context, id, publishedBy string) (*assets.Reader, error) {
	return p.assets.Open(ctx, id, publishedBy)
}
