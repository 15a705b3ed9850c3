package media

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loci-place/loci/netcode"
)

var roomy = Config{Tracks: 8, Choices: 8}

func dialect(t testing.TB, version int) *netcode.Dialect {
	t.Helper()
	d, ok := netcode.DialectOf(version)
	if !ok {
		t.Fatalf("no version %d", version)
	}
	return d
}

// member is an agent with the voice that is published to.
type member struct {
	*Agent
	voice *Voice
}

// crowd joins agents 1, 2, … of the given versions to a table.
func crowd(t testing.TB, table *Table, versions ...int) (all []member) {
	for n, version := range versions {
		v := &Voice{}
		all = append(all, member{table.Join(fmt.Sprint(n+1), netcode.Conn(n+1), dialect(t, version), v), v})
	}
	return all
}

func (m member) speak(t testing.TB, table *Table, media Media) uint32 {
	t.Helper()
	id, err := table.Allocate(m.Agent, "avatar of "+m.id, media)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (m member) groups(t testing.TB, track uint32) []Group {
	t.Helper()
	r, _ := m.voice.Find(track)
	if r == nil {
		t.Fatalf("%s does not have track %d", m.id, track)
	}
	return r.Groups()
}

func TestListenersAreGroupedByWhatTheyAreSent(t *testing.T) {
	for _, c := range []struct {
		media Media
		want  string
	}{
		{Media{Audio, Opus}, "[{3 true [2 3 5]} {0 false [6 4]}]"},
		{Media{Video, "mjpeg"}, "[{3 true [2 3 5]} {4 false [6 4]}]"},
		{Media{Audio, "pcm"}, "[{0 false [6 4]}]"}, // versions 1 to 3 would take it for Opus
	} {
		table := New(roomy)
		all := crowd(t, table, 4, 1, 2, 4, 3, 4)
		id := all[0].speak(t, table, c.media)
		for _, n := range []int{5, 3} {
			if err := table.Subscribe(all[n].Agent, id); err != nil {
				t.Fatal(err)
			}
		}
		if got := fmt.Sprint(all[0].groups(t, id)); got != c.want {
			t.Errorf("%v: %s, want %s", c.media, got, c.want)
		}
	}
}

func TestTrackIDsAreUsedOnce(t *testing.T) {
	table := New(roomy)
	a := crowd(t, table, 4)[0]
	if id := a.speak(t, table, Media{Audio, Opus}); id != 1 {
		t.Errorf("the first track is %d", id)
	}
	if _, err := table.Allocate(a.Agent, "avatar of 1", Media{Audio, Opus}); !errors.Is(err, ErrTaken) {
		t.Errorf("a second track for an entity: %v", err)
	}
	table.End("avatar of 1")
	if id := a.speak(t, table, Media{Audio, Opus}); id != 2 {
		t.Errorf("the next track is %d", id)
	}
	table.last = math.MaxInt32 - 1
	if id, err := table.Allocate(a.Agent, "last", Media{Audio, Opus}); id != math.MaxInt32 || err != nil {
		t.Errorf("the last track is %d, %v", id, err)
	}
	if _, err := table.Allocate(a.Agent, "too late", Media{Audio, Opus}); !errors.Is(err, ErrTracks) {
		t.Errorf("one track too many: %v", err)
	}
}

func TestAnAgentHasSoManyTracksAtOnce(t *testing.T) {
	table := New(Config{Tracks: 2})
	a := crowd(t, table, 4)[0].Agent
	for n, want := range []error{nil, nil, ErrTracks} {
		if _, err := table.Allocate(a, fmt.Sprint(n), Media{Audio, Opus}); !errors.Is(err, want) {
			t.Errorf("track %d: %v, want %v", n, err, want)
		}
	}
	table.End("0")
	if _, err := table.Allocate(a, "2", Media{Audio, Opus}); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestAnAgentHasSoManyChoicesAtOnce(t *testing.T) {
	for version, choose := range map[int]func(*Table, *Agent, uint32) error{3: (*Table).Unsubscribe, 4: (*Table).Subscribe} {
		table := New(Config{Tracks: 2, Choices: 1})
		all := crowd(t, table, 4, version)
		for n := range 2 {
			if _, err := table.Allocate(all[0].Agent, fmt.Sprint(n), Media{Audio, Opus}); err != nil {
				t.Fatal(err)
			}
		}
		for n, c := range []struct {
			track uint32
			want  error
		}{{1, nil}, {1, nil}, {2, ErrChoices}} {
			if err := choose(table, all[1].Agent, c.track); !errors.Is(err, c.want) {
				t.Errorf("version %d, choice %d: %v, want %v", version, n, err, c.want)
			}
		}
		table.End("0")
		if err := choose(table, all[1].Agent, 2); err != nil {
			t.Errorf("version %d, after the other track has ended: %v", version, err)
		}
	}
}

func TestPacketsOfATrackThatJustEndedAreLate(t *testing.T) {
	table := New(Config{Tracks: 2})
	a := crowd(t, table, 4)[0]
	for range 4 {
		a.speak(t, table, Media{Audio, Opus})
		table.End("avatar of 1")
	}
	for track, want := range map[uint32]bool{2: false, 3: true, 4: true, 5: false} {
		if r, late := a.voice.Find(track); r != nil || late != want {
			t.Errorf("track %d: %v, late %v", track, r, late)
		}
	}
}

// model is what a table should be, in the plainest terms.
type model struct {
	hears  map[[2]string]bool
	agents []member
	tracks map[uint32]*modelTrack
}

type modelTrack struct {
	owner  member
	entity string
	media  Media
	chosen map[string]bool // by agent
}

func (m *model) listeners(tr *modelTrack) (all []netcode.Conn) {
	for _, a := range m.agents {
		old := a.dialect.HearsEveryone
		if a.id == tr.owner.id || tr.chosen[a.id] == old || old && tr.media == (Media{Audio, "pcm"}) || !m.hears[[2]string{a.id, tr.owner.id}] {
			continue
		}
		all = append(all, a.conn)
	}
	return all
}

func TestTheTableIsWhatFollowsFromWhatHappened(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		m := &model{hears: map[[2]string]bool{}, tracks: map[uint32]*modelTrack{}}
		table := New(Config{Tracks: 3, Choices: 1000, Hears: func(l, s string) bool { return m.hears[[2]string{l, s}] }})
		var published [][2][]Group // and as it was then
		for step := range 300 {
			m.act(t, rng, table, step)
			for id, tr := range m.tracks {
				groups := tr.owner.groups(t, id)
				var got []netcode.Conn
				for _, g := range groups {
					got = append(got, g.To...)
				}
				slices.Sort(got)
				if want := m.listeners(tr); !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d: track %d reaches %v, want %v", seed, step, id, got, want)
				}
				published = append(published, [2][]Group{groups, cloneGroups(groups)})
			}
		}
		for _, p := range published {
			if !sameListeners(p[0], p[1]) {
				t.Fatalf("seed %d: a published list has changed from %v to %v", seed, p[1], p[0])
			}
		}
		for _, a := range m.agents {
			table.Leave(a.Agent)
		}
		if table.Tracks() != 0 || len(table.entities) != 0 || len(table.everyone) != 0 {
			t.Fatalf("when all have left: %+v", table)
		}
	}
}

// act does one thing to the table and to the model.
func (m *model) act(t *testing.T, rng *rand.Rand, table *Table, step int) {
	if len(m.agents) < 2 || rng.IntN(8) == 0 {
		id := fmt.Sprint("agent ", step)
		for _, other := range m.agents {
			m.hears[[2]string{id, other.id}], m.hears[[2]string{other.id, id}] = rng.IntN(4) > 0, rng.IntN(4) > 0
		}
		v := &Voice{}
		m.agents = append(m.agents, member{table.Join(id, netcode.Conn(step+1), dialect(t, 1+rng.IntN(4)), v), v})
		return
	}
	who := rng.IntN(len(m.agents))
	a := m.agents[who]
	switch rng.IntN(7) {
	case 0:
		if rng.IntN(2) > 0 {
			break
		}
		table.Leave(a.Agent)
		m.agents = slices.Delete(m.agents, who, who+1)
		maps.DeleteFunc(m.tracks, func(_ uint32, tr *modelTrack) bool { return tr.owner.id == a.id })
	case 1, 2:
		tr := &modelTrack{owner: a, entity: fmt.Sprint(a.id, rng.IntN(4)), chosen: map[string]bool{}}
		tr.media = []Media{{Audio, Opus}, {Audio, "pcm"}, {Video, "mjpeg"}}[rng.IntN(3)]
		if id, err := table.Allocate(a.Agent, tr.entity, tr.media); err == nil {
			m.tracks[id] = tr
		}
	case 3:
		for id, tr := range m.tracks {
			if rng.IntN(4) == 0 {
				table.End(tr.entity)
				delete(m.tracks, id)
			}
		}
	case 4, 5:
		for id, tr := range m.tracks {
			if tr.owner.id == a.id || rng.IntN(2) > 0 {
				continue
			}
			hear := rng.IntN(2) > 0
			if err := table.choose(a.Agent, id, hear); err != nil {
				t.Fatal(err)
			}
			tr.chosen[a.id] = hear != a.dialect.HearsEveryone
		}
	case 6:
		for pair := range m.hears {
			m.hears[pair] = rng.IntN(4) > 0
		}
		table.Refresh(1)
	}
}

func TestAChangeDoesNotCostTheWholeTable(t *testing.T) {
	table := New(roomy)
	all := crowd(t, table, slices.Repeat([]int{3}, 200)...)
	for _, a := range all {
		a.speak(t, table, Media{Audio, Opus})
	}
	late := &Voice{}
	joins := testing.AllocsPerRun(1, func() { table.Join("late", 1000, dialect(t, 3), late) })
	subscribes := testing.AllocsPerRun(10, func() {
		if err := errors.Join(table.Unsubscribe(all[1].Agent, 1), table.Subscribe(all[1].Agent, 1)); err != nil {
			t.Fatal(err)
		}
	})
	if joins > 200*4+20 || subscribes > 20 {
		t.Errorf("joining takes %v allocations, choosing twice %v", joins, subscribes)
	}
}

// A thousand agents that hear everyone, each with a track.
func BenchmarkTable(b *testing.B) {
	const n = 1000
	full := func(b *testing.B, hears func(l, s string) bool) (*Table, []member) {
		table := New(Config{Tracks: 8, Choices: 1000, Hears: hears})
		all := crowd(b, table, slices.Repeat([]int{3}, n)...)
		for _, a := range all {
			a.speak(b, table, Media{Audio, Opus})
		}
		return table, all
	}
	b.Run("join and leave", func(b *testing.B) {
		table, _ := full(b, nil)
		v := &Voice{}
		d := dialect(b, 3)
		b.ReportAllocs()
		for b.Loop() {
			table.Leave(table.Join("late", n+1, d, v))
		}
	})
	b.Run("allocate and end", func(b *testing.B) {
		table, all := full(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := table.Allocate(all[0].Agent, "more", Media{Audio, Opus}); err != nil {
				b.Fatal(err)
			}
			table.End("more")
		}
	})
	b.Run("unsubscribe and subscribe", func(b *testing.B) {
		table, all := full(b, nil)
		b.ReportAllocs()
		for b.Loop() {
			if err := errors.Join(table.Unsubscribe(all[1].Agent, 1), table.Subscribe(all[1].Agent, 1)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ask", func(b *testing.B) {
		table, _ := full(b, func(l, s string) bool { return l < s })
		b.ReportAllocs()
		for b.Loop() {
			table.Refresh(1)
		}
	})
	b.Run("find", func(b *testing.B) {
		_, all := full(b, nil)
		for b.Loop() {
			if r, _ := all[7].voice.Find(8); len(r.Groups()) != 1 {
				b.Fatal("not found")
			}
		}
	})
}

func TestRefreshInPartsAsksAboutEachTrackOnce(t *testing.T) {
	asked := map[string]int{}
	table := New(Config{Tracks: 1, Choices: 100, Hears: func(listener, speaker string) bool {
		asked[listener+" "+speaker]++
		return true
	}})
	for _, a := range crowd(t, table, slices.Repeat([]int{3}, 23)...) {
		a.speak(t, table, Media{Audio, Opus})
	}
	for range 3 {
		clear(asked)
		most := 0
		for range 10 {
			before := len(asked)
			table.Refresh(10)
			most = max(most, len(asked)-before)
		}
		if len(asked) != 23*22 || most > 3*22 {
			t.Errorf("asked about %d pairs, at most %d at a time", len(asked), most)
		}
		for pair, n := range asked {
			if n != 1 {
				t.Errorf("%s: asked %d times", pair, n)
			}
		}
	}
}
