package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestEnvironmentSaysWhereAndForWhom(t *testing.T) {
	env := map[string]string{
		"ALLOVERSE_PLACE_URL":          "alloplace://attic.example:1",
		"ALLOVERSE_REQUESTER_IDENTITY": `{"display_name":"Ada"}`,
		"ALLOVERSE_URL_PARAMS":         `{"avatarToken":"t","initialLocation":[1,0,0,0,0,1,0,0,0,0,1,0,7,8,9,1]}`,
	}
	l, err := readLaunch(func(name string) string { return env[name] })
	if want := (launch{"alloplace://attic.example:1", "Ada", "t", moved(7, 8, 9)}); err != nil || l != want {
		t.Errorf("got %+v, %v, want %+v", l, err, want)
	}
	if s := newSign(l); s.avatar()["avatar"].(map[string]any)["token"] != "t" || s.text()["string"] != "Launched by Ada" {
		t.Errorf("avatar %v", s.avatar())
	}
	for _, name := range []string{"ALLOVERSE_REQUESTER_IDENTITY", "ALLOVERSE_URL_PARAMS"} {
		good := env[name]
		env[name] = "{"
		if _, err := readLaunch(func(name string) string { return env[name] }); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("a broken %s: %v", name, err)
		}
		env[name] = good
	}
	byHand := map[string]string{"ALLOVERSE_PLACE_URL": "alloplace://localhost"}
	l, err = readLaunch(func(name string) string { return byHand[name] })
	if err != nil || newSign(l).avatar()["avatar"] != nil || l.by != "nobody" {
		t.Errorf("by hand: %+v, %v", l, err)
	}
	if _, err := readLaunch(func(string) string { return "" }); err == nil {
		t.Error("no place passes")
	}
}

func TestBoxIsAFileWhoseFacesLookOutward(t *testing.T) {
	file := box(2, 4, 6)
	word := func(at int) int { return int(binary.LittleEndian.Uint32(file[at:])) }
	if string(file[:4]) != "glTF" || word(4) != 2 || word(8) != len(file) || len(file)%4 != 0 {
		t.Fatalf("header % x of %d bytes", file[:12], len(file))
	}
	scene := file[20 : 20+word(12)]
	var parsed struct {
		BufferViews []struct{ ByteOffset, ByteLength int }
	}
	if err := json.Unmarshal(scene, &parsed); err != nil || len(parsed.BufferViews) != 3 {
		t.Fatalf("%v in %s", err, scene)
	}
	data := file[20+len(scene)+8:]
	part := func(i int) []byte { v := parsed.BufferViews[i]; return data[v.ByteOffset : v.ByteOffset+v.ByteLength] }
	vector := func(from []byte, i int) (v [3]float64) {
		for k := range v {
			v[k] = float64(math.Float32frombits(binary.LittleEndian.Uint32(from[i*12+k*4:])))
		}
		return v
	}
	area := 0.0
	for i := 0; i < len(part(2)); i += 6 {
		var p [3][3]float64
		for k := range p {
			p[k] = vector(part(0), int(binary.LittleEndian.Uint16(part(2)[i+2*k:])))
		}
		normal := vector(part(1), int(binary.LittleEndian.Uint16(part(2)[i:])))
		var cross, a, b [3]float64
		for k := range a {
			a[k], b[k] = p[1][k]-p[0][k], p[2][k]-p[0][k]
		}
		for k := range cross {
			cross[k] = a[(k+1)%3]*b[(k+2)%3] - a[(k+2)%3]*b[(k+1)%3]
		}
		out := cross[0]*normal[0] + cross[1]*normal[1] + cross[2]*normal[2]
		if inward := p[0][0]*cross[0] + p[0][1]*cross[1] + p[0][2]*cross[2]; out <= 0 || inward <= 0 {
			t.Errorf("triangle %d looks inward", i/6)
		}
		area += out / 2
	}
	if want := 2.0 * (2*4 + 4*6 + 6*2); area != want {
		t.Errorf("its faces have %v m², want %v", area, want)
	}
}
