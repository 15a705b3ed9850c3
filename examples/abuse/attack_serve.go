package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

// launch has the place launch apps from a gateway that never answers, again and again over new
// connections, while a victim launches one that is refused by its gateway.
func launch(a *attacker) {
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer hole.Close()
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	go func() {
		for h := a.newHost(0); a.sleep(50 * time.Millisecond); {
			x, err := a.dial(h, deaf("attacker"))
			if err != nil {
				a.say("did not get in: %v", err)
				continue
			}
			for i := range 4 {
				x.write(fmt.Sprintf(`["interaction","request","","place","l%d",["launch_app","alloapp:http://%s/x"]]`, i, hole.Addr()))
			}
			a.sleep(50 * time.Millisecond)
			_ = x.Close()
		}
	}()
	victim := a.join(deaf("victim"))
	for a.sleep(2 * time.Second) {
		_, err := victim.Request(a.ctx, "place", "launch_app", "alloapp:"+refusing.URL+"/x")
		if a.goOn() && (err == nil || !strings.Contains(err.Error(), "404")) {
			a.harm("another's launch does not reach its gateway: %v", err)
		}
	}
}

// sybil has agents that say they have every asset, give a byte, and fall silent.
func sybil(a *attacker) {
	h := a.newHost(0)
	for range 5 {
		cfg := deaf("attacker")
		cfg.OnAsset = func(c *client.Client, f netcode.AssetFrame) {
			if f.MID == netcode.AssetRequest && f.Header.Offset == 0 {
				_ = c.SendAsset(netcode.AssetFrame{
					MID: netcode.AssetData, Header: netcode.AssetHeader{ID: f.Header.ID, Length: 1, TotalLength: 1000}, Data: []byte{1},
				})
			}
		}
		if _, err := a.dial(h, cfg); err != nil {
			a.say("did not get in: %v", err)
		}
	}
	owner, victim := a.join(deaf("owner")), a.join(deaf("victim"))
	content := bytes.Repeat([]byte("word "), 200)
	id := owner.PublishAsset(content)
	at := time.Now()
	got, err := victim.FetchAsset(a.ctx, id, "")
	if took := time.Since(at); err != nil || took > 12*time.Second || !bytes.Equal(got, content) {
		a.harm("an asset takes %v to come: %v", took.Round(time.Millisecond), err)
	}
}
