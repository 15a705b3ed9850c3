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
