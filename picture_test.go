package main

import (
	"flag"
	"os"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

var picture = flag.String("picture", "", "`FILE` to write a picture of examples/lobby to, with people in it (make picture)")

// TestPicture takes the picture that README.md shows.
func TestPicture(t *testing.T) {
	if *picture == "" {
		t.Skip("only with -picture FILE")
	}
	s := start(t, nil, "serve", "examples/lobby", "--listen", "127.0.0.1:0")
	url := s.walkIn(t)
	var speaker *page
	var said string
	for _, p := range []struct {
		name, color, say string
		x, z, yaw        float64
	}{
		{"Mira", "#ff7a59", "", -0.9, -2.2, 2.4},
		{"Tobias", "#2fb5a5", "Poke the door: it is a script.", 0.75, -2.9, 3.6},
		{"Lin", "#f2b134", "", 1.9, -1.7, 4.2},
	} {
		other := openPage(t, url)
		eval[chromedp.Void](other, `document.querySelector('[name="color"][value="%s"]').checked = true`, p.color)
		other.walkIn(p.name)
		eval[chromedp.Void](other, "(visor.body.position.set(%v, 0, %v), visor.body.yaw = %v)", p.x, p.z, p.yaw)
		if p.say != "" {
			speaker, said = other, p.say
		}
	}
	p := openPage(t, url)
	p.walkIn("Ada")
	do(p, chromedp.EmulateViewport(1200, 630))
	eval[chromedp.Void](p, `((q) => { q.value = "high"; q.dispatchEvent(new Event("input")); })(document.getElementById("quality"))`)
	p.until("visor.world.nodes && [...visor.world.nodes].filter((n) => n.entity.components.visor).length === 4")
	eval[chromedp.Void](p, "(visor.body.position.set(0, 0, 1.4), visor.body.pitch = -0.06)")
	eval[chromedp.Void](speaker, `visor.place.publish(["chat", %q])`, said)
	frame := eval[int](p, "visor.renderer.info.render.frame")
	p.until("visor.renderer.info.render.frame > " + strconv.Itoa(frame+20))
	if err := os.WriteFile(*picture, do(p, chromedp.CaptureScreenshot()), 0o644); err != nil {
		t.Fatal(err)
	}
}
