package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/loci-place/loci/netcode"
)

// hostile is what agents must be able to send without disturbing anybody: on
// each channel, of each version.
func hostile(rng *rand.Rand, victim string) []string {
	random := make([]byte, rng.IntN(2000))
	for i := range random {
		random[i] = byte(rng.Uint32())
	}
	matrix := func(n int, v string) string {
		return "[" + strings.TrimSuffix(strings.Repeat(v+",", n), ",") + "]"
	}
	intent := func(fields string) string { return `{"cmd":"intent","intent":{` + fields + `}}` }
	good := interaction("request", "", "place", "x", announce(4, `{"children":[{}]}`))
	return []string{
		"", "\x00", "\n", "null", "{}", "[]", `"`, string(random),
		good[:rng.IntN(len(good))],
		strings.Repeat("[", 1<<19), strings.Repeat(`{"a":`, 1<<17),
		intent(`"poses":{"head":{"matrix":` + matrix(16, "NaN") + `}}`),
		intent(`"poses":{"head":{"matrix":` + matrix(17, "1") + `}}`),
		intent(`"poses":{"head":{"matrix":` + matrix(16, "1e999") + `}}`),
		intent(`"poses":{"head":{"matrix":` + matrix(16, "0") + `}},"zmovement":1`),
		intent(`"poses":{"head":{"matrix":` + matrix(16, "1e300") + `}},"zmovement":1e308,"yaw":1e308`),
		intent(`"poses":7,"zmovement":"fast"`),
		intent(`"ack_state_rev":9007199254740992`), intent(`"ack_state_rev":-1`), intent(`"ack_state_rev":"all"`),
		intent(fmt.Sprintf(`"entity_id":%q,"zmovement":1`, victim)),
		fmt.Sprintf(`{"intents":{%q:{"zmovement":1},"place":{"xmovement":1}},"ack-state-rev":4294967296}`, victim),
		interaction("request", victim, "place", "f", `["remove_entity","place"]`),
		interaction("request", "place", victim, "f", `["poke"]`),
		interaction("response", "", victim, "f", `["poke","ok"]`),
		interaction("request", "", victim, "f", `[[]]`), interaction("oneway", "", victim, "", `{}`),
		interaction("oneway", "", victim, "", `["announce","forged"]`),
		`["interaction","request","","place"]`, `["interaction",1,2,3,4,5]`,
		`{"cmd":"interact","interact":{"from_entity":7}}`, `{"cmd":"interact","interact":{"cmd":"[[["}}`,
		`{"client_time":"noon"}`, `{"client_time":1e999}`,
		"\x00\x01\x00", "\x00\x00\x00\x01x\n", "\x00\x01\xff\xff{}",
	}
}

func TestNothingAnAgentSendsDisturbsTheOneBesideIt(t *testing.T) {
	for version := netcode.MinVersion; version <= netcode.MaxVersion; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			inPlace(t, Config{}, func(r *rig) {
				victim := r.join(4, `{}`)
				victim.follow(4, 500*time.Millisecond)
				rng := rand.New(rand.NewPCG(uint64(version), 1))
				started := time.Now()
				var states []string
				for range 20 {
					bad := r.join(version, `{"children":[{"intent":{"actuate_pose":"head"}}]}`)
					for _, data := range hostile(rng, victim.avatar) {
						for channel := range uint8(6) {
							bad.send(channel, rng.IntN(2) == 0, data)
						}
					}
					states = append(states, victim.states(100*time.Millisecond)...)
					bad.close()
				}
				elapsed := time.Since(started)
				if want := int(elapsed.Seconds()*20) - 1; len(states) < want {
					t.Errorf("%d states in %v, want %d", len(states), elapsed, want)
				}
				for _, s := range states {
					if bytes.Contains([]byte(s), []byte("NaN")) || strings.Contains(s, "Inf") {
						t.Fatalf("state is %.300s", s)
					}
				}
				if got := victim.interactions(); len(got) != 0 {
					t.Errorf("it was sent %+v", got)
				}
				if n := len(r.entities()); n != 2 {
					t.Errorf("%d entities left, want 2", n)
				}
				if doc := victim.follow(4, time.Second); len(doc.Entities) != 2 {
					t.Errorf("its document is %v", doc.Entities)
				}
			})
		})
	}
}

// FuzzPlace lets an agent send two messages of any kind on any channels.
func FuzzPlace(f *testing.F) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, data := range hostile(rng, "victim") {
		if len(data) < 4096 {
			f.Add(uint8(4), uint8(1), []byte(data), uint8(2), []byte(`{"client_time":1}`))
		}
	}
	f.Fuzz(func(t *testing.T, version, channel1 uint8, data1 []byte, channel2 uint8, data2 []byte) {
		inPlace(t, Config{}, func(r *rig) {
			bad := r.join(1+int(version%4), `{"children":[{"intent":{"actuate_pose":"head"}}]}`)
			bad.send(channel1%6, true, string(data1))
			bad.send(channel2%6, true, string(data2))
			time.Sleep(200 * time.Millisecond)
			good := r.join(4, `{}`)
			if doc := good.follow(4, 300*time.Millisecond); doc.Revision == 0 {
				t.Error("no state for the next agent")
			}
		})
	})
}
