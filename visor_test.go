package main

import (
	"bytes"
	"encoding/json"
	"image"
	_ "image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/loci-place/loci/engine/web/visor"
	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// walkIn enters the place that serves the page, as a person does, and returns the avatar's id.
func (p *page) walkIn(name string) string {
	p.t.Helper()
	eval[chromedp.Void](p, `(document.getElementById("name").value = %q, document.getElementById("walkin").click())`, name)
	p.until("globalThis.visor !== undefined")
	p.until("visor.world.node(visor.place.avatar) !== undefined")
	eval[chromedp.Void](p, "document.activeElement.blur()")
	return eval[string](p, "visor.place.avatar")
}

// do has the browser do something, and returns what comes of it.
func do[T any](p *page, action chromedp.Action[T]) T {
	p.t.Helper()
	result, err := chromedp.Run(p.ctx, action)
	if err != nil {
		p.t.Fatal(err)
	}
	return result
}

// wait waits until an agent sees something.
func wait(t *testing.T, agent *client.Client, wanted func(d *netcode.Document) bool) {
	t.Helper()
	if err := agent.WaitFor(await.Context(t), wanted); err != nil {
		t.Fatal(err)
	}
}

// until waits for something to be so in the page, which is looked at after each frame.
func (p *page) until(script string) {
	p.t.Helper()
	eval[chromedp.Void](p, `new Promise((resolve) => {
		const look = () => { if (%s) resolve(); else requestAnimationFrame(look); };
		look();
	})`, script)
}

// click presses the mouse where an entity is seen, and releases it.
func (p *page) click(entity string) {
	p.t.Helper()
	where := eval[[]float64](p, `(() => {
		const v = visor, node = v.world.node(%q), box = node.collider();
		const at = box.middle.clone().applyMatrix4(node.object.matrixWorld).project(v.camera);
		return [(at.x + 1) / 2 * innerWidth, (1 - at.y) / 2 * innerHeight];
	})()`, entity)
	do(p, chromedp.MouseEvent(chromedp.MouseMoved, where[0], where[1]))
	p.until(`document.getElementById("pointed").textContent !== ""`)
	do(p, chromedp.MouseClickXY(where[0], where[1]))
}

// needVisor skips a test where the page was not built into this program.
func needVisor(t *testing.T) {
	t.Helper()
	if !visor.Built() {
		t.Skip("the visor is not built into the tests: make visor, as make test does")
	}
}

// newPlace writes the place of `loci new`, and serves it.
func newPlace(t *testing.T) (*server, string) {
	t.Helper()
	needVisor(t)
	dir := filepath.Join(t.TempDir(), "place")
	if got := run(t, nil, "new", dir); got.code != 0 {
		t.Fatal(got.stderr)
	}
	return start(t, nil, "serve", dir, "--listen", "127.0.0.1:0"), dir
}

func TestVisorWalksAndTalks(t *testing.T) {
	s, _ := newPlace(t)
	heard := make(chan string, 10)
	agent := join(t, s.url, client.Config{Identity: map[string]any{"display_name": "Ada"}, Handle: func(_ *client.Client, i netcode.Interaction) {
		if i.Type == netcode.TypePublication {
			heard <- string(i.Body)
		}
	}})
	if _, err := agent.Request(await.Context(t), "place", "subscribe", `["chat", _]`); err != nil {
		t.Fatal(err)
	}
	p := openPage(t, s.walkIn(t))
	avatar := p.walkIn("Grace")

	eval[chromedp.Void](p, `dispatchEvent(new KeyboardEvent("keydown", {code: "KeyW"}))`)
	wait(t, agent, func(d *netcode.Document) bool { return at(d, avatar) < -1 })
	eval[chromedp.Void](p, `dispatchEvent(new KeyboardEvent("keyup", {code: "KeyW"}))`)

	eval[chromedp.Void](p, `document.getElementById("say").focus()`)
	do(p, chromedp.KeyEvent("hello there\r"))
	if got := <-heard; got != `["chat","hello there"]` {
		t.Errorf("the agent hears %s", got)
	}
	if err := agent.Publish("chat", "hello <b>Grace</b>"); err != nil {
		t.Fatal(err)
	}
	p.until(`document.getElementById("log").textContent.includes("hello <b>Grace</b>")`)
	if people := eval[string](p, `(document.getElementById("people").click(), document.getElementById("list").textContent)`); !strings.Contains(people, "Grace (you)✓") {
		t.Errorf("the list of people says %q", people)
	}

	if colors := colorsOf(t, do(p, chromedp.CaptureScreenshot())); colors < 100 {
		t.Errorf("the view has %d colours: nothing is drawn", colors)
	}
}

func TestVisorPokesAndSeesReloads(t *testing.T) {
	s, dir := newPlace(t)
	agent := join(t, s.url, client.Config{})
	p := openPage(t, s.walkIn(t))
	p.walkIn("Grace")
	p.until(`visor.world.node("door") !== undefined`)

	open := func(d *netcode.Document) bool {
		door, _ := d.Component("door", "door")
		return door["open"] == true
	}
	p.click("door")
	wait(t, agent, open)
	p.until(`Math.abs(visor.world.node("door").matrix.elements[0] - Math.cos(1.6)) < 0.01`) // it has swung

	// A script is saved: the door behaves differently, and the page stays.
	eval[chromedp.Void](p, "globalThis.stays = true")
	file := filepath.Join(dir, "components", "door.lua")
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(script, []byte("entity.door.open = not entity.door.open"), []byte(`entity.text = { string = "locked" }`), 1)
	if bytes.Equal(script, changed) {
		t.Fatal("the starter's door has changed: mend this test")
	}
	if err := os.WriteFile(file, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	s.log.await(t, "scripts reloaded")
	eval[chromedp.Void](p, `visor.pointer.poke(visor.world.node("door"))`)
	p.until(`visor.world.node("door").entity.components.text?.string === "locked"`)
	if !eval[bool](p, "globalThis.stays === true") {
		t.Error("the page was loaded again")
	}
}

// An agent over ENet and a page hear each other, and the page is silent once it is muted.
func TestVisorTalks(t *testing.T) {
	needVisor(t)
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	heard := make(chan []byte, 1000)
	agent := join(t, s.url, client.Config{OnMedia: func(_ uint32, payload []byte) {
		select {
		case heard <- bytes.Clone(payload):
		default:
		}
	}})
	p := openPage(t, s.walkIn(t))
	avatar := p.walkIn("Grace")
	p.until(`visor.body.part("head") !== undefined`)
	head := eval[string](p, `visor.body.part("head").id`)
	eval[chromedp.Void](p, `(globalThis.echo = 0, globalThis.spoken = 0, visor.place.on("media", (track, b) => { if (b[0] === 0xf8) spoken++; else echo++; }))`)

	eval[chromedp.Void](p, `document.getElementById("mute").click()`)
	var voice any
	wait(t, agent, func(d *netcode.Document) bool {
		media, _ := d.Component(head, "live_media")
		voice = media["track_id"]
		return voice != nil
	})
	ask := func(body ...any) []any {
		t.Helper()
		answer, err := agent.Request(await.Context(t), "place", body...)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	ask("media_track", voice, "subscribe")
	for range 20 {
		if payload := await.Next(t, heard, "the voice of the page"); len(payload) < 3 {
			t.Fatalf("a packet of %d bytes", len(payload))
		}
	}

	track := uint32(ask("allocate_track", "audio", "opus", map[string]any{})[2].(float64))
	silence := []byte{0xf8, 0xff, 0xfe} // 20 ms of it
	for !eval[bool](p, "spoken > 5") {
		if err := agent.SendMedia(track, silence); err != nil {
			t.Fatal(err)
		}
	}
	if echo := eval[int](p, "echo"); echo != 0 {
		t.Errorf("%s hears %d packets of its own voice", avatar, echo)
	}

	eval[chromedp.Void](p, `document.getElementById("mute").click()`)
	p.until(`!visor.voice.on && document.getElementById("mute").getAttribute("aria-pressed") === "false"`)
	// What was under way comes before the answer to a question that the page asks now.
	eval[chromedp.Void](p, `visor.place.request("place", ["list_agents"])`)
	ask("list_agents")
	for len(heard) > 0 {
		<-heard
	}
	eval[chromedp.Void](p, `new Promise((resolve) => setTimeout(resolve, 300))`)
	if n := len(heard); n > 2 {
		t.Errorf("%d packets of a muted voice in 300 ms", n)
	}
}

// TestVisorBearsJunk has an agent fill every component that the visor shows with what makes no sense.
func TestVisorBearsJunk(t *testing.T) {
	needVisor(t)
	s := start(t, nil, "serve", "--listen", "127.0.0.1:0")
	agent := join(t, s.url, client.Config{})
	p := openPage(t, s.walkIn(t))
	p.walkIn("Grace")
	eval[chromedp.Void](p, `(globalThis.errors = [], addEventListener("error", (e) => errors.push(e.message)), console.warn = (...a) => errors.push(a.join(" ")))`)
	values := []any{"text", -1, 1e300, true, []any{}, []any{1, "x", nil}, map[string]any{"deep": []any{map[string]any{}}}, []any{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}
	fields := map[string][]string{
		"transform": {"matrix", "size"}, "relationships": {"parent"}, "geometry": {"type", "name", "vertices", "triangles", "normals", "uvs"},
		"material": {"color", "texture", "uvScale", "metalness", "roughness", "hasTransparency", "colorswap"},
		"text":     {"string", "height", "width", "wrap", "halign", "valign", "fitToWidth"}, "collider": {"type", "width", "height", "depth", "x"},
		"sound_effect": {"asset", "starts_at", "length", "loop_count", "offset", "volume"}, "environment": {"ambient", "skybox"},
		"visor": {"display_name"}, "grabbable": {"actuate_on", "translation_constraint"}, "focus": {"type"}, "intent": {"actuate_pose"},
		"skeleton": {"nodes"}, "cursor": {"name", "size"}, "acceptsfile": {"extensions"}, "ui": {"view_id"},
	}
	n := 0
	for name, keys := range fields {
		for _, v := range values {
			component := map[string]any{}
			for _, key := range keys {
				component[key] = v
			}
			if name == "geometry" && n%2 == 0 {
				component["type"] = "inline"
			}
			// What the place itself refuses, no visor sees.
			if _, err := agent.Request(await.Context(t), "place", "spawn_entity", map[string]any{name: component, "collider": map[string]any{"width": 1, "height": 1, "depth": 1}}); err == nil {
				n++
			}
		}
	}
	if n < 50 {
		t.Fatalf("the place has taken only %d entities of junk", n)
	}
	if _, err := agent.Request(await.Context(t), "place", "spawn_entity", map[string]any{"last": map[string]any{"one": true}}); err != nil {
		t.Fatal(err)
	}
	p.until(`[...visor.world.nodes].some((n) => n.entity.components.last)`)
	frames := eval[float64](p, "visor.renderer.info.render.frame")
	p.until("visor.renderer.info.render.frame > " + string(must(json.Marshal(frames+5))))
	if errs := eval[[]string](p, "errors"); len(errs) > 0 {
		t.Errorf("%d errors, the first: %s", len(errs), errs[0])
	}
}

func must(data []byte, _ error) []byte { return data }

// colorsOf counts the colours of a picture.
func colorsOf(t *testing.T, shot []byte) int {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	colors := map[[3]uint32]bool{}
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y += 4 {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x += 4 {
			r, g, b, _ := img.At(x, y).RGBA()
			colors[[3]uint32{r, g, b}] = true
		}
	}
	return len(colors)
}
