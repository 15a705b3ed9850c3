package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// conformance asks the place what agents may ask with one verb, and compares the
// answers byte for byte. In bodies and answers MINE stands for an entity of the
// asker's, OTHERS for one of somebody else's, and NEW in an answer for any id.
type conformance struct {
	verb string
	cfg  Config
	good [][2]string // bodies and their answers, in this order
	bad  [][2]string // the same; none of them changes anything
}

func (c *conformance) run(t *testing.T) {
	t.Run(c.verb, func(t *testing.T) {
		inPlace(t, c.cfg, func(r *rig) {
			stranger := r.dial()
			stranger.command(fmt.Sprintf(`["interaction","request","","place","q",[%q]]`, c.verb))
			if got, want := stranger.raw("q"), fmt.Sprintf(`[%q,"error","announce yourself first"]`, c.verb); got != want {
				t.Errorf("before the announce: %s, want %s", got, want)
			}
			me, other := r.join(4, `{}`), r.join(3, `{}`)
			names := strings.NewReplacer(
				"MINE", me.spawn(`{"note":{"text":"mine"}}`),
				"OTHERS", other.spawn(`{"note":{"text":"theirs"}}`),
				"AVATAR", me.avatar)
			before := len(r.entities())
			for _, k := range c.bad {
				me.compare(names.Replace(k[0]), names.Replace(k[1]))
			}
			if after := len(r.entities()); after != before {
				t.Errorf("%d entities after what was bad, %d before", after, before)
			}
			for _, k := range c.good {
				me.compare(names.Replace(k[0]), names.Replace(k[1]))
			}
		})
	})
}

func (p *peer) compare(body, want string) {
	p.Helper()
	id := p.newID()
	p.command(interaction("request", "", PlaceID, id, body))
	got := p.raw(id)
	want = strings.ReplaceAll(want, "REQUEST", id)
	if before, after, any := strings.Cut(want, "NEW"); any {
		if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || len(got) != len(before)+idLength+len(after) {
			p.Errorf("%s is answered %s, want %s", body, got, want)
		}
		return
	}
	if got != want {
		p.Errorf("%s is answered\n%s, want\n%s", body, got, want)
	}
}

// newID gives a request id that the peer has not used yet.
func (p *peer) newID() string {
	p.ids++
	return fmt.Sprint("id", p.ids)
}

// spawn makes an entity of the peer's and gives its id.
func (p *peer) spawn(spec string) string {
	p.Helper()
	id := p.newID()
	p.command(interaction("request", "", PlaceID, id, `["spawn_entity",`+spec+`]`))
	body := p.answer(id)
	if len(body) != 2 {
		p.Fatalf("%s is answered %v", spec, body)
	}
	return body[1].(string)
}

// entities returns the ids of all there are.
func (r *rig) entities() (ids []string) {
	r.Helper()
	if err := r.place.Do(func(t *Turn) error { ids = t.Entities(); return nil }); err != nil {
		r.Fatal(err)
	}
	return ids
}

// component gives a component as JSON text, "" if there is none.
func (r *rig) component(id, name string) (text string) {
	r.Helper()
	err := r.place.Do(func(t *Turn) error {
		if c, ok := t.Component(id, name); ok {
			text = string(netcode.AppendValue(nil, c))
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
	return text
}

// deniedBy is what the asker of a request hears that one of the bundled rules denies.
func deniedBy(rule int, body string, why ...string) string {
	pattern := string(netcode.AppendString(nil, DefaultRules().Bundled[rule].Pattern.String()))
	for _, why := range why {
		pattern += fmt.Sprintf(",%q", why)
	}
	return `["interaction_denied",["interaction","request","AVATAR","place","REQUEST",` + body + `],["deny",` + pattern + `]]`
}

const identityText = "[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]"

func TestSpawnEntity(t *testing.T) {
	const shape = `["spawn_entity","error","want one description of an entity: an object of components"]`
	refused := func(why string) string { return `["spawn_entity","error","entity: ` + why + `"]` }
	c := conformance{verb: "spawn_entity", cfg: Config{Limits: Limits{SpecDepth: 3, SpecEntities: 4, NameBytes: 20}},
		good: [][2]string{
			{`["spawn_entity",{}]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",[]]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",{"text":{"string":"hi"}}]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",{"components":{"text":{"string":"hi"}}}]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",{"text":[],"collider":null,"children":{}}]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",{"children":[{"text":{}},{"components":{},"children":[{}]}]}]`, `["spawn_entity","NEW"]`},
			{`["spawn_entity",{"transform":{"matrix":` + identityText + `,"size":2},"grabbable":{"actuate_on":"$parent"}}]`, `["spawn_entity","NEW"]`},
		},
		bad: [][2]string{
			{`["spawn_entity"]`, shape},
			{`["spawn_entity",null]`, shape},
			{`["spawn_entity","lamp"]`, shape},
			{`["spawn_entity",[1]]`, shape},
			{`["spawn_entity",{},{}]`, shape},
			{`["spawn_entity",{"text":"hi"}]`, refused(`component \"text\" must be an object`)},
			{`["spawn_entity",{"components":7}]`, refused(`components must be an object`)},
			{`["spawn_entity",{"children":7}]`, refused(`children must be a list`)},
			{`["spawn_entity",{"children":[7]}]`, refused(`children must be objects`)},
			{`["spawn_entity",{"children":[{},{"text":7}]}]`, refused(`component \"text\" must be an object`)},
			{`["spawn_entity",{"children":[{},{},{},{}]}]`, refused(`more than 4 at once`)},
			{`["spawn_entity",{"children":[{"children":[{"children":[{}]}]}]}]`, refused(`children nest deeper than 3`)},
			{`["spawn_entity",{"a_name_of_21_letters_":{}}]`, refused(`a component's name has 21 bytes, at most 20 may be`)},
			{`["spawn_entity",{"live_media":{"track_id":1}}]`, refused(`live_media is the place's to give: use allocate_track`)},
			{`["spawn_entity",{"property_animations":{}}]`, refused(`property_animations is the place's to give: use add_property_animation`)},
			{`["spawn_entity",{"transform":{"matrix":[1,2,3]}}]`, refused(`transform.matrix must be 16 numbers`)},
			{`["spawn_entity",{"transform":{"matrix":"` + identityText + `"}}]`, refused(`transform.matrix must be 16 numbers`)},
			{`["spawn_entity",{"relationships":{"parent":7}}]`, refused(`relationships.parent must be an entity id`)},
			{`["spawn_entity",{"relationships":{"parent":"OTHERS"}}]`, deniedBy(5, `["spawn_entity",{"relationships":{"parent":"OTHERS"}}]`)},
			{`["spawn_entity",{"components":{"relationships":{"parent":"OTHERS"}}}]`, deniedBy(5, `["spawn_entity",{"components":{"relationships":{"parent":"OTHERS"}}}]`)},
			{`["spawn_entity",{"intent":{}}]`, refused(`intent.actuate_pose must be the name of a pose`)},
			{`["spawn_entity",{"intent":{"actuate_pose":"head","from_avatar":7}}]`, refused(`intent.from_avatar must be an entity id`)},
			{`["spawn_entity",{"grabbable":{"actuate_on":7}}]`, refused(`grabbable.actuate_on must be an entity id or \"$parent\"`)},
			{`["spawn_entity",{"grabbable":{"translation_constraint":[1,1]}}]`, refused(`grabbable.translation_constraint must be 3 numbers`)},
			{`["spawn_entity",{"grabbable":{"rotation_constraint":[1,1,"1"]}}]`, refused(`grabbable.rotation_constraint must be 3 numbers`)},
			{`["spawn_entity",{"grabbable":{"target_hand_transform":[]}}]`, refused(`grabbable.target_hand_transform must be 16 numbers`)},
			{`["spawn_entity",{"clock":{}}]`, refused(`clock.time must be a number of seconds`)},
			{`["spawn_entity",{"visor":{"display_name":7}}]`, refused(`visor.display_name must be text`)},
		},
	}
	c.run(t)
}

func TestRemoveEntity(t *testing.T) {
	const shape = `["remove_entity","error","want an entity id and \"cascade\" or \"reparent\""]`
	c := conformance{verb: "remove_entity",
		bad: [][2]string{
			{`["remove_entity"]`, shape},
			{`["remove_entity",7]`, deniedBy(4, `["remove_entity",7]`, "rule default5 (default) does not work on this message: owner: not a string but a number")},
			{`["remove_entity","MINE","cascade",1]`, shape},
			{`["remove_entity","MINE","explode"]`, `["remove_entity","error","do not know how to remove by explode: want \"cascade\" or \"reparent\""]`},
			{`["remove_entity","MINE",7]`, `["remove_entity","error","do not know how to remove by 7: want \"cascade\" or \"reparent\""]`},
			{`["remove_entity","OTHERS"]`, deniedBy(4, `["remove_entity","OTHERS"]`)},
			{`["remove_entity","place"]`, deniedBy(4, `["remove_entity","place"]`)},
			{`["remove_entity","nothing"]`, `["remove_entity","failed","there is no entity \"nothing\""]`},
		},
		good: [][2]string{
			{`["remove_entity","MINE","reparent"]`, `["remove_entity","ok"]`},
			{`["remove_entity","MINE"]`, `["remove_entity","failed","there is no entity \"MINE\""]`},
			{`["remove_entity","AVATAR","cascade"]`, `["remove_entity","ok"]`},
		},
	}
	c.run(t)
}

func TestChangeComponents(t *testing.T) {
	const shape = `["change_components","error","want an entity id, \"add_or_change\", an object of components, \"remove\" and a list of names"]`
	refused := func(why string) string { return `["change_components","error","` + why + `"]` }
	c := conformance{verb: "change_components", cfg: Config{Limits: Limits{NameBytes: 20}},
		bad: [][2]string{
			{`["change_components"]`, shape},
			{`["change_components",7,"add_or_change",{},"remove",[]]`, deniedBy(2, `["change_components",7,"add_or_change",{},"remove",[]]`,
				"rule default3 (default) does not work on this message: owner: not a string but a number")},
			{`["change_components","MINE"]`, shape},
			{`["change_components","MINE","add_or_change"]`, shape},
			{`["change_components","MINE","add_or_change","text","remove",[]]`, shape},
			{`["change_components","MINE","add_or_change",null,"remove",[]]`, shape},
			{`["change_components","MINE","add_or_change",{},"remove",["text",7]]`, shape},
			{`["change_components","MINE","add_or_change",{},"remove","text"]`, shape},
			{`["change_components","MINE","add_or_change",{},"forget",[]]`, shape},
			{`["change_components","MINE","add_or_change",{},"remove",[],1]`, shape},
			{`["change_components","nothing","add_or_change",{},"remove",[]]`, refused(`there is no entity \"nothing\"`)},
			{`["change_components","OTHERS","add_or_change",{},"remove",["note"]]`, deniedBy(2, `["change_components","OTHERS","add_or_change",{},"remove",["note"]]`)},
			{`["change_components","place","add_or_change",{"clock":{"time":7}},"remove",[]]`, deniedBy(2, `["change_components","place","add_or_change",{"clock":{"time":7}},"remove",[]]`)},
			{`["change_components","MINE","add_or_change",{"relationships":{"parent":"OTHERS"}},"remove",["note"]]`,
				deniedBy(5, `["change_components","MINE","add_or_change",{"relationships":{"parent":"OTHERS"}},"remove",["note"]]`)},
			{`["change_components","MINE","add_or_change",{"relationships":{"parent":"place"}},"remove",["note"]]`,
				deniedBy(5, `["change_components","MINE","add_or_change",{"relationships":{"parent":"place"}},"remove",["note"]]`)},
			{`["change_components","MINE","add_or_change",{"text":7},"remove",["note"]]`, refused(`component \"text\" must be an object`)},
			{`["change_components","MINE","add_or_change",{"text":null},"remove",["note"]]`, refused(`component \"text\" must be an object`)},
			{`["change_components","MINE","add_or_change",{"transform":{"matrix":[]},"text":{}},"remove",["note"]]`, refused(`transform.matrix must be 16 numbers`)},
			{`["change_components","MINE","add_or_change",{"a_name_of_21_letters_":{}},"remove",[]]`, refused(`a component's name has 21 bytes, at most 20 may be`)},
			{`["change_components","MINE","add_or_change",{"live_media":{}},"remove",["note"]]`, refused(`live_media is the place's to give: use allocate_track`)},
			{`["change_components","MINE","add_or_change",{},"remove",["note","live_media"]]`, refused(`live_media is the place's to take away`)},
			{`["change_components","MINE","add_or_change",{"property_animations":{"animations":{}}},"remove",[]]`, refused(`property_animations is the place's to give: use add_property_animation`)},
			{`["change_components","MINE","add_or_change",{"relationships":{"parent":"MINE"}},"remove",["note"]]`, refused(`an entity cannot be below itself: \"MINE\" is below \"MINE\"`)},
		},
		good: [][2]string{
			{`["change_components","MINE","add_or_change",{},"remove",[]]`, `["change_components","ok"]`},
			{`["change_components","MINE","add_or_change",[],"remove",{}]`, `["change_components","ok"]`},
			{`["change_components","MINE","add_or_change",{"text":{"string":"a"}}]`, `["change_components","ok"]`},
			{`["change_components","MINE","remove",["text","never_was"]]`, `["change_components","ok"]`},
			{`["change_components","MINE","add_or_change",{"relationships":{"parent":"AVATAR"}},"remove",["text"]]`, `["change_components","ok"]`},
		},
	}
	c.run(t)
}

func TestAgentVerbs(t *testing.T) {
	for _, c := range []conformance{
		{verb: "list_agents", bad: [][2]string{
			{`["list_agents",1]`, `["list_agents","error","want nothing but the verb"]`},
		}},
		{verb: "kick_agent", bad: [][2]string{
			{`["kick_agent","nobody"]`, deniedBy(1, `["kick_agent","nobody"]`)},
		}},
		{verb: "kick_agent", cfg: Config{Rules: &Rules{Verdict: acl.Allow}}, bad: [][2]string{
			{`["kick_agent"]`, `["kick_agent","error","want an agent id"]`},
			{`["kick_agent",7]`, `["kick_agent","error","want an agent id"]`},
			{`["kick_agent","a","b"]`, `["kick_agent","error","want an agent id"]`},
			{`["kick_agent","nobody"]`, `["kick_agent","error","there is no agent \"nobody\""]`},
		}},
		{verb: "poke", good: [][2]string{
			{`["poke",true]`, `["poke","ok"]`},
			{`["poke",false]`, `["poke","ok"]`},
			{`["poke"]`, `["poke","ok"]`},
		}},
		{verb: "fly", bad: [][2]string{{`["fly",1]`, `["fly","error","the place does not know \"fly\""]`}}},
	} {
		c.run(t)
	}
}

func TestPropertyAnimations(t *testing.T) {
	const turn = `{"path":"transform.matrix.rotation.y","from":0,"to":1,"start_at":0,"duration":1e6}`
	add := conformance{verb: "add_property_animation", cfg: Config{Limits: Limits{Animations: 2}},
		bad: [][2]string{
			{`["add_property_animation"]`, `["add_property_animation","error","want one description of an animation"]`},
			{`["add_property_animation",` + turn + `,1]`, `["add_property_animation","error","want one description of an animation"]`},
			{`["add_property_animation",7]`, `["add_property_animation","error","an animation must be an object"]`},
			{`["add_property_animation",{"path":"a.b","from":0,"to":[1,2,3],"start_at":0,"duration":1}]`,
				`["add_property_animation","error","from and to must be of one kind, not 1 and 3 numbers"]`},
			{`["add_property_animation",{"from":0,"to":1,"start_at":0,"duration":1}]`,
				`["add_property_animation","error","path must lead to a property, such as \"transform.matrix.rotation.y\""]`},
		},
		good: [][2]string{
			{`["add_property_animation",` + turn + `]`, `["add_property_animation","ok","NEW"]`},
			{`["add_property_animation",{"path":"no.where","from":0,"to":1,"start_at":0,"duration":1,"easing":"nonsense","repeats":true,"autoreverses":true}]`,
				`["add_property_animation","ok","NEW"]`},
			{`["add_property_animation",` + turn + `]`, `["add_property_animation","failed","the entity has 2 animations already"]`},
		},
	}
	add.run(t)
	remove := conformance{verb: "remove_property_animation",
		bad: [][2]string{
			{`["remove_property_animation"]`, `["remove_property_animation","error","want the id of an animation"]`},
			{`["remove_property_animation",7]`, `["remove_property_animation","error","want the id of an animation"]`},
			{`["remove_property_animation","a","b"]`, `["remove_property_animation","error","want the id of an animation"]`},
			{`["remove_property_animation","a"]`, `["remove_property_animation","failed","the entity has no animation \"a\""]`},
		},
	}
	remove.run(t)
}
