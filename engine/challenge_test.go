package engine

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/acl"
	"github.com/loci-place/loci/netcode"
)

// keyOf is a key that is the same every time.
func keyOf(name string) ed25519.PrivateKey {
	seed := bytes.Repeat([]byte{'.'}, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed)
}

func keyText(name string) string {
	return netcode.Auth{Key: keyOf(name).Public().(ed25519.PublicKey)}.KeyText()
}

// claim is the body of an announce with somebody's public key, and what it resumes.
func claim(name, resume string) string {
	return fmt.Sprintf(`["announce","version",4,"identity",{"display_name":"peer","auth":{"ed25519":%q,"resume":%q}},"spawn_avatar",{}]`,
		keyText(name), resume)
}

// challenged sends an announce and gives the challenge to it.
func (p *peer) challenged(body string) netcode.Challenge {
	p.Helper()
	p.command(asked("ann", body))
	got := p.interactions()
	if len(got) != 1 || got[0].Type != netcode.TypeOneway || got[0].From != PlaceID || got[0].To != "" {
		p.Fatalf("got %+v, want a challenge", got)
	}
	c, err := netcode.ParseChallenge(got[0].Body)
	if err != nil {
		p.Fatal(err)
	}
	return c
}

// prove answers a challenge to an announce with somebody's key.
func (p *peer) prove(c netcode.Challenge, body, name string) {
	p.Helper()
	proof := c.Prove(keyOf(name), []byte(body))
	p.command(interaction("oneway", "", PlaceID, "", string(proof.Append(nil))))
}

// joinAs joins with a key, which is proven.
func (r *rig) joinAs(name, resume string) *peer {
	r.Helper()
	p := r.dial()
	body := claim(name, resume)
	p.prove(p.challenged(body), body, name)
	answer := p.answer("ann")
	if len(answer) != 3 || answer[1] == "error" {
		r.Fatalf("announce answered %v", answer)
	}
	p.avatar = answer[1].(string)
	return p
}

// refused tells what an announce is answered that is refused.
func (p *peer) refused(code uint32, why string) {
	p.Helper()
	body := p.answer("ann")
	if len(body) != 4 || body[1] != "error" || body[2] != float64(code) || !strings.Contains(body[3].(string), why) {
		p.Errorf("answered %v, want %d about %q", body, code, why)
	}
	time.Sleep(100 * time.Millisecond)
	if got, gone := p.disconnected(); !gone || got != code {
		p.Errorf("disconnected: %v with %d", gone, got)
	}
}

func TestAProvenKeyShowsToEverybody(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		ann, bare := r.joinAs("ann", ""), r.dial()
		bare.command(asked("ann", `["announce","version",4,"identity",{"display_name":"x","public_key":"k","auth":{"certificate":"c"}},"spawn_avatar",{}]`))
		if body := bare.answer("ann"); len(body) != 3 {
			t.Fatalf("a bare key is answered %v", body)
		}
		_ = r.place.Do(func(turn *Turn) error {
			if got := turn.Agents(); got[0].Verified != keyText("ann") || got[1].Verified != "" {
				t.Errorf("agents are %+v", got)
			}
			return nil
		})
		bare.command(asked("who", `["list_agents"]`))
		list := bare.answer("who")[2].([]any)
		for i, want := range []string{keyText("ann"), ""} {
			if got := list[i].(map[string]any); got["verified"] != want {
				t.Errorf("agent %d is listed as %v", i, got)
			}
		}
		if key, err := (&placeEnv{place: r.place}).Verified(ann.avatar); key != keyText("ann") || err != nil {
			t.Errorf("guards are told %q, %v", key, err)
		}
	})
}

func TestRulesSeeTheKeyOfWhoAnnouncesItself(t *testing.T) {
	p, err := acl.Compile(fmt.Sprintf(`["interaction", _, From, _, _, ["announce" | _]] when verified(From) != %q`, keyText("ann")))
	if err != nil {
		t.Fatal(err)
	}
	rules := &Rules{Own: []*acl.Rule{{ID: "1", Verdict: acl.Deny, Pattern: p}}}
	rules.Verdict = acl.Allow
	inPlace(t, Config{Rules: rules}, func(r *rig) {
		r.joinAs("ann", "")
		eve := r.dial()
		body := claim("eve", "")
		eve.prove(eve.challenged(body), body, "eve")
		eve.refused(netcode.CodeDenied, "denied")
		bare := r.dial()
		bare.command(asked("ann", announce(4, `{}`)))
		bare.refused(netcode.CodeDenied, "denied")
	})
}

func TestAThiefOfAPublicKeyIsRefusedAndToldWhy(t *testing.T) {
	inPlace(t, Config{Name: "Lobby"}, func(r *rig) {
		victim := r.joinAs("ann", "")
		body := claim("ann", victim.avatar)

		thief := r.dial()
		thief.prove(thief.challenged(body), body, "eve")
		thief.refused(netcode.CodeUnproven, "signature")

		replays := r.dial()
		seen := replays.challenged(body)
		replays.close()
		again := r.dial()
		again.challenged(body)
		again.prove(seen, body, "ann") // what ann signed for another connection
		again.refused(netcode.CodeUnproven, "signature")

		babbles := r.dial()
		babbles.challenged(body)
		babbles.command(interaction("oneway", "", PlaceID, "", `["prove","me"]`))
		babbles.refused(netcode.CodeUnproven, "signature of 64 bytes")

		silent := r.dial()
		silent.challenged(body)
		time.Sleep(10 * time.Second)
		silent.refused(netcode.CodeUnproven, "in time")

		another := r.dial() // with a key of its own
		body = claim("eve", victim.avatar)
		another.prove(another.challenged(body), body, "eve")
		another.refused(netcode.CodeUnproven, "not the avatar of an agent with the key")

		unverified := r.join(4, `{}`)
		body = claim("eve", unverified.avatar)
		another = r.dial()
		another.prove(another.challenged(body), body, "eve")
		another.refused(netcode.CodeUnproven, "not the avatar of an agent with the key")
		for _, p := range []*peer{victim, unverified} {
			if _, gone := p.disconnected(); gone {
				t.Error("the victim was disconnected")
			}
		}
	})
}

// TestHeldCommandThatFailsHoldsUpNothing has a host's verb panic on what waited for a proof.
func TestHeldCommandThatFailsHoldsUpNothing(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		_ = r.place.Handle("fail", func(*Request) { panic("a mistake of the host") })
		p := r.dial()
		body := claim("ann", "")
		c := p.challenged(body)
		p.command(asked("bad", `["fail"]`))
		p.command(asked("held", `["poke"]`))
		p.prove(c, body, "ann")
		p.command(asked("later", `["poke"]`))
		p.wait()
		var ids []string
		for _, i := range p.interactions() {
			ids = append(ids, i.RequestID)
		}
		if got := fmt.Sprint(ids); got != "[ann bad held later]" || r.place.intake.unread.Load() != 0 {
			t.Errorf("answers are %s, %d not read", got, r.place.intake.unread.Load())
		}
		if r.logs.take("bug in the place") == "" {
			t.Error("the log does not say that it failed")
		}
	})
}

// A large announce that is proven is decoded without the turn: here there is no room for that at
// first, and the place goes on.
func TestAProvenAnnounceIsDecodedAside(t *testing.T) {
	inPlace(t, Config{Limits: Limits{EntityBytes: 128 << 10}}, func(r *rig) {
		other, p := r.join(4, `{}`), r.dial()
		body := strings.Replace(claim("ann", ""), `"spawn_avatar",{`, `"spawn_avatar",{"large":{"x":`+pad(100_000)+`}`, 1)
		c := p.challenged(body)
		room := r.place.holdings.decoding.room
		if !room.TryAcquire(r.place.holdings.decoding.all) {
			t.Fatal("something is decoded")
		}
		p.prove(c, body, "ann")
		p.command(asked("box", `["spawn_entity",{"geometry":{}}]`))
		other.compare(`["poke",true]`, `["poke","ok"]`)
		if got := p.interactions(); len(got) != 0 {
			t.Fatalf("answered %v before there is room", got)
		}
		room.Release(r.place.holdings.decoding.all)
		p.wait()
		var ids []string
		for _, i := range p.interactions() {
			ids = append(ids, i.RequestID)
		}
		if got := fmt.Sprint(ids); got != "[ann box]" || r.place.intake.unread.Load() != 0 {
			t.Errorf("answers are %s, %d not read", got, r.place.intake.unread.Load())
		}
	})
}

func TestAuthThatMakesNoSenseIsRefused(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.dial()
		p.command(asked("ann", `["announce","version",4,"identity",{"auth":{"ed25519":"short"}},"spawn_avatar",{}]`))
		p.refused(netcode.CodeBadAnnounce, "auth.ed25519")
	})
}

func TestWhatIsSentBehindAnAnnounceWaitsForTheProof(t *testing.T) {
	inPlace(t, Config{}, func(r *rig) {
		p := r.dial()
		body := claim("ann", "")
		c := p.challenged(body)
		p.command(asked("box", `["spawn_entity",{"geometry":{}}]`))
		p.command(asked("who", `["list_agents"]`))
		if got := p.interactions(); len(got) != 0 || len(r.entities()) != 1 {
			t.Fatalf("before the proof: %+v, %v", got, r.entities())
		}
		p.prove(c, body, "ann")
		var ids []string
		for _, i := range p.interactions() {
			ids = append(ids, i.RequestID+" "+netcode.BodyVerb(i.Body))
		}
		if got := fmt.Sprint(ids); got != "[ann announce box spawn_entity who list_agents]" || len(r.entities()) != 3 {
			t.Errorf("answers are %s, entities %v", got, r.entities())
		}
		p.prove(c, body, "ann") // once more: nothing
		if got := p.interactions(); len(got) != 0 {
			t.Errorf("a late proof is answered %+v", got)
		}
	})
}

func TestNoMoreWaitsForAProofThanMayWaitAtAll(t *testing.T) {
	for name, c := range map[string]struct{ bytes, fit int }{"many": {0, 11}, "large": {200, 5}} {
		inPlace(t, Config{Limits: Limits{CommandQueueBytes: 2000}}, func(r *rig) {
			p := r.dial()
			p.challenged(claim("ann", ""))
			spawn := `["spawn_entity",{"x":{"y":"` + strings.Repeat("z", c.bytes) + `"}}]`
			for i := range c.fit {
				p.command(asked(fmt.Sprint(i), spawn))
			}
			if _, gone := p.disconnected(); gone {
				t.Fatalf("%s: too early", name)
			}
			p.command(asked("more", spawn))
			time.Sleep(100 * time.Millisecond)
			if code, gone := p.disconnected(); !gone || code != netcode.CodeOverload {
				t.Errorf("%s: disconnected: %v with %d", name, gone, code)
			}
		})
	}
}
