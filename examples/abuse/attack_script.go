package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/client"
)

var (
	scriptPlace = map[string]string{"place.lua": `
place.name = "Shop"
place.handle("ping", function(r) return "ok" end)
place.handle("buy", function(r) assert(type(r.args[1]) == "number", r.args[2]) return "ok" end)
`}
	greeterPlace = map[string]string{"place.lua": `
place.name = "Greeter"
place.handle("work", function(r) local n = 0 for i = 1, 9000 do n = n + i % 7 end return "ok" end)
place.handle("ping", function(r) return "ok" end)
place.before("announce", function(r)
  if (r.identity.display_name or "") == "" then return false, "please pick a name" end
end)
`}
	patternPlace = map[string]string{"place.lua": `
place.name = "Patterns"
place.handle("ping", function(r) return "ok" end)
place.before("announce", function(r)
  if r.identity.display_name:find("%a+@%a+") then return false, "no addresses, please" end
end)
`}
	shopPlace = map[string]string{"place.lua": `place.name = "Market"`, "acl.lua": `
allow [=[ ["interaction", _, _, _, _, ["sell", %{"price" => Price}]] when Price <= 100 ]=]
deny [=[ ["interaction", _, _, _, _, ["sell" | _]] ]=]
`}
)

// ping is a victim that asks a script ten times a second.
func ping(a *attacker) {
	victim := a.join(deaf("victim"))
	for a.sleep(100 * time.Millisecond) {
		if _, err := victim.Request(a.ctx, "place", "ping"); err != nil && a.goOn() {
			a.harm("who asks a script is refused: %.150v", err)
		}
	}
}

// buy has a handler fail with what the interpreter says when it is broken.
func buy(a *attacker) {
	go ping(a)
	x := a.join(deaf("attacker"))
	for a.goOn() && x.Err() == nil {
		x.ask("buy", "x", "runtime error: index out of range")
		x.ask("buy", "x", "runtime error: ha")
		a.sleep(time.Second)
	}
}

// work has scripts work as much as they may.
func work(a *attacker) {
	go ping(a)
	a.crowd(4, func(_ int, x *agent) {
		waiting := make(chan struct{}, 200)
		for a.sleep(6*time.Millisecond) && x.Err() == nil {
			waiting <- struct{}{}
			go func() {
				x.ask("work")
				<-waiting
			}()
		}
	})
}

// longNames announces itself under names that take the script's pattern long.
func longNames(a *attacker) {
	go ping(a)
	for h := a.newHost(0); a.sleep(100 * time.Millisecond); {
		x, err := a.dial(h, deaf(strings.Repeat("a", 15_000)))
		if err != nil {
			a.say("did not get in: %v", err)
			continue
		}
		_ = x.Close()
	}
}

// repeatedKeys sends prices that a rule and the recipient may read differently.
func repeatedKeys(a *attacker) {
	cfg := deaf("victim")
	cfg.Handle = func(_ *client.Client, i netcode.Interaction) {
		if strings.Contains(string(i.Body), "1000") {
			a.harm("was sold %s, where a price may be 100", i.Body)
		}
	}
	victim := a.join(cfg)
	x := a.join(deaf("attacker"))
	for n, item := range []string{
		`{"price":1000}`, `{"price":1000,"price":50}`, `{"price":50,"price":1000}`, `{"Price":1000,"price":50}`,
		`{"price":50,"Price":1000}`, `{"PRICE":1000,"price":50}`, `{"pric\u0065":1000,"price":50}`, `{"price":{"price":1000},"price":50}`,
	} {
		for _, kind := range []string{"request", "oneway"} {
			x.write(fmt.Sprintf(`["interaction",%q,"",%q,"%s%d",["sell",%s]]`, kind, victim.Avatar(), kind, n, item))
		}
	}
	<-a.ctx.Done()
}
