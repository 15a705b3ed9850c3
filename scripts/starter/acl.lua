-- Who may do what. The first rule that matches decides; behind these stand the default
-- ones, by which agents change and remove only what is theirs, and send nobody away.
-- The language is described in acl/README.md in loci's repository.

default "allow"

-- Nobody gets in who calls himself like this. Names are what people say of themselves.
deny [=[ ["interaction", "request", _, "place", _, ["announce", "version", _, "identity", Who | _]]
         when Who["display_name"] == "harry" ]=]
