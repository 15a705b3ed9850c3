// Package lobby_test opens this place as `loci serve examples/lobby` does, and checks
// from outside what tests/ checks from within.
package lobby_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl64"

	"github.com/loci-place/loci/engine"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/luatest"
)

// turned is how far an entity is turned about Y, in radians.
func (l *lobby) turned(id string) float64 {
	l.Helper()
	m, ok := l.component(id, "transform")["matrix"].([]any)
	if !ok {
		l.Fatalf("%s has no matrix", id)
	}
	return math.Atan2(m[8].(float64), m[0].(float64))
}

func (l *lobby) turnedTo(id string, want float64) {
	l.Helper()
	if got := l.turned(id); math.Abs(got-want) > 1e-3 {
		l.Errorf("%s is turned by %g, want %g", id, got, want)
	}
}

func TestDoorOpensWhenPokedAndShutsByItself(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	l.equal(ann.ask("front_door", `["poke",true]`), `["poke","ok"]`)
	l.equal(ann.ask("front_door", `["poke",false]`), `["poke","ok"]`)
	l.Advance(300 * time.Millisecond)
	if half := l.turned("front_door"); !(half > 0.1 && half < 1.5) {
		t.Errorf("in the midst of its swing it is turned by %g", half)
	}
	l.Advance(time.Second)
	l.turnedTo("front_door", 1.6)
	l.turnedTo("quiet_door", 0)
	l.Advance(3 * time.Second)
	l.equal(l.component("front_door", "door"), `{"open":true,"swing":1.6,"stays":5}`)
	l.Advance(2 * time.Second)
	l.equal(l.component("front_door", "door"), `{"open":false,"swing":1.6,"stays":5}`)
	l.turnedTo("front_door", 0)
}

func TestDoorPokedOnItsWayTurnsBackFromWhereItIs(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	ann.ask("front_door", `["poke",true]`)
	l.Advance(300 * time.Millisecond)
	before := l.turned("front_door")
	ann.ask("front_door", `["poke",true]`)
	l.Advance(50 * time.Millisecond)
	if after := l.turned("front_door"); math.Abs(after-before) > 0.1 {
		t.Errorf("it jumps from %g to %g", before, after)
	}
	l.Advance(20 * time.Second)
	l.turnedTo("front_door", 0)
}

func TestDoorStaysOpenAcrossAReloadAndShutsAfterIt(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	ann.ask("front_door", `["poke",true]`)
	l.Advance(2 * time.Second)
	if err := l.rt.Reload(l.place); err != nil {
		t.Fatal(err)
	}
	l.Advance(4 * time.Second)
	l.turnedTo("front_door", 1.6)
	l.Advance(3 * time.Second)
	l.turnedTo("front_door", 0)
}

func TestNonsenseIsNotADoorOrALampOrASwitch(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	for component, why := range map[string]string{
		`"door":{"open":1}`:              "open must be true or false",
		`"door":{"swing":"wide"}`:        "swing must be an angle",
		`"door":{"stays":-1}`:            "stays must be seconds",
		`"lamp":{"lit":"yes"}`:           "lit must be true or false",
		`"lamp":{"color":[1,2]}`:         "color must be three numbers",
		`"lamp":{"color":[1,2,3]}`:       "color must be three numbers",
		`"switch":{}`:                    "lamps must be a list",
		`"switch":{"lamps":[]}`:          "lamps must be a list",
		`"switch":{"lamps":[1]}`:         "an id is text",
		`"guest_book":{"lines":1000000}`: "lines must be a number",
	} {
		answer := fmt.Sprint(ann.ask("place", `["spawn_entity",{%s}]`, component))
		if !strings.Contains(answer, why) {
			t.Errorf("%s is answered %s, want %s", component, answer, why)
		}
	}
}

func TestSwitchTurnsItsLampsOffAndOn(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	off := `{"color":[0.25,0.25,0.25,1],"roughness":1,"metalness":0}`
	on := `{"color":[1,0.9,0.6,1],"roughness":1,"metalness":0}`
	blue := `{"color":[0.6,0.7,1,1],"roughness":1,"metalness":0}`
	for _, c := range []struct{ answer, hall string }{{`["poke","ok",false]`, off}, {`["poke","ok",true]`, on}} {
		l.equal(ann.ask("hall_switch", `["poke",true]`), c.answer)
		l.equal(ann.ask("hall_switch", `["poke",false]`), c.answer)
		l.equal(l.component("lamp_left", "material"), c.hall)
		l.equal(l.component("lamp_right", "material"), c.hall)
		l.equal(l.component("lamp_quiet", "material"), blue)
	}
	l.equal(ann.ask("quiet_switch", `["poke",true]`), `["poke","ok",false]`)
	l.equal(l.component("lamp_quiet", "material"), off)
}

func TestGuestBookShowsWhatWasSigned(t *testing.T) {
	l := opened(t)
	ann, bob := l.join("ann"), l.join("bob")
	l.equal(ann.ask("guest_book", `["read"]`), `["read","ok",[]]`)
	l.equal(ann.ask("guest_book", `["sign","What a\nplace!"]`), `["sign","ok"]`)
	l.equal(bob.ask("guest_book", `["sign","Cosy."]`), `["sign","ok"]`)
	l.equal(l.component("guest_book.page", "text")["string"], `"bob: Cosy.\nann: What a place!"`)
	entries, _ := ann.ask("guest_book", `["read"]`)[2].([]any)
	if len(entries) != 2 {
		t.Fatalf("read %v", entries)
	}
	newest := entries[0].(map[string]any)
	l.equal([]any{newest["name"], newest["words"]}, `["bob","Cosy."]`)
	for words, why := range map[string]string{
		`"Again!"`: "you have just signed", `""`: "please write something", `3`: "please write something",
		`"` + strings.Repeat("x", 81) + `"`: "please be brief: at most 80 bytes",
	} {
		l.equal(ann.ask("guest_book", `["sign",%s]`, words), fmt.Sprintf(`["sign","failed",%q]`, why))
	}
	l.Advance(10 * time.Second)
	l.equal(ann.ask("guest_book", `["sign","Again!"]`), `["sign","ok"]`)
}

func TestGuestBookOutlivesAReloadAndForgetsTheOldest(t *testing.T) {
	l := opened(t)
	for i := range 52 {
		l.equal(l.join(fmt.Sprint("guest ", i)).ask("guest_book", `["sign","%d"]`, i), `["sign","ok"]`)
	}
	if err := l.rt.Reload(l.place); err != nil {
		t.Fatal(err)
	}
	entries, _ := l.join("ann").ask("guest_book", `["read"]`)[2].([]any)
	if len(entries) != 50 || entries[0].(map[string]any)["words"] != "51" || entries[49].(map[string]any)["words"] != "2" {
		t.Errorf("read %v", entries)
	}
}

func TestWhoComesInIsGreeted(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	l.Advance(500 * time.Millisecond)
	if got := ann.take(); got != "" {
		t.Errorf("heard too early: %s", got)
	}
	l.Advance(time.Second)
	if got, want := ann.take(), `greeter oneway ["greeting","Welcome, ann!"]`; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	ann.peer.Close(netcode.CodeClientLeft) // in the midst of it
	l.Advance(10 * time.Second)
}

func TestNamesAreAskedFor(t *testing.T) {
	l := opened(t)
	l.join("ann")
	for identity, why := range map[string]string{
		`{}`: "please pick a name", `{"display_name":" "}`: "please pick a name", `{"display_name":7}`: "please pick a name",
		`{"display_name":"` + strings.Repeat("x", 41) + `"}`: "please pick a shorter name",
		`{"display_name":"ann"}`:                             "somebody here is called ann already",
	} {
		if answer := fmt.Sprint(l.knock().announce(identity)); !strings.Contains(answer, why) {
			t.Errorf("%s is answered %s, want %s", identity, answer, why)
		}
	}
}

func TestOnlyModeratorsKickChangeRulesAndPublish(t *testing.T) {
	l := opened(t)
	ada, bob, eve := l.join("ada"), l.join("bob"), l.join("eve")
	l.equal(eve.ask("place", `["subscribe","[\"news\", _]"]`)[0], `"subscribe"`)
	publish := func(v *visitor, text string) string {
		v.peer.Send(netcode.CommandChannel, fmt.Appendf(nil, `["interaction","publication",%q,"","",["news",%q]]`, v.avatar, text))
		l.Settle()
		return eve.take()
	}
	if got := publish(bob, "free beer"); got != "" {
		t.Errorf("heard %s", got)
	}
	if got, want := publish(ada, "tea at five"), ada.avatar+` publication ["news","tea at five"]`; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	l.equal(l.component("ticker", "text")["string"], `"tea at five"`)
	var kick []any
	for _, a := range ada.ask("place", `["list_agents"]`)[2].([]any) {
		if a := a.(map[string]any); a["display_name"] == "eve" {
			kick = []any{a["agent_id"]}
		}
	}
	for _, ask := range []string{fmt.Sprintf(`["kick_agent",%q]`, kick...), `["change_acl","add",[["deny","_"]]]`} {
		l.equal(bob.ask("place", "%s", ask)[0], `"interaction_denied"`)
	}
	l.equal(ada.ask("place", `["change_acl","add",[["deny","[\"interaction\", _, _, \"front_door\" | _]"]]]`), `["change_acl","ok",["rule1"]]`)
	l.equal(bob.ask("front_door", `["poke",true]`)[0], `"interaction_denied"`)
	l.equal(ada.ask("place", `["kick_agent",%q]`, kick...), `["kick_agent","ok"]`)
	l.Settle()
	if eve.code != netcode.CodeKicked {
		t.Errorf("eve left with %d", eve.code)
	}
	l.equal(l.component("ticker", "text")["string"], `"eve has left"`)
}

func TestVoicesDoNotLeaveTheQuietRoom(t *testing.T) {
	l := opened(t)
	ann, bob := l.join("ann"), l.join("bob")
	speak := speaker(l, ann, bob)
	speak("both in the hall", true)
	ann.stand(3, -4)
	l.equal(ann.ask("place", `["where"]`), `["where","ok","quiet room"]`)
	l.equal(bob.ask("place", `["where"]`), `["where","ok","hall"]`)
	speak("the speaker in the quiet room", false)
	bob.stand(4, -5)
	speak("both in the quiet room", true)
	ann.stand(0, 0)
	speak("the listener in the quiet room", false)
}

func TestVoicesDoNotFlickerAtTheWall(t *testing.T) {
	l := opened(t)
	ann := l.join("ann")
	for _, c := range []struct {
		z    float64
		want string
	}{
		{-2, "hall"}, {-2.6, "hall"}, {-2.4, "hall"}, {-2.75, "quiet room"},
		{-2.6, "quiet room"}, {-2.4, "quiet room"}, {-2.2, "hall"}, {-2.6, "hall"},
	} {
		ann.stand(3.2, c.z)
		if got := ann.ask("place", `["where"]`); got[2] != c.want {
			t.Errorf("at %g it is in the %v, want %s", c.z, got[2], c.want)
		}
	}
}

func TestWhoRemovesItsOwnAvatarChangesNothingForOthers(t *testing.T) {
	l := opened(t)
	ann, bob := l.join("ann"), l.join("bob")
	lone := `["interaction","request",%q,"place","gone",["remove_entity",%[1]q,"cascade"]]`
	ann.peer.Send(netcode.CommandChannel, fmt.Appendf(nil, lone, ann.avatar))
	l.Settle()
	bob.stand(3, -4)
	l.equal(bob.ask("place", `["where"]`), `["where","ok","quiet room"]`)
	l.join("eve")
	l.Advance(20 * time.Second) // ann's greetings come to nothing
}

// opusSilence is a packet that the place lets through: it looks at no more than that.
const opusSilence = "\xf8\xff\xfe"

// speaker gives what checks whether bob hears what ann says.
func speaker(l *lobby, ann, bob *visitor) func(when string, heard bool) {
	l.Helper()
	track := ann.ask("place", `["allocate_track","audio","opus",{}]`)
	if len(track) != 3 || track[1] != "ok" {
		l.Fatalf("allocate_track answered %v", track)
	}
	id := track[2].(float64)
	l.equal(bob.ask("place", `["media_track",%g,"subscribe"]`, id), fmt.Sprintf(`["media_track","ok",%g]`, id))
	return func(when string, heard bool) {
		l.Helper()
		before := bob.spoken
		ann.peer.Send(0, append(binary.BigEndian.AppendUint32(nil, uint32(id)), opusSilence...))
		l.Settle()
		if got := bob.spoken > before; got != heard {
			l.Errorf("%s: heard is %v, want %v", when, got, heard)
		}
	}
}

// Visors light by normals and draw only what they see the front of, which is where its
// corners come counter-clockwise.
func TestWhatStandsThereCanBeDrawn(t *testing.T) {
	l := opened(t)
	var ids []string
	if err := l.place.Do(func(t *engine.Turn) error { ids = t.Entities(); return nil }); err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for _, id := range ids {
		geometry := l.component(id, "geometry")
		if geometry == nil {
			continue
		}
		drawn++
		vertices, normals := vectors(geometry["vertices"]), vectors(geometry["normals"])
		if n := len(vectors(geometry["uvs"])); n != len(vertices) || n != len(normals) || n == 0 {
			t.Errorf("%s has %d vertices, %d normals and %d uvs", id, len(vertices), len(normals), n)
			continue
		}
		for _, corner := range vectors(geometry["triangles"]) {
			a, b, c := vertices[int(corner[0])], vertices[int(corner[1])], vertices[int(corner[2])]
			if front := b.Sub(a).Cross(c.Sub(a)); front.Dot(normals[int(corner[0])]) <= 0 {
				t.Errorf("%s has a triangle %v that looks inwards", id, corner)
			}
		}
		if l.component(id, "material")["color"] == nil {
			t.Errorf("%s has no colour", id)
		}
	}
	if drawn < 20 {
		t.Errorf("%d entities have a geometry", drawn)
	}
}

func vectors(list any) (vs []mgl64.Vec3) {
	items, _ := list.([]any)
	for _, item := range items {
		var v mgl64.Vec3
		for i, x := range item.([]any) {
			v[i] = x.(float64)
		}
		vs = append(vs, v)
	}
	return vs
}

func TestItsOwnTestsPass(t *testing.T) {
	var report strings.Builder
	result, err := luatest.Run(luatest.Config{Dir: ".", Out: &report, LuaTest: scripts.LuaTestConfig{Time: time.Minute}})
	if err != nil || !result.OK() || result.Tests < 30 {
		t.Errorf("%+v, %v\n%s", result, err, &report)
	}
}

func TestNothingIsWrongWithItsScripts(t *testing.T) {
	sources, err := scripts.FS(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range scripts.Check(sources, scripts.Config{}).Findings {
		t.Error(finding)
	}
}
