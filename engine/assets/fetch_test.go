package assets_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/engine/assets"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

func TestAssetsGoBothWaysBetweenAgentsOfAllVersions(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		inPlace(t, engine.Config{}, func(r *rig) {
			ann, bob := r.joinAs(version, nil), r.joinAs(netcode.MaxVersion, nil)
			for _, size := range []int{0, 1, 1000, 3<<20 + 1} {
				mine, yours := noise(1, size), noise(2, size)
				bob.fetches(ann.PublishAsset(mine), mine, ann.Avatar())
				ann.fetches(bob.PublishAsset(yours), yours, "")
			}
		})
	}
}

func TestCachedAssetSurvivesItsAgent(t *testing.T) {
	inPlace(t, engine.Config{}, func(r *rig) {
		ann, bob := r.plain(), r.plain()
		content := noise(1, 2<<20)
		id := ann.PublishAsset(content)
		bob.fetches(id, content, "")
		ann.Close()
		bob.Close()
		soon()
		r.plain().fetches(id, content, "")
	})
}

func TestPublisherIsAskedBeforeAnyoneElse(t *testing.T) {
	inPlace(t, engine.Config{}, func(r *rig) {
		silent := r.join(nil)
		r.plain()
		ann, bob := r.plain(), r.plain()
		content := noise(1, 1000)
		id := ann.PublishAsset(content)
		if took := bob.fetches(id, content, ann.Avatar()); took > time.Second {
			t.Errorf("took %v", took)
		}
		if got := silent.take(); len(got) > 0 {
			t.Errorf("another was asked: %s", shows(got))
		}
		other := noise(2, 1000)
		if took := bob.fetches(ann.PublishAsset(other), other, "no such entity"); took > time.Second {
			t.Errorf("the silent one held it up for %v", took)
		}
		time.Sleep(10 * time.Second)
		if got := shows(silent.take()); got != "request 0+32768" {
			t.Errorf("the silent one got %s", got)
		}
		third := noise(3, 1000)
		if took := bob.fetches(ann.PublishAsset(third), third, ""); took > time.Second {
			t.Errorf("who was silent once held it up again, for %v", took)
		}
	})
}

// TestWrongBytesAreThrownAway has sources that give something else, in full and with
// other sizes; each is asked before the one that has the asset.
func TestWrongBytesAreThrownAway(t *testing.T) {
	content, wrong := noise(1, 500_000), noise(2, 600_000)
	id := netcode.AssetID(content)
	lies := map[string]func(a *agent, h netcode.AssetHeader){
		"other content": func(a *agent, h netcode.AssetHeader) {
			a.give(id, wrong, h.Offset, min(h.Length, 500_000-h.Offset), 500_000)
		},
		"too short": func(a *agent, h netcode.AssetHeader) { a.give(id, content, 0, 1000, 1000) },
		"too long": func(a *agent, h netcode.AssetHeader) {
			a.give(id, wrong, h.Offset, min(h.Length, 600_000-h.Offset), 600_000)
		},
		"size that changes": func(a *agent, h netcode.AssetHeader) {
			a.give(id, content, h.Offset, min(h.Length, 500_000-h.Offset), 500_000+h.Offset)
		},
		"no bytes":     func(a *agent, h netcode.AssetHeader) { a.give(id, content, 0, 0, 500_000) },
		"size of 2^53": func(a *agent, h netcode.AssetHeader) { a.give(id, content, 0, 1000, 1<<53) },
		"other range":  func(a *agent, h netcode.AssetHeader) { a.give(id, content, h.Offset+1, 1000, 500_000) },
		"silence":      func(a *agent, h netcode.AssetHeader) {},
		"failure":      func(a *agent, h netcode.AssetHeader) { a.refuse(netcode.AssetFrame{MID: 1, Header: h}) },
		"a byte at times": func(a *agent, h netcode.AssetHeader) {
			time.AfterFunc(9*time.Second, func() { a.give(id, content, h.Offset, 1, 500_000) })
		},
		"leaving": func(a *agent, h netcode.AssetHeader) {
			if h.Offset > 0 {
				a.Close()
				return
			}
			a.give(id, content, 0, 1000, 500_000)
		},
		"all at once, twice": func(a *agent, h netcode.AssetHeader) {
			a.give(id, wrong, 0, 500_000, 500_000)
			a.give(id, wrong, 0, 500_000, 500_000)
		},
	}
	for name, lie := range lies {
		for _, cache := range []int64{0, -1} {
			t.Run(fmt.Sprint(name, " cache ", cache), func(t *testing.T) {
				inPlace(t, engine.Config{Assets: assets.Options{CacheBytes: cache}}, func(r *rig) {
					r.join(func(a *agent, f netcode.AssetFrame) {
						if f.MID == netcode.AssetRequest {
							lie(a, f.Header)
						}
					})
					ann, bob := r.plain(), r.plain()
					ann.PublishAsset(content)
					if cache == 0 {
						bob.fetches(id, content, "")
						return
					}
					// What streams through is known to be wrong only in the end, and by
					// the agent itself; the next time it comes from elsewhere.
					for range 3 {
						if got, err := bob.FetchAsset(r.within(time.Hour), id, ""); err == nil && bytes.Equal(got, content) {
							return
						}
					}
					t.Error("never got it")
				})
			})
		}
	}
}

func TestUnknownAssetIsRefusedInTime(t *testing.T) {
	inPlace(t, engine.Config{Assets: assets.Options{Timeout: 2 * time.Second}}, func(r *rig) {
		bob := r.plain()
		refused := func() time.Duration {
			start := time.Now()
			_, err := bob.FetchAsset(r.within(time.Hour), netcode.AssetID([]byte("?")), "")
			if e, ok := errors.AsType[*client.AssetError](err); !ok || e.Code != netcode.AssetNotAvailable {
				t.Errorf("got %v", err)
			}
			return time.Since(start)
		}
		if took := refused(); took > 100*time.Millisecond {
			t.Errorf("alone: after %v", took)
		}
		r.plain()
		if took := refused(); took > 100*time.Millisecond {
			t.Errorf("with one that says no: after %v", took)
		}
		r.join(nil)
		if took := refused(); took < 2*time.Second || took > 2100*time.Millisecond {
			t.Errorf("with one that is silent: after %v", took)
		}
		for range 10 {
			r.join(nil)
		}
		if took := refused(); took < 6*time.Second || took > 6100*time.Millisecond {
			t.Errorf("with many that are silent: after %v, want Patience", took)
		}
	})
}

func TestManyWhoWaitCostOneTransfer(t *testing.T) {
	content := noise(1, 3<<19)
	for name, opts := range map[string]assets.Options{
		"cache": {}, "cache too small": {CacheBytes: 1 << 20}, "no cache": {CacheBytes: -1}, "disk": {Dir: t.TempDir()},
	} {
		t.Run(name, func(t *testing.T) {
			inPlace(t, engine.Config{Assets: opts}, func(r *rig) {
				var asked, given uint64
				id := netcode.AssetID(content)
				r.join(func(a *agent, f netcode.AssetFrame) {
					if f.MID == netcode.AssetRequest {
						h := f.Header
						n := min(h.Length, uint64(len(content))-h.Offset)
						asked++
						given += n
						a.give(id, content, h.Offset, n, uint64(len(content)))
					}
				})
				var all sync.WaitGroup
				for range 10 {
					bob := r.plain()
					all.Go(func() { bob.fetches(id, content, "") })
				}
				all.Wait()
				if given > uint64(len(content))*3/2 || asked > 100 {
					t.Errorf("the source was asked %d times and gave %d bytes of %d", asked, given, len(content))
				}
			})
		})
	}
}

func TestAnswersAreNeverMoreThanAsked(t *testing.T) {
	content := noise(1, 10_000)
	inPlace(t, engine.Config{}, func(r *rig) {
		ann, bob := r.plain(), r.join(nil)
		id := ann.PublishAsset(content)
		for _, c := range []struct {
			offset, length uint64
			want           string
		}{
			{0, 0, "data 0+0 of 10000"},
			{0, 1, "data 0+1 of 10000"},
			{9_990, 5, "data 9990+5 of 10000"},
			{9_990, 50, "data 9990+10 of 10000"},
			{10_000, 50, "data 10000+0 of 10000"},
			{10_001, 50, "failure 2 the range begins behind the end"},
			{1 << 53, 1 << 53, "failure 2 the range begins behind the end"},
			{0, 1 << 53, "data 0+10000 of 10000"},
			{1, 1<<53 - 1, "data 1+9999 of 10000"},
		} {
			bob.ask(id, c.offset, c.length)
			soon()
			frames := bob.take()
			if got := shows(frames); got != c.want {
				t.Errorf("[%d,%d] answered %s, want %s", c.offset, c.length, got, c.want)
			}
			for _, f := range frames {
				if f.MID == netcode.AssetData && !bytes.Equal(f.Data, content[f.Header.Offset:][:f.Header.Length]) {
					t.Errorf("[%d,%d] has other bytes", c.offset, c.length)
				}
			}
		}
	})
}

// TestPiecesGrowWhileTheyAreQuick sees how much of what it asks for an agent gets.
func TestPiecesGrowWhileTheyAreQuick(t *testing.T) {
	content := noise(1, 8<<20)
	inPlace(t, engine.Config{}, func(r *rig) {
		id, err := r.place.AddAsset(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		bob := r.join(nil)
		var sizes []uint64
		for at := uint64(0); at < uint64(len(content)); {
			bob.ask(id, at, 1<<20)
			soon()
			n := bob.take()[0].Header.Length
			sizes = append(sizes, n>>10)
			at += n
		}
		if want := []uint64{32, 64, 128, 256, 512, 1024}; !slices.Equal(sizes[:6], want) {
			t.Errorf("pieces of %v KiB, want them to begin with %v", sizes, want)
		}
	})
}

func TestOneAnswerToTheSameRequestTwice(t *testing.T) {
	content := noise(1, 1000)
	inPlace(t, engine.Config{}, func(r *rig) {
		ann := r.plain()
		bob := r.join(nil)
		id := ann.PublishAsset(content)
		bob.ask(id, 0, 10)
		bob.ask(id, 0, 20)
		soon()
		if got := shows(bob.take()); got != "data 0+20 of 1000" {
			t.Errorf("got %s", got)
		}
	})
}

func TestIDsThatAreNoneAreMalformed(t *testing.T) {
	good := netcode.AssetID(nil)
	inPlace(t, engine.Config{}, func(r *rig) {
		other := r.join(nil)
		bob := r.join(nil)
		for _, id := range []string{
			"", "asset:sha256:", strings.ToUpper(good), good + "0", good[:len(good)-1] + "g", "asset:sha1:" + good[13:],
			"asset:sha256:../../../../etc/passwd", "asset:sha256:" + strings.Repeat("../", 21) + "x", "/etc/passwd",
			good + "\r\nx-evil: 1", good[:len(good)-1] + "\x00", `","range":[0,1]}`, strings.Repeat("a", 2048),
		} {
			bob.ask(id, 0, 10)
			soon()
			frames := bob.take()
			if len(frames) != 1 || frames[0].Header.ErrorCode != netcode.AssetMalformed || frames[0].Header.ID != strings.Trim(id, "\x00") {
				t.Errorf("%.80q answered %s", id, shows(frames))
			}
		}
		if got := other.take(); len(got) > 0 {
			t.Errorf("another was asked: %s", shows(got))
		}
	})
}

func TestTenThousandRequestsForNothingHarmNobody(t *testing.T) {
	inPlace(t, engine.Config{Assets: assets.Options{Timeout: time.Second}}, func(r *rig) {
		silent := r.join(nil)
		ann := r.plain()
		bob, cat := r.plain(), r.plain()
		content := noise(1, 100_000)
		id := ann.PublishAsset(content)
		cat.fetches(id, content, "")
		for n := range 10_000 {
			bob.ask(netcode.AssetID(fmt.Append(nil, n)), 0, 1<<20)
		}
		if took := cat.fetches(id, content, ""); took > time.Second {
			t.Errorf("another waited %v for what is cached", took)
		}
		other := noise(2, 100_000)
		if took := cat.fetches(ann.PublishAsset(other), other, ann.Avatar()); took > time.Second {
			t.Errorf("another waited %v for what is not", took)
		}
		time.Sleep(time.Minute)
		refusals := 0
		for _, f := range bob.take() {
			if f.MID == netcode.AssetFailure && f.Header.ErrorCode == netcode.AssetNotAvailable {
				refusals++
			}
		}
		if refusals != 10_000 {
			t.Errorf("%d were answered", refusals)
		}
		if asked := len(silent.take()); asked > 1000 {
			t.Errorf("another agent was asked %d times", asked)
		}
		if bob.Err() != nil {
			t.Error(bob.Err())
		}
	})
}

func TestTooManyBytesOfFramesAreNotTaken(t *testing.T) {
	content := noise(1, 2000)
	inPlace(t, engine.Config{Limits: engine.Limits{AssetQueueBytes: 2500}}, func(r *rig) {
		bob := r.plain()
		id := netcode.AssetID(content)
		bob.give(id, content, 0, 1000, 2000) // fits
		soon()
		bob.give(id, append(content, content...), 0, 3000, 4000)
		soon()
		bob.give(id, content, 1000, 1000, 2000)
		soon()
		bob.fetches(id, content, "")
	})
	inPlace(t, engine.Config{Limits: engine.Limits{AssetQueueBytes: 300}}, func(r *rig) {
		bob := r.plain()
		bob.ask(netcode.AssetID(nil), 0, 1)
		soon()
		if e, ok := errors.AsType[*client.DisconnectError](bob.Err()); !ok || e.Code != netcode.CodeOverload {
			t.Errorf("got %v", bob.Err())
		}
	})
}

func TestOpenRequestsAreLimited(t *testing.T) {
	inPlace(t, engine.Config{Limits: engine.Limits{AssetRequests: 3, AssetSearches: 2}}, func(r *rig) {
		silent, bob := r.join(nil), r.join(nil)
		for n := range 5 {
			bob.ask(netcode.AssetID([]byte{byte(n)}), 0, 1)
		}
		soon()
		if got := shows(bob.take()); got != "failure 1 too many open requests, failure 1 too many open requests" {
			t.Errorf("got %s", got)
		}
		if n := len(silent.take()); n != 2 {
			t.Errorf("%d searches go on", n)
		}
		time.Sleep(11 * time.Second)
		if got := shows(bob.take()); got != "failure 1 nobody has it, failure 1 nobody has it" {
			t.Errorf("got %s", got)
		}
		if n := len(silent.take()); n != 1 {
			t.Errorf("%d searches go on", n)
		}
	})
}

func TestFetchesForAnAgentAreLimited(t *testing.T) {
	inPlace(t, engine.Config{Limits: engine.Limits{AssetQuestionRate: 2}}, func(r *rig) {
		for range 5 {
			r.plain() // has nothing
		}
		bob := r.plain()
		began := time.Now()
		_, err := bob.FetchAsset(r.within(time.Minute), netcode.AssetID([]byte("?")), "")
		if e, ok := errors.AsType[*client.AssetError](err); !ok || e.Code != netcode.AssetNotAvailable {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began).Round(100 * time.Millisecond); took != 1500*time.Millisecond {
			t.Errorf("five were asked in %v, want two at once and two a second", took)
		}
	})
}

func TestMalformedFramesAreAnsweredAndCounted(t *testing.T) {
	inPlace(t, engine.Config{Limits: engine.Limits{BadPackets: 5}}, func(r *rig) {
		end := r.raw()
		for _, data := range []string{"", "\x00", "\x00\x01\x00\x05{}", "\x00\x02\x00\x00"} {
			end.send(data)
		}
		soon()
		if got := shows(end.take()); !strings.HasPrefix(got, "failure 2 asset: a header of 5 bytes") || strings.Count(got, "failure") != 1 {
			t.Errorf("got %s", got)
		}
		end.send("\x00\x01\x00\x02{}")
		soon()
		if !end.left() {
			t.Error("stays")
		}
	})
}

func TestLargeAssetThatNobodyMayHaveIsRefused(t *testing.T) {
	inPlace(t, engine.Config{Assets: assets.Options{MaxBytes: 1000}}, func(r *rig) {
		ann, bob := r.plain(), r.plain()
		_, err := bob.FetchAsset(r.within(time.Minute), ann.PublishAsset(noise(1, 1001)), "")
		if e, ok := errors.AsType[*client.AssetError](err); !ok || e.Code != netcode.AssetNotAvailable {
			t.Errorf("got %v", err)
		}
	})
}

// TestSourceMayLeaveWhileItStreams has the second source go on where the first was.
func TestSourceMayLeaveWhileItStreams(t *testing.T) {
	content := noise(1, 4<<20)
	inPlace(t, engine.Config{Assets: assets.Options{CacheBytes: -1}}, func(r *rig) {
		ann, ben, bob := r.plain(), r.plain(), r.plain()
		id := ann.PublishAsset(content)
		ben.PublishAsset(content)
		time.AfterFunc(30*time.Millisecond, func() { ann.Close() })
		bob.fetches(id, content, ann.Avatar())
		if ann.Err() == nil {
			t.Error("it was over before the source had left")
		}
	})
}

// TestSourcesThatStallHoldNobodyUp has many agents that say that they have every asset.
func TestSourcesThatStallHoldNobodyUp(t *testing.T) {
	content := noise(1, 500_000)
	id := netcode.AssetID(content)
	for name, stalls := range map[string]func(a *agent, h netcode.AssetHeader){
		"silent": func(*agent, netcode.AssetHeader) {},
		"a byte": func(a *agent, h netcode.AssetHeader) {
			if h.Offset == 0 {
				a.give(id, content, 0, 1, 500_000)
			}
		},
		"a byte a second": func(a *agent, h netcode.AssetHeader) {
			time.AfterFunc(time.Second, func() { a.give(id, content, h.Offset, 1, 500_000) })
		},
		"a piece": func(a *agent, h netcode.AssetHeader) {
			if h.Offset == 0 {
				a.give(id, content, 0, h.Length, 500_000)
			}
		},
	} {
		for _, cache := range []int64{0, -1} {
			t.Run(fmt.Sprint(name, " cache ", cache), func(t *testing.T) {
				inPlace(t, engine.Config{Assets: assets.Options{CacheBytes: cache}}, func(r *rig) {
					for range 5 {
						r.join(func(a *agent, f netcode.AssetFrame) {
							if f.MID == netcode.AssetRequest {
								stalls(a, f.Header)
							}
						})
					}
					ann, bob := r.plain(), r.plain()
					ann.PublishAsset(content)
					most := 3 * time.Second
					if name == "a piece" {
						most = 12 * time.Second // two for each of them
					}
					if took := bob.fetches(id, content, ""); took > most {
						t.Errorf("it took %v", took)
					}
				})
			})
		}
	}
}

func TestASlowSourceIsTakenWhereThereIsNoOther(t *testing.T) {
	content := noise(1, 60)
	id := netcode.AssetID(content)
	inPlace(t, engine.Config{}, func(r *rig) {
		for range 2 {
			r.join(func(a *agent, f netcode.AssetFrame) {
				if h := f.Header; f.MID == netcode.AssetRequest {
					time.AfterFunc(100*time.Millisecond, func() { a.give(id, content, h.Offset, min(10, 60-h.Offset), 60) })
				}
			})
		}
		bob := r.plain()
		if took := bob.fetches(id, content, ""); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestASourceThatLeavesAfterLongIsReplaced(t *testing.T) {
	content := noise(1, 4<<20)
	id := netcode.AssetID(content)
	inPlace(t, engine.Config{Assets: assets.Options{Timeout: 2 * time.Second, Patience: 3 * time.Second}}, func(r *rig) {
		r.join(func(a *agent, f netcode.AssetFrame) {
			h := f.Header
			switch {
			case f.MID != netcode.AssetRequest:
			case h.Offset > 1<<20: // which takes it ten seconds or more
				a.Close()
			default:
				time.AfterFunc(800*time.Millisecond, func() { a.give(id, content, h.Offset, h.Length, 4<<20) })
			}
		})
		bob := r.plain()
		got := make(chan time.Duration, 1)
		go func() { got <- bob.fetches(id, content, "") }()
		time.Sleep(5 * time.Second)
		r.plain().PublishAsset(content)
		if took := <-got; took < 10*time.Second {
			t.Errorf("it took %v only", took)
		}
	})
}
