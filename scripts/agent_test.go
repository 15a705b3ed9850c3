package scripts

import (
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/direct"
)

func TestScriptsSeeWhoIsVerified(t *testing.T) {
	r := opened(t, lua1(`
		place.before("announce", function(request) print("announce", request.verified, request.identity.display_name) end)
		place.on("join", function(agent) print("join", agent.verified) end)
		place.on("leave", function(agent) print("leave", agent.verified) end)
	`))
	r.join("ann").peer.Close(netcode.CodeClientLeft)
	r.Settle()
	r.want("announce\\tnil\\tann", "join\\tnil", "leave\\tnil")

	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	auth := netcode.Auth{Key: key.Public().(ed25519.PublicKey)}
	body, err := json.Marshal([]any{
		"announce", "version", 4, "identity", map[string]any{"display_name": "bob", "auth": auth.Object()}, "spawn_avatar", map[string]any{},
	})
	if err != nil {
		t.Fatal(err)
	}
	var peer *direct.Peer
	peer = r.direct.Connect(direct.Config{Received: func(channel uint8, data []byte) {
		i, err := netcode.ParseInteraction(data)
		if channel != netcode.CommandChannel || err != nil || netcode.BodyVerb(i.Body) != "challenge" {
			return
		}
		c, err := netcode.ParseChallenge(i.Body)
		if err != nil {
			t.Error(err)
		}
		proof := c.Prove(key, body)
		prove := netcode.Interaction{Type: netcode.TypeOneway, To: "place", Body: proof.Append(nil)}
		peer.Send(netcode.CommandChannel, prove.Append(nil))
	}})
	announce := netcode.Interaction{Type: netcode.TypeRequest, To: "place", RequestID: "1", Body: body}
	peer.Send(netcode.CommandChannel, announce.Append(nil))
	r.Settle()
	r.want("announce\\t"+auth.KeyText()+"\\tbob", "join\\t"+auth.KeyText())
	peer.Lose()
	r.Settle()
	r.Advance(19 * time.Second)
	r.want()
	r.Advance(2 * time.Second)
	r.want("leave\\t" + auth.KeyText())
}

func TestScriptsFindThePartsOfABody(t *testing.T) {
	r := opened(t, lua1(`
		place.on("join", function(agent)
			place.spawn{ relationships = { parent = agent.avatar.id }, intent = { actuate_pose = "head" }, whose = { name = "the place's" } }
			place.spawn{ relationships = { parent = agent.avatar.id }, intent = { actuate_pose = "hand/left" } }
			local head = agent:part("head")
			print(head and head.whose.name, agent:part("hand/left"), agent:part("tail"))
		end)
		place.on("leave", function(agent) print(agent:part("head")) end)
	`))
	ann := r.joinAs("ann", `{"children":[{"intent":{"actuate_pose":"head"},"whose":{"name":"ann's"}}]}`)
	r.want(`ann's\tnil\tnil`)
	ann.peer.Close(netcode.CodeClientLeft)
	r.Settle()
	r.want("nil")
}

func TestAgentsAreTheSameValueUntilTheyHaveLeft(t *testing.T) {
	r := opened(t, lua1(`
		local known = {}
		place.on("join", function(agent) known[agent] = agent.identity.display_name end)
		place.on("leave", function(agent) print(known[agent], "left") known[agent] = nil end)
	`))
	for range 3 {
		ann := r.join("ann")
		ann.peer.Close(netcode.CodeClientLeft)
		r.Settle()
		r.want("ann\\tleft")
	}
	if n := r.rt.gen.Agents.Len(); n != 0 {
		t.Errorf("%d agents that have left are kept", n)
	}
}
