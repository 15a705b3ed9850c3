place.scene{ a = {}, b = {} }
place.on("tick", function()
  place.entity("a").relationships = { parent = "b" }
  place.entity("b").relationships = { parent = "a" }
end)
