-- Who may send others away, change the rules and publish news, by display name.
--
-- NAMES CAN BE FORGED. An agent calls itself what it likes, and nobody checks: this list
-- keeps honest people to their roles and stops nobody else. Put your own names in, and see
-- README.md for what to do where it matters.
return { "ada", "grace" }
