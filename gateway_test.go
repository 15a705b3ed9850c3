//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/loci-place/loci/internal/await"
	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// TestAppIsLaunchedFromItsButtonToItsEnd goes the whole way: an agent has a place ask a
// gateway to boot an example, meets it, pokes it, and sees it go with the gateway.
func TestAppIsLaunchedFromItsButtonToItsEnd(t *testing.T) {
	sign := filepath.Join(t.TempDir(), "sign")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", sign, "./examples/app").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	token := "LOCI_GATEWAY_TOKEN=open sesame"
	gateway := start(t, []string{token}, "gateway", "--listen", "127.0.0.1:0", "--app", "sign='"+sign+"'", "--max-instances", "1")
	place := start(t, []string{token}, "serve", "--listen", "127.0.0.1:0", "--apps", strings.TrimPrefix(gateway.url, "http://"))
	ctx := await.Context(t)
	ada, err := client.Dial(ctx, place.url, client.Config{Identity: map[string]any{"display_name": "Ada\n🦉"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Close()
	answer, err := ada.Request(ctx, "place", "launch_app", "alloapp:"+gateway.url+"/sign", map[string]any{
		"initialLocation": netcode.Matrix{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 7, 8, 9, 1},
	})
	if err != nil {
		t.Fatalf("%v; the gateway says\n%s", err, gateway.log.String())
	}
	avatar, _ := answer[2].(string)
	label, text := awaitComponent(ctx, t, ada, avatar, "text")
	button, _ := awaitComponent(ctx, t, ada, avatar, "collider")
	if got := text["string"]; got != "Launched by Ada\n🦉" {
		t.Errorf("the label says %q", got)
	}
	ada.View(func(d *netcode.Document) {
		for id, want := range map[string]string{avatar: "7 8 9 1]", button: "0 -0.12 0.03 1]"} {
			if at, _ := d.Component(id, "transform"); !strings.HasSuffix(fmt.Sprint(at["matrix"]), want) {
				t.Errorf("%s is at %v, want %s", id, at["matrix"], want)
			}
		}
	})
	if mesh, err := ada.FetchAsset(ctx, meshOf(ada, button), button); err != nil || !strings.HasPrefix(string(mesh), "glTF") {
		t.Errorf("its mesh is %.20q, %v", mesh, err)
	}
	if answer, err := ada.Request(ctx, button, "poke", true); err != nil || answer[1] != "ok" {
		t.Errorf("the button answers %v, %v", answer, err)
	}
	gateway.log.await(t, `line="poked 1 times"`)
	err = ada.WaitFor(ctx, func(d *netcode.Document) bool {
		text, _ := d.Component(label, "text")
		said, _ := text["string"].(string)
		return strings.HasSuffix(said, "poked 1 times")
	})
	if err != nil {
		t.Errorf("the label does not come to say so: %v", err)
	}
	if _, err := ada.Request(ctx, "place", "launch_app", "alloapp:"+gateway.url+"/sign"); err == nil || !strings.Contains(err.Error(), "answered 503: 1 apps run here already") {
		t.Errorf("a second one: %v", err)
	}
	if res, err := http.Get(gateway.url); err != nil || res.StatusCode != 401 {
		t.Errorf("without the token: %v, %v", res, err)
	}
	if got := gateway.stop(t, syscall.SIGTERM); got.code != 0 || !strings.Contains(got.stderr, "msg=ended app=sign") {
		t.Errorf("the gateway ends with %d, and says\n%s", got.code, got.stderr)
	}
	err = ada.WaitFor(ctx, func(d *netcode.Document) bool { return d.Entities[avatar] == nil })
	if err != nil {
		t.Errorf("the app stays in the place: %v", err)
	}
	if _, err := ada.Request(ctx, "place", "launch_app", "alloapp:"+gateway.url+"/sign"); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("with the gateway gone: %v", err)
	}
	place.stop(t, syscall.SIGTERM)
}

// awaitComponent waits for a child of an entity's that has a component, and gives that and its id.
func awaitComponent(ctx context.Context, t *testing.T, c *client.Client, parent, component string) (id string, found map[string]any) {
	t.Helper()
	err := c.WaitFor(ctx, func(d *netcode.Document) bool {
		for child := range d.Entities {
			relationships, _ := d.Component(child, "relationships")
			if has, ok := d.Component(child, component); ok && relationships["parent"] == parent {
				id, found = child, has
			}
		}
		return id != ""
	})
	if err != nil {
		t.Fatalf("%s has no child with a %s: %v", parent, component, err)
	}
	return id, found
}

// meshOf is the asset that an entity is to be drawn as.
func meshOf(c *client.Client, entity string) (id string) {
	c.View(func(d *netcode.Document) {
		geometry, _ := d.Component(entity, "geometry")
		id, _ = geometry["name"].(string)
	})
	return id
}

func TestGatewayListsAndEndsInstances(t *testing.T) {
	gateway := start(t, nil, "gateway", "--listen", "127.0.0.1:0", "--app", `sleep=sleep "60"`)
	ask := func(method, path, body string) (status int, answer map[string]any) {
		r, err := http.NewRequestWithContext(t.Context(), method, gateway.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_ = json.NewDecoder(res.Body).Decode(&answer)
		return res.StatusCode, answer
	}
	status, booted := ask("POST", "/sleep", `{"spawnInPlace":"alloplace://attic.example","onBehalfOf":{"display_name":"Ada"},"query":"a=b"}`)
	if status != 200 || booted["status"] != "ok" {
		t.Fatal(status, booted)
	}
	if _, list := ask("GET", "/", ""); !strings.Contains(fmt.Sprint(list["instances"]), fmt.Sprint("id:", booted["id"])) {
		t.Errorf("%v is not in the list: %v", booted["id"], list)
	}
	if status, _ := ask("DELETE", fmt.Sprint("/instances/", booted["id"]), ""); status != 204 {
		t.Errorf("DELETE answers %d", status)
	}
	if _, list := ask("GET", "/", ""); fmt.Sprint(list["instances"]) != "[]" {
		t.Errorf("after it: %v", list)
	}
	if got := gateway.stop(t, syscall.SIGINT); got.code != 0 {
		t.Errorf("exit code %d", got.code)
	}
}

func TestGatewayHeadersThatComeByDripsAreGivenUp(t *testing.T) {
	t.Parallel()
	gateway := start(t, nil, "gateway", "--listen", "127.0.0.1:0", "--app", "sleep=sleep 60")
	conn, err := net.Dial("tcp", strings.TrimPrefix(gateway.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = fmt.Fprint(conn, "POST /sleep HTTP/1.1\r\nHost: x\r\nX-")
	_, _ = io.Copy(io.Discard, conn) // until the gateway closes it
	gateway.stop(t, syscall.SIGTERM)
}
