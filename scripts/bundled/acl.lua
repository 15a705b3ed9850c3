-- Who may do what, where the default rules say nothing: anything. They are these: agents
-- change and remove only what is theirs, and nobody changes the rules or sends others
-- away. Rules of your own stand here, and come before them.

default "allow"
