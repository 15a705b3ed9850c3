package engine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/engine/world"
	"github.com/loci-place/loci/netcode"
)

// invariants watches that whatever agents do, a place stays in order.
type invariants struct {
	*rig
	owners map[string]string // of every entity ever seen
}

func newInvariants(r *rig) *invariants { return &invariants{r, map[string]string{}} }

// check looks at all the place knows.
func (v *invariants) check() {
	v.Helper()
	err := v.place.Do(func(*Turn) error {
		p := v.place
		if len(p.agents) != len(p.order) {
			v.Errorf("%d agents by id, %d in order", len(p.agents), len(p.order))
		}
		for e := range p.world.Entities() {
			v.checkEntity(e)
		}
		for _, a := range p.order {
			v.checkRequests(a)
		}
		return nil
	})
	if err != nil {
		v.Fatal(err)
	}
}

func (v *invariants) checkEntity(e *world.Entity) {
	owner := e.Owner()
	if first, seen := v.owners[e.ID()]; seen && first != owner {
		v.Errorf("%q belonged to %q, now to %q", e.ID(), first, owner)
	}
	v.owners[e.ID()] = owner
	if owner != PlaceID && v.place.agents[owner] == nil {
		v.Errorf("%q belongs to %q, who is not here", e.ID(), owner)
	}
	if (owner == PlaceID) != (e.ID() == PlaceID) {
		v.Errorf("%q belongs to %q", e.ID(), owner)
	}
	above := map[*world.Entity]bool{}
	for up := e; up != nil; up = up.Parent() {
		if above[up] {
			v.Errorf("%q is below itself", up.ID())
			return
		}
		above[up] = true
	}
}

func (v *invariants) checkRequests(a *agent) {
	for id, r := range a.asked {
		if r.id != id || r.asker != a || !r.asked.owes[r] || v.place.agents[r.asked.id] != r.asked {
			v.Errorf("request %q of %s is owed by nobody", id, a.id)
		}
	}
	for r := range a.owes {
		if r.asked != a || r.asker.asked[r.id] != r || v.place.agents[r.asker.id] != r.asker {
			v.Errorf("request %q to %s is nobody's", r.id, a.id)
		}
	}
}

// checkEmpty makes sure that nothing is left of agents that have all gone.
func (v *invariants) checkEmpty() {
	v.Helper()
	v.check()
	err := v.place.Do(func(*Turn) error {
		if n := v.place.world.Len(); n != 1 || len(v.place.order) != 0 {
			v.Errorf("%d entities and %d agents are left, want the place alone", n, len(v.place.order))
		}
		if n := v.place.media.Tracks(); n != 0 {
			v.Errorf("%d tracks are left", n)
		}
		if n := v.place.news.Len(); n != 0 {
			v.Errorf("%d subscriptions are left", n)
		}
		if n := len(v.place.world.Animated()); n != 0 {
			v.Errorf("%d entities are animated", n)
		}
		return nil
	})
	if err != nil {
		v.Fatal(err)
	}
}

// talk is a conversation of three agents with each other and the place: a line for
// each message, in which the first letter says whose it is. $a, $b and $c are the
// avatars, $e the entity that was made last and $t the newest track.
type talk struct {
	*invariants
	peers   []*peer
	asked   []map[string]int // how often each request id was used
	answers []map[string]int
	entity  string
	track   string
}

func newTalk(r *rig) *talk {
	k := &talk{invariants: newInvariants(r), entity: "none", track: "1"}
	for _, version := range []int{1, 3, 4} {
		k.peers = append(k.peers, r.join(version, `{"visor":{},"children":[{"intent":{"actuate_pose":"head"}}]}`))
		k.asked = append(k.asked, map[string]int{})
		k.answers = append(k.answers, map[string]int{})
	}
	return k
}

func (k *talk) say(line []byte) {
	if len(line) < 2 {
		return
	}
	n := int(line[0]) % len(k.peers)
	p := k.peers[n]
	if _, gone := p.disconnected(); gone {
		return
	}
	text := strings.NewReplacer("$a", k.peers[0].avatar, "$b", k.peers[1].avatar, "$c", k.peers[2].avatar,
		"$e", k.entity, "$t", k.track).Replace(string(line[1:]))
	i, _ := netcode.ParseInteraction([]byte(text))
	if i.Type == netcode.TypeRequest && i.RequestID != "" && i.To != p.avatar {
		k.asked[n][sent(i.RequestID)]++
	}
	p.command(text)
	k.listen()
}

// sent is how an id comes back that may not be UTF-8.
func sent(id string) string {
	v, err := netcode.ParseValue(netcode.AppendString(nil, id))
	if err != nil {
		panic(err)
	}
	return v.(string)
}

// listen takes what has come for everybody.
func (k *talk) listen() {
	for n, p := range k.peers {
		for _, i := range p.interactions() {
			if i.Type != netcode.TypeResponse {
				continue
			}
			k.answers[n][i.RequestID]++
			body, err := netcode.ParseValue(i.Body)
			if err != nil {
				k.Fatal(err)
			}
			list := body.([]any)
			switch {
			case list[0] == "spawn_entity" && len(list) == 2:
				k.entity, _ = list[1].(string)
			case list[0] == "allocate_track" && list[1] == "ok":
				k.track = fmt.Sprint(list[2])
			}
		}
	}
}

// end lets them leave one after the other, and the last count its answers.
func (k *talk) end() {
	last := len(k.peers) - 1
	for _, p := range k.peers[:last] {
		p.close()
		time.Sleep(100 * time.Millisecond)
		k.check()
	}
	k.listen()
	if _, gone := k.peers[last].disconnected(); !gone {
		for id, n := range k.asked[last] {
			if got := k.answers[last][id]; got != n {
				k.Errorf("request %q was made %d times and answered %d times", id, n, got)
			}
		}
	}
	k.peers[last].close()
	time.Sleep(100 * time.Millisecond)
	k.checkEmpty()
}

// talks are what the fuzzer begins with.
var talks = []string{
	`a["interaction","request","","$b","1",["poke",true]]
b["interaction","response","","$a","1",["poke","ok"]]
c["interaction","request","","$a","1",["poke",true]]
c["interaction","request","","$a","1",["poke",true]]
a["interaction","response","","$c","1",["announce","ok"]]
c["interaction","request","","$c","2",["to myself"]]`,
	`c["interaction","request","","place","1",["spawn_entity",{"relationships":{"parent":"$a"},"children":[{"text":{}}]}]]
c["interaction","request","$e","$b","2",["poke",true]]
c["interaction","request","","place","3",["remove_entity","$e","reparent"]]
b["interaction","response","","$e","2",["poke","ok"]]
c["interaction","request","","place","4",["remove_entity","$c"]]
c["interaction","request","","place","5",["list_agents"]]`,
	`c["interaction","request","","place","1",["spawn_entity",{}]]
c["interaction","request","","place","2",["change_components","$c","add_or_change",{"relationships":{"parent":"$e"}},"remove",[]]]
c["interaction","request","","place","3",["change_components","$e","add_or_change",{"relationships":{"parent":"$c"}}]]
b["interaction","request","","place","4",["change_components","$e","add_or_change",{"relationships":{"parent":"$b"}}]]
b["interaction","request","","place","4",["remove_entity","$a"]]
b["interaction","request","","place","5",["kick_agent","$a"]]
a["interaction","oneway","","place","",["point",[0,0,0],[1,1,1]]]
a["interaction","publication","","","",["news"]]`,
	`a["interaction","request","","place","1",["allocate_track","audio",48000,1,"opus"]]
c["interaction","request","","place","1",["allocate_track","audio","opus",{"sample_rate":48000}]]
c["interaction","request","","place","2",["media_track",$t,"subscribe"]]
b["interaction","request","","place","2",["media_track",$t,"unsubscribe"]]
c["interaction","request","","place","3",["media_track",$t,"unsubscribe"]]`,
	`c["interaction","request","","place","1",["add_property_animation",{"path":"transform.matrix.rotation.y","from":0,"to":1,"start_at":0,"duration":1,"easing":"elasticInOut","repeats":true}]]
c["interaction","request","","place","2",["remove_property_animation","1"]]
c["interaction","request","","place","3",["announce","version",4,"identity",{}]]
c{"cmd":"interact","interact":{"from_entity":"","to_entity":"place","cmd":"[\"announce\"]"}}
b["interaction","shout","","place","9",7]
c["interaction","request","","place","4",["subscribe","[\"news\" | Rest] when length(Rest) > 1"]]
b["interaction","request","","place","4",["subscribe","_"]]
a["interaction","publication","","","",["news",1,"two"]]
c["interaction","request","","place","5",["unsubscribe","sub1"]]
c["interaction","request","","place","6",["list_acl"]]
c["interaction","request","","place","7",["change_acl","add",[["deny","_"]],"remove",[]]]
c["interaction","request","$e","$b","8",["add_wrist_widget","$e"]]
b["interaction","request","","place","8",["change_components","$e","add_or_change",{"relationships":{"parent":"$b"}},"remove",[]]]
b["interaction","request","$a","place","9",["spawn_entity",{}]]`,
	`c["interaction","request","","place","1",["spawn_entity",{"relationships":{"parent":"$a"},"grabbable":{"actuate_on":"$parent"}}]]
c["interaction","request","","place","2",["spawn_entity",{"relationships":{"parent":"later"}}]]
c["interaction","oneway","","$b","",["take","$e"]]
b["interaction","request","","place","3",["change_components","$e","add_or_change",{"relationships":{"parent":"$b"},"transform":{}},"remove",[]]]
b["interaction","request","","place","4",["spawn_entity",{"relationships":{"parent":"$e"}}]]
b["interaction","request","","place","5",["change_components","$e","remove",["relationships"]]]
c["interaction","request","","place","3",["change_components","$e","add_or_change",{"relationships":{"parent":"$a"}},"remove",["relationships"]]]`,
}

func TestConversationsLeaveThePlaceInOrder(t *testing.T) {
	for n, text := range talks {
		t.Run(fmt.Sprint(n), func(t *testing.T) { converse(t, []byte(text)) })
	}
}

func converse(t *testing.T, text []byte) {
	inPlace(t, Config{}, func(r *rig) {
		const most = 60 // lines
		k := newTalk(r)
		for i, line := range bytes.Split(text, []byte("\n")) {
			if i == most {
				break
			}
			k.say(line)
			k.check()
		}
		k.end()
	})
}

// FuzzInteractions lets three agents say anything to each other and the place.
func FuzzInteractions(f *testing.F) {
	for _, text := range talks {
		f.Add([]byte(text))
	}
	f.Fuzz(converse)
}
