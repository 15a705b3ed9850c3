package netcode

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
)

type namedStates struct {
	name   string
	states []CompactState
}

// compactState makes a state of entities.
func compactState(from, revision uint64, entities ...CompactEntity) CompactState {
	s := CompactState{Style: StyleSet, From: from, Revision: revision, Count: len(entities), Entities: []byte{}}
	if from != 0 {
		s.Style = StyleMerge
	}
	for i := range entities {
		s.Entities = entities[i].Append(s.Entities)
	}
	return s
}

func placementOf(m Matrix) *Placement {
	p, ok := NewPlacement(&m)
	if !ok {
		panic("no placement")
	}
	return &p
}

// compactStates are sequences of states as a place sends them.
func compactStates() []namedStates {
	up := [3]float64{0, 1, 0}
	at := func(x, z, yaw float64) *Placement { return placementOf(turned(up, yaw, ones, [3]float64{x, 0, z})) }
	a, b, c := at(1, 2, 0.1), at(1.1, 1.9, 0.1), at(1.2, 1.8, 0.12)
	scaled := placementOf(turned(up, 0.5, [3]float64{2, 2, 2}, [3]float64{1, 2, 3}))
	tilted := placementOf(turned([3]float64{1, 1, 1}, 2.0936, ones, [3]float64{0.1, 1.6, -0.2}))
	sheared := Identity
	sheared[4] = 0.25
	text := func(s string) []byte { return []byte(s) }
	ann := CompactEntity{
		Number: 1, ID: text("ann"), Placement: NewPlacementChange(nil, a),
		Components: text(`{"visor":{"display_name":"Ann"},"transform":{"size":[1,2,3]}}`),
	}
	place := CompactEntity{Number: 0, ID: text("place"), Placement: NewPlacementChange(nil, &Origin), Components: text(`{"clock":{"time":12.5}}`)}
	clock := func(t float64) CompactEntity {
		return CompactEntity{Number: 0, Components: fmt.Appendf(nil, `{"clock":{"time":%v}}`, t)}
	}
	return []namedStates{
		{"an empty place", []CompactState{compactState(0, 1), compactState(1, 2)}},
		{"a walking, turning avatar", []CompactState{
			compactState(0, 1, place, ann),
			compactState(1, 2, clock(12.55), CompactEntity{Number: 1, Placement: NewPlacementChange(a, b)}),
			compactState(1, 3, clock(12.6), CompactEntity{Number: 1, Placement: NewPlacementChange(a, c)}),
			compactState(2, 4, CompactEntity{Number: 1, Placement: NewPlacementChange(b, c)}),
			compactState(3, 5, CompactEntity{Number: 1, Placement: NewPlacementChange(c, c), Components: text(`{"visor":null}`)}),
		}},
		{"a position from the origin, where the base is not remembered", []CompactState{
			compactState(0, 7, ann), compactState(7, 8, CompactEntity{Number: 1, Placement: NewPlacementChange(nil, c)}),
		}},
		{"revisions that wrap", []CompactState{
			compactState(0, 1<<31-1, ann), compactState(1<<31-1, 1, CompactEntity{Number: 1, Placement: NewPlacementChange(a, b)}),
		}},
		{"comes, goes, and another comes under its number", []CompactState{
			compactState(0, 1, ann), compactState(1, 2, CompactEntity{Number: 1}),
			compactState(2, 3, CompactEntity{Number: 1, ID: text("lamp"), Components: text(`{"lamp":{"lit":true}}`)}),
		}},
		{"comes again whole", []CompactState{
			compactState(0, 1, ann), compactState(1, 2, CompactEntity{Number: 1, ID: text("ann"), Placement: NewPlacementChange(nil, c)}),
		}},
		{"48 bits of rotation, scale and a number of two bytes", []CompactState{
			compactState(0, 1, CompactEntity{Number: 300, ID: text("head"), Placement: NewPlacementChange(nil, tilted)}),
			compactState(1, 2, CompactEntity{Number: 300, Placement: NewPlacementChange(tilted, scaled)}),
			compactState(2, 3, CompactEntity{Number: 300, Placement: NewPlacementChange(scaled, tilted)}),
		}},
		{"a matrix in full, a placement again, then none", []CompactState{
			compactState(0, 1, CompactEntity{Number: 2, ID: text("box"), Placement: NewMatrixChange(&sheared)}),
			compactState(1, 2, CompactEntity{Number: 2, Placement: NewPlacementChange(nil, b)}),
			compactState(2, 3, CompactEntity{Number: 2, Placement: NoPlacement, Components: text(`{"transform":{"matrix":null,"size":[1,1,1]}}`)}),
			compactState(3, 4, CompactEntity{Number: 2, Placement: NewPlacementChange(nil, a)}),
			compactState(4, 5, CompactEntity{Number: 2, Placement: NoPlacement, Components: text(`{"transform":null}`)}),
		}},
		{"ids and text beyond ASCII", []CompactState{
			compactState(0, 1, CompactEntity{Number: 5, ID: text("Tür"), Components: text(`{"text":{"string":"offen \ud83d\ude00"}}`)}),
		}},
	}
}

type malformed struct{ name, data string }

var malformedStates = []malformed{
	{"no bytes", ""},
	{"JSON", "7b7d"},
	{"no such style", "0300000001" + "00"},
	{"a header that ends", "010000"},
	{"a revision of 0", "0100000000" + "00"},
	{"from the revision 0", "0200000001" + "00000000" + "00"},
	{"more entities than bytes", "0100000001" + "03" + "0000"},
	{"very many entities", "0100000001" + "ffffffff0f"},
	{"a count of more than 32 bits", "0100000001" + "ffffffff1f"},
	{"bytes behind the last", "0100000001" + "00" + "00"},
	{"an unknown number that goes", "0100000001" + "01" + "0500"},
	{"an unknown number that moves", "0200000002" + "00000001" + "01" + "0504020000"},
	{"a new entity that moves from nowhere", "0100000001" + "01" + "00" + "05" + "0161" + "020000"},
	{"an empty id", "0100000001" + "01" + "00" + "01" + "00"},
	{"an id with NUL", "0100000001" + "01" + "00" + "01" + "0100"},
	{"an id that is not UTF-8", "0100000001" + "01" + "00" + "01" + "01ff"},
	{"both rotations", "0100000001" + "01" + "00" + "59" + "0161" + "c007fdff" + "bfffffff3fff"},
	{"a matrix and a position", "0100000001" + "01" + "00" + "85" + "0161" + "000000"},
	{"a component above 511", "0100000001" + "01" + "00" + "49" + "0161" + "fff7fdff"},
	{"components longer than 1", "0100000001" + "01" + "00" + "49" + "0161" + "c0000000"},
	{"a third component of 16 bits", "0100000001" + "01" + "00" + "51" + "0161" + "bfffbfffbfff"},
	{"a scale of 0", "0100000001" + "01" + "00" + "61" + "0161" + "3f8000003f80000000000000"},
	{"a scale that is not a number", "0100000001" + "01" + "00" + "61" + "0161" + "3f8000003f8000007fc00000"},
	{"a position too far away", "0100000001" + "01" + "00" + "45" + "0161" + "8280808008" + "0000"},
	{"components that are a list", "0100000001" + "01" + "00" + "03" + "0161" + "025b5d"},
	{"components that are no JSON", "0100000001" + "01" + "00" + "03" + "0161" + "027b7b"},
	{"components that end early", "0100000001" + "01" + "00" + "03" + "0161" + "037b7d"},
}

func TestCompactStatesComeBackAsTheyWereAppended(t *testing.T) {
	for _, c := range compactStates() {
		for _, s := range c.states {
			data := s.Append(nil)
			got, err := ParseCompactState(data)
			if err != nil || !reflect.DeepEqual(got, s) {
				t.Fatalf("%s: got %+v, want %+v, %v", c.name, got, s, err)
			}
			header, err := ParseCompactHeader(data)
			if err != nil || header.From != s.From || header.Revision != s.Revision || header.Style != s.Style {
				t.Errorf("%s: header %+v, %v", c.name, header, err)
			}
			wantPrefixesRejected(t, "compact state", data)
		}
	}
}

func TestACompactStateLeavesEarlierDocumentsAlone(t *testing.T) {
	for _, c := range compactStates() {
		held, want := map[uint64]Document{}, map[uint64][]byte{}
		for _, s := range c.states {
			d := held[s.From]
			if err := d.ApplyCompact(&s); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			held[s.Revision], want[s.Revision] = d, AppendValue(nil, d.Entities)
			for revision, d := range held {
				if got := AppendValue(nil, d.Entities); !bytes.Equal(got, want[revision]) {
					t.Fatalf("%s: document %d was\n%s\nand is\n%s", c.name, revision, want[revision], got)
				}
			}
		}
	}
}

func TestCompactStatesThatDoNotFitAreRefused(t *testing.T) {
	for _, c := range malformedStates {
		s, err := ParseCompactState(unhex(t, c.data))
		d := Document{}
		if s.Style == StyleMerge {
			d.Revision = s.From
		}
		if err == nil {
			err = d.ApplyCompact(&s)
		}
		if err == nil || d.Entities != nil {
			t.Errorf("%s: %v, document %v", c.name, err, d.Entities)
		}
	}
	s := compactState(3, 4)
	d := Document{Revision: 2}
	if err := d.ApplyCompact(&s); err == nil || d.Revision != 2 {
		t.Errorf("a patch of another revision: %v", err)
	}
}

func FuzzCompactState(f *testing.F) {
	for _, c := range compactStates() {
		for _, s := range c.states {
			f.Add(s.Append(nil))
		}
	}
	for _, c := range malformedStates {
		f.Add(unhex(f, c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseCompactState(data)
		if err != nil {
			return
		}
		again, err := ParseCompactState(s.Append(nil))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Fatalf("%+v\nbecomes %+v, %v", s, again, err)
		}
		rebuilt := CompactState{Style: s.Style, From: s.From, Revision: s.Revision, Count: s.Count, Entities: []byte{}}
		var e CompactEntity
		for rest := s.Entities; len(rest) > 0; {
			n, err := e.Parse(rest)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			rebuilt.Entities = e.Append(rebuilt.Entities)
		}
		if _, err := ParseCompactState(rebuilt.Append(nil)); err != nil {
			t.Fatalf("entities of %x become %x: %v", s.Entities, rebuilt.Entities, err)
		}
		d := Document{Revision: s.From}
		again2, first := d, d
		if err := first.ApplyCompact(&s); err != nil {
			return
		}
		if err := again2.ApplyCompact(&rebuilt); err != nil || !reflect.DeepEqual(first.Entities, again2.Entities) {
			t.Fatalf("the document is %v, then %v, %v", first.Entities, again2.Entities, err)
		}
	})
}

// crowdState is a state in which so many walk and turn.
func crowdState(n int) []byte {
	var entities []CompactEntity
	for i := range n {
		x := float64(i)
		from := placementOf(turned([3]float64{0, 1, 0}, x/3, ones, [3]float64{x, 0, -x}))
		to := placementOf(turned([3]float64{0, 1, 0}, x/3+0.1, ones, [3]float64{x + 0.2, 0, 0.2 - x}))
		entities = append(entities, CompactEntity{Number: uint32(i), Placement: NewPlacementChange(from, to)})
	}
	s := compactState(6, 9, entities...)
	return s.Append(nil)
}

// decodeCrowd decodes a state into placements that are held, and matrices.
func decodeCrowd(data []byte, at []Placement, matrices []Matrix) error {
	s, err := ParseCompactState(data)
	if err != nil {
		return err
	}
	var e CompactEntity
	rest := s.Entities
	for range s.Count {
		n, err := e.Parse(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		p := at[e.Number]
		if _, err := e.Placement.Apply(&p, true); err != nil {
			return err
		}
		p.Matrix(&matrices[e.Number])
	}
	return nil
}

func TestDecodingACrowdAllocatesNothing(t *testing.T) {
	data, at, matrices := crowdState(100), make([]Placement, 100), make([]Matrix, 100)
	allocations := testing.AllocsPerRun(100, func() {
		if err := decodeCrowd(data, at, matrices); err != nil {
			t.Fatal(err)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func BenchmarkCompactState(b *testing.B) {
	data, at, matrices := crowdState(100), make([]Placement, 100), make([]Matrix, 100)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decodeCrowd(data, at, matrices); err != nil {
			b.Fatal(err)
		}
	}
}
