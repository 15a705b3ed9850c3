package scripts

import "testing"

func TestSendTellsWhetherTheOtherIsThere(t *testing.T) {
	r := opened(t, lua1(`
		place.scene{ lamp = {} }
		local function try(...) local ok, sent = pcall(...) return tostring(ok), sent end
		place.handle("tell", function(request)
			local lamp = place.entity("lamp")
			return try(lamp.send, lamp, request.args[1], { "glow" })
		end)
		place.handle("as", function(request)
			local ann = request.from
			return try(ann.send, ann, request.args[1], { "glow" })
		end)
	`))
	ann, bob := r.join("ann"), r.join("bob")
	r.equal(ann.request("place", `["tell","`+bob.avatar+`"]`), `["tell","true",true]`)
	r.equal(bob.take(), `oneway ["glow"]`)
	bob.peer.Close(0)
	r.Settle()
	r.equal(ann.request("place", `["tell","`+bob.avatar+`"]`), `["tell","true",false]`)
	r.equal(ann.request("place", `["tell","lamp"]`), `["tell","false","place.lua:3: there is no entity of an agent's: \"lamp\""]`)
	r.equal(ann.request("place", `["as","`+bob.avatar+`"]`), `["as","false","place.lua:3: there is no entity of the place's: \"`+ann.avatar+`\""]`)
}

func TestScriptLearnsThatAgentTakesNothing(t *testing.T) {
	r := opened(t, lua1(`
		place.scene{ lamp = {} }
		local pad = ("x"):rep(900000)
		place.handle("fill", function(request)
			local sent = 0
			while place.entity("lamp"):send(request.args[1], { "news", pad }) do sent = sent + 1 end
			return sent > 0, place.publish{ "news", pad }
		end)
		place.handle("ask", function(request)
			local to = request.args[1]
			place.task(function()
				local answer, why = place.entity("lamp"):request(to, { "question", pad })
				print(answer, (why:gsub('".*"', "bob")))
			end)
		end)
	`))
	ann, bob := r.join("ann"), r.join("bob")
	bob.send("request", "place", "s", `["subscribe","[\"news\" | _]"]`)
	r.Settle()
	r.deaf.Store(true)
	r.equal(ann.request("place", `["fill","`+bob.avatar+`"]`), `["fill",true,false]`)
	r.equal(ann.request("place", `["ask","`+bob.avatar+`"]`), `["ask","ok"]`)
	r.Settle()
	r.want(`nil\tengine: too much waits to be sent to the agent bob`)
}
