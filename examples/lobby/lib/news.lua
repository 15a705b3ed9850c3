-- News are publications, ["news", text]: who has subscribed hears of them. Agents do so by
-- ["subscribe", "[\"news\", Text]"] to the place. The ticker on the wall shows the last.

local news = {}

function news.tell(text)
  place.publish{ "news", text }
end

place.on("join", function(agent)
  news.tell(agent.identity.display_name .. " has come in")
end)

place.on("leave", function(agent)
  news.tell(agent.identity.display_name .. " has left")
end)

-- Agents publish too; acl.lua says who may publish news. What they publish is theirs to
-- choose, so the pattern lets through only what fits on the wall.
place.subscribe([[ ["news", Text] when is_binary(Text) and byte_size(Text) <= 80 ]], function(body)
  place.entity("ticker").text.string = body[2]
end)

return news
