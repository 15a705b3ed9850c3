package engine

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
)

// attackInputs are messages that used to take the place seconds of its turn.
func attackInputs() map[string][]input {
	var m *inputMaker
	attack := func(f func()) []input {
		m = &inputMaker{Rand: rand.New(rand.NewPCG(1, 2))}
		f()
		for i := range m.made {
			m.made[i].beats = 1
		}
		m.made[len(m.made)-1].beats = 20
		return m.made
	}
	animate := func(entity, path, note string) {
		m.ids++
		m.add(1, fmt.Sprintf(`["interaction","request","%s","place","r%d",["add_property_animation",{"path":"%s","from":0,"to":1000,"start_at":0,"duration":1000,"repeats":true,"note":"%s"}]]`,
			entity, m.ids, path, note))
	}
	numbers := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"n%d":0,`, i)
		}
		return b.String()
	}
	change := func(component string) {
		m.ask(`["change_components","$0","add_or_change",{"x":` + component + `}]`)
	}
	return map[string][]input{
		"other keys": attack(func() {
			for i := range 3 {
				change(m.keys(120_000, string(rune('a'+i)), "0"))
			}
		}),
		"very many other keys": attack(func() {
			for i := range 4 {
				change(m.keys(490_000, string(rune('a'+i)), "0"))
			}
		}),
		"other keys deep inside": attack(func() {
			for i := range 4 {
				change(`{"a":{"b":{"c":` + m.keys(150_000, string(rune('a'+i)), `{}`) + `}}}`)
			}
		}),
		"other keys of objects": attack(func() {
			for i := range 4 {
				change(m.keys(110_000, string(rune('a'+i)), `{"a":0}`))
			}
		}),
		"an object and none in turn": attack(func() {
			for range 4 {
				change(`{"a":` + m.keys(110_000, "k", `{"a":0}`) + `}`)
				change(`{"a":0}`)
			}
		}),
		"animations in a large component": attack(func() {
			m.ask(`["spawn_entity",{"grabbable":{` + numbers(64) + `"pad":[0` + strings.Repeat(",0", 240_000) + `]}}]`)
			for i := range 64 {
				animate("$1", fmt.Sprintf("grabbable.n%d", i), "")
			}
		}),
		"animations among many keys": attack(func() {
			m.ask(`["spawn_entity",{"grabbable":{` + numbers(16_000) + `"actuate_on":"` + strings.Repeat("x", 200_000) + `"}}]`)
			for i := range 64 {
				animate("$1", fmt.Sprintf("grabbable.n%d", i), "")
			}
		}),
		"animations with large descriptions": attack(func() {
			m.ask(`["spawn_entity",{"dial":{"n":0}}]`)
			for range 60 {
				animate("$1", "dial.n", strings.Repeat("x", 3800))
			}
			for range 60 {
				animate("$1", "dial.n", "")
				m.request("place", `["remove_property_animation","none"]`)
			}
		}),
		"small changes of a large entity": attack(func() {
			m.ask(`["spawn_entity",{"big":` + m.keys(150_000, "k", `0`) + `,"text":{"t":"` + strings.Repeat("x", 300_000) + `"}}]`)
			for i := range 200 {
				m.ask(fmt.Sprintf(`["change_components","$1","add_or_change",{"x":{"n":%d}}]`, i))
			}
		}),
		"many children, and none": attack(func() {
			m.ask(`["spawn_entity",{}]`)
			for range 10 {
				m.ask(`["spawn_entity",{"_":{},"relationships":{"parent":"$1"},"children":[` + strings.TrimSuffix(strings.Repeat(`{"_":{}},`, 900), ",") + `]}]`)
			}
			m.ask(`["remove_entity","$1","reparent"]`)
		}),
	}
}

// inputMaker makes what an agent might send, of some size.
type inputMaker struct {
	*rand.Rand
	size int // of a large value, in bytes
	ids  int
	made []input

	spawned int // entities that are there, if they were not removed
}

// randomInputs is a sequence of messages, of up to two MB in all.
func randomInputs(rng *rand.Rand) []input {
	m := &inputMaker{Rand: rng, size: 1 << (10 + rng.IntN(9))}
	kinds := []func(){
		m.spawn, m.spawn, m.spawn, m.change, m.change, m.change, m.animate, m.animate, m.remove, m.reparent,
		m.publish, m.talk, m.intents, m.track, m.asset, m.garbage, m.again, m.rules, m.subscribe,
	}
	// A few kinds at a time, so that they meet.
	var some []func()
	for range 1 + rng.IntN(4) {
		some = append(some, kinds[rng.IntN(len(kinds))])
	}
	m.spawn()
	for total := 0; len(m.made) < 400 && total < 2<<20; {
		before := len(m.made)
		some[rng.IntN(len(some))]()
		for _, in := range m.made[before:] {
			total += len(in.data)
		}
	}
	m.made[len(m.made)-1].beats = 5
	return m.made
}

func (m *inputMaker) add(channel uint8, data string) {
	m.made = append(m.made, input{channel: channel, beats: m.IntN(2) * m.IntN(3), data: []byte(data)})
}

func (m *inputMaker) request(to, body string) {
	m.ids++
	m.add(1, fmt.Sprintf(`["interaction","request","%s","%s","r%d",%s]`, m.entityOr(""), to, m.ids, body))
}

func (m *inputMaker) ask(body string) {
	m.ids++
	m.add(1, fmt.Sprintf(`["interaction","request","","place","r%d",%s]`, m.ids, body))
}

func (m *inputMaker) entity() string { return fmt.Sprint("$", m.IntN(1+min(m.spawned, 3))) }

func (m *inputMaker) entityOr(other string) string {
	if m.IntN(3) == 0 {
		return m.entity()
	}
	return other
}

func (m *inputMaker) pick(of ...string) string { return of[m.IntN(len(of))] }

// value is a JSON value of about so many bytes.
func (m *inputMaker) value(size int) string {
	var b strings.Builder
	repeat := func(open, item, end string) string {
		b.WriteString(open)
		for i := 0; b.Len() < size; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(item)
		}
		b.WriteString(end)
		return b.String()
	}
	switch m.IntN(13) {
	case 0, 1, 2:
		return m.keys(size, m.pick("a", "b", "c", "A", `\u0061`, `\n`, "ü"), m.pick("0", "{}", "[]", `"x"`, "1.2345678901234567", `{"a":{"b":1}}`))
	case 3:
		return repeat("[", m.pick("0", "1.2345678901234567", "76561198000000001", "1e300"), "]")
	case 4:
		return repeat("[", m.pick("{}", "[]", "[[0]]", `{"a":0}`, "null", `""`, "[0,0,0]"), "]")
	case 5:
		return `"` + strings.Repeat(m.pick("x", `\n`, `\u00e9`, "é", `\ud83d\ude42`, `\\`), max(1, size/4)) + `"`
	case 6:
		deep := 1 + m.IntN(50)
		return repeat("[", strings.Repeat("[", deep)+strings.Repeat("]", deep), "]")
	case 7:
		deep := 1 + m.IntN(50)
		return m.keys(size, "d", strings.Repeat(`{"a":`, deep)+"0"+strings.Repeat("}", deep))
	case 8:
		return m.keys(size, strings.Repeat("p", 100), "0")
	case 9:
		return m.keys(size, "n", m.value(size/8))
	case 10:
		return "0." + strings.Repeat("1", max(1, size))
	case 11:
		return m.keys(size, "z", "null")
	default:
		return repeat("[", m.value(max(1, size/16)), "]")
	}
}

// keys is an object of numbered keys, of about so many bytes.
func (m *inputMaker) keys(size int, prefix, value string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := 0; b.Len() == 1 || b.Len()+len(value) < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"%s%x":%s`, prefix, i, value)
	}
	b.WriteByte('}')
	return b.String()
}

// component is an object with some numbers that can be animated, and something large.
func (m *inputMaker) component(size int) string {
	v := m.value(size)
	if v[0] == '{' && m.IntN(2) == 0 {
		return v
	}
	return `{"n":0,"v":[0,0,0],"list":[[1,2,3],{"x":0},0` + strings.Repeat(",0", m.IntN(5000)) + `],"pad":` + v + `}`
}

func (m *inputMaker) components(size int) string {
	all := []string{`"_":{}`}
	for i := range 1 + m.IntN(3) {
		name := m.pick("x", "y", "z", "material", "text", "skeleton")
		all = append(all, fmt.Sprintf(`"%s":%s`, fmt.Sprint(name, strings.Repeat("_", i)), m.component(size)))
	}
	if m.IntN(4) == 0 {
		all = append(all, `"transform":{"matrix":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1],"pad":`+m.value(size)+`}`)
	}
	if m.IntN(4) == 0 {
		all = append(all, `"relationships":{"parent":"`+m.entity()+`","pad":`+m.value(size)+`}`)
	}
	if m.IntN(4) == 0 {
		all = append(all, `"intent":{"actuate_pose":"`+m.pick("head", "hand/left", "torso")+`","from_avatar":"$0"}`)
	}
	if m.IntN(4) == 0 {
		all = append(all, `"grabbable":{"actuate_on":"$parent","translation_constraint":[0,1,1],"pad":`+m.value(size)+`}`)
	}
	if m.IntN(8) == 0 {
		for i := range 250 {
			all = append(all, fmt.Sprintf(`"c%d":{}`, i))
		}
	}
	return strings.Join(all, ",")
}

func (m *inputMaker) spawn() {
	children := ""
	if m.IntN(2) == 0 {
		n := m.IntN(200)
		var list []string
		for range n {
			list = append(list, `{"_":{},"x":{"v":`+m.value(m.size/max(1, n))+`}}`)
		}
		children = `,"children":[` + strings.Join(list, ",") + `]`
	}
	m.ask(`["spawn_entity",{` + m.components(m.size) + children + `}]`)
	m.spawned++
}

func (m *inputMaker) change() {
	entity := m.entity()
	for range 1 + m.IntN(6) {
		if m.IntN(8) == 0 {
			m.ask(`["change_components","` + entity + `","remove",["x","y"]]`)
			continue
		}
		m.ask(`["change_components","` + entity + `","add_or_change",{"` + m.pick("x", "y", "grabbable", "material") + `":` + m.component(m.size) + `}]`)
	}
}

func (m *inputMaker) animate() {
	entity := m.entity()
	for range 1 + m.IntN(40) {
		path := m.pick("x", "y", "grabbable", "material") + "." +
			m.pick("n", "v", "v.1", "pad.7", "list.0.1", "list.1.x", "list.2", "a7", "pad.a3", "pad.a3.a.b", fmt.Sprint("list.", m.IntN(5000)))
		if m.IntN(4) == 0 {
			path = "transform.matrix." + m.pick("rotation.x", "translation", "scale.y", "13")
		}
		value := m.pick("0", "[0,0,0]", "1.5")
		m.ids++
		m.add(1, fmt.Sprintf(`["interaction","request","%s","place","r%d",["add_property_animation",{"path":"%s","from":%s,"to":%s,"start_at":0,"duration":%s,"repeats":%s,"note":%s}]]`,
			entity, m.ids, path, value, value, m.pick("1000", "0.01"), m.pick("true", "false"), m.value(m.IntN(3000))))
	}
	m.made[len(m.made)-1].beats = 10
}

func (m *inputMaker) remove() {
	m.ask(`["remove_entity","` + m.entity() + `","` + m.pick("cascade", "reparent") + `"]`)
}

func (m *inputMaker) reparent() {
	m.ask(`["change_components","` + m.entity() + `","add_or_change",{"relationships":{"parent":"` + m.entityOr("nobody") + `"}}]`)
}

func (m *inputMaker) publish() {
	m.add(1, `["interaction","publication","","","",["`+m.pick("news", "other")+`",`+m.value(m.size)+`]]`)
}

func (m *inputMaker) talk() {
	body := `["` + m.pick("poke", "list_agents", "list_acl", "kick_agent", "hello") + `",` + m.value(m.size) + `]`
	switch m.IntN(5) {
	case 0:
		m.request(m.pick("place", "$v", "$0", "nobody"), body)
	case 1:
		m.add(1, `["interaction","oneway","","$v","",`+body+`]`)
	case 2:
		m.add(1, fmt.Sprintf(`["interaction","response","","$v","r%d",%s]`, m.IntN(m.ids+1), body))
	case 3:
		m.add(1, `["interaction","oneway","","$v","",["offer",`+strings.TrimSuffix(strings.Repeat(`"`+m.entity()+`",`, 1+m.size/8), ",")+`]]`)
	default:
		m.request("place", m.pick(`["list_agents"]`, `["list_acl"]`, `["poke",true]`))
	}
}

func (m *inputMaker) intents() {
	matrix := "[" + strings.TrimSuffix(strings.Repeat(m.pick("1,", "0.123456789012345678,"), 16), ",") + "]"
	one := `{"zmovement":1,"yaw":1,"poses":{"head":{"matrix":` + matrix + `},"hand/left":{"matrix":` + matrix +
		`,"grab":{"entity":"` + m.entity() + `","grabber_from_entity_transform":` + matrix + `}}},"unknown":` + m.value(m.size) + `}`
	if m.IntN(2) == 0 {
		m.add(2, `{"cmd":"intent","intent":`+one+`}`)
		return
	}
	m.add(2, `{"intents":{"$0":`+one+`,"$1":`+one+`,"$2":{"zmovement":1}},"ack-state-rev":`+fmt.Sprint(m.IntN(50))+`}`)
}

func (m *inputMaker) track() {
	m.request("place", `["allocate_track","`+m.pick("audio", "video")+`","`+m.pick("opus", "mjpeg")+`",`+m.keys(m.size, "m", "0")+`]`)
	m.request("place", fmt.Sprintf(`["media_track",%d,"%s"]`, m.IntN(5), m.pick("subscribe", "unsubscribe")))
	data := binary.BigEndian.AppendUint32(nil, uint32(m.IntN(5)))
	m.add(uint8(4*m.IntN(2)), string(append(data, strings.Repeat("x", m.size)...)))
}

func (m *inputMaker) asset() {
	header := `{"id":"asset:sha256:` + strings.Repeat(m.pick("a", "0"), 64) + `","range":[0,` + fmt.Sprint(m.size) + `],"total_length":` + fmt.Sprint(4*m.size) +
		`,"published_by":"` + m.entity() + `","more":` + m.value(min(m.size, 60000)) + `}`
	header = header[:min(len(header), 65535)]
	data := binary.BigEndian.AppendUint16(nil, uint16(1+m.IntN(3)))
	data = binary.BigEndian.AppendUint16(data, uint16(len(header)))
	m.add(3, string(data)+header+strings.Repeat("x", m.size))
}

func (m *inputMaker) garbage() {
	v := m.value(m.size)
	switch m.IntN(5) {
	case 0:
		v = v[:m.IntN(len(v))]
	case 1:
		v = strings.Repeat(m.pick("[", `{"a":`, `"\`, "-", "1e", " "), 1+m.size/4)
	case 2:
		v = `{"cmd":"interact","interact":{"from_entity":"","to_entity":"$v","cmd":` + v + `}}`
	case 3:
		v = `{"client_time":1,"more":` + v + `}`
	}
	m.add(uint8(m.IntN(6)), v)
}

// again repeats an earlier message, which may change what others of it did.
func (m *inputMaker) again() {
	in := m.made[m.IntN(len(m.made))]
	m.ids++
	data := string(in.data)
	if i := strings.Index(data, `"r`); i > 0 {
		if end := strings.IndexByte(data[i+1:], '"'); end > 0 {
			data = data[:i] + fmt.Sprintf(`"r%d`, m.ids) + data[i+1+end:]
		}
	}
	m.add(in.channel, data)
}

func (m *inputMaker) rules() {
	m.ask(`["change_acl","add",[["deny","` + strings.Repeat(m.pick("[", "_ when 1 == ", "X when X in "), 1+m.IntN(20)) + `"],["allow",` + m.value(m.size) + `]],"remove",[]]`)
}

func (m *inputMaker) subscribe() {
	guard := m.pick(`N == N`, `length(N) > 3`, `N < 5`, `N in [1,2,3]`, `is_map_key(N, "a7")`, `N["a7"] == 0`,
		`component("$1", "x")["n"] == 0`, `[N] == [0]`, `contains(N, "xx")`, `map_size(N) > 3 and N != %{}`)
	m.ask(fmt.Sprintf(`["subscribe",%q]`, `["news", N] when `+guard))
}
