package main

import "time"

// attack is something that an agent does to a place and to who is in it.
type attack struct {
	name  string
	does  string
	files map[string]string // of the place, by name; none are a plain one
	flags []string          // for loci serve
	takes time.Duration     // at most, if it ends by itself; else it goes on for as long as it may
	plain bool              // does at a high rate what all agents do: only chosen by name or with --all
	run   func(a *attacker) // in the attacker's process
}

// attacks are all there are, by what they are about: attack_*.go.
var attacks = []attack{
	// moving what is not the attacker's
	{name: "puppet", does: "moves another's avatar and the place's lamp by handles hung on them", files: lampPlace, takes: 6 * time.Second, run: puppet},
	{name: "immobile", does: "hangs a head on another's avatar, which then decides how it walks", takes: 8 * time.Second, run: immobile},
	// what takes the place long
	{name: "keys", does: "replaces a component of 50,000 keys by as many others", run: replaceKeys},
	{name: "freeze", does: "does so over twelve connections at once", run: freeze},
	{name: "reread", does: "animates 64 numbers of each of 32 components of 60 kB", run: reread},
	{name: "persist", does: "leaves such a component behind as one whose connection is lost", run: persist},
	{name: "edit", does: "changes one number of a component of 60 kB, again and again, over four connections", run: edit},
	{name: "component", does: "subscribes to what makes the place read large components", run: subscribeComponent},
	{name: "in", does: "subscribes 250 times to what is in a list of 98,000", run: subscribeIn},
	// coming and going
	{name: "storm", does: "joins with 1,024 entities and leaves, over four connections", run: storm},
	{name: "debt", does: "uses the place up and leaves, so that the next from there has to pay", takes: 12 * time.Second, run: debt},
	{name: "linger", does: "fills the places of agents whose connection is lost", run: linger},
	// memory and bandwidth
	{name: "hoard", does: "fills the place with entities of 60 kB over many connections", run: hoard},
	{name: "flood", does: "sends one on a thin link 3 MB a second", run: flood},
	// scripts and rules
	{name: "buy", does: "has a script fail with words of the interpreter", files: scriptPlace, takes: 6 * time.Second, run: buy},
	{name: "work", does: "has scripts work as much as they may, over four connections", files: greeterPlace, run: work},
	{name: "name", does: "announces names that take a script's pattern long", files: patternPlace, run: longNames},
	{name: "dup", does: "sells at a price that the rule does not see", files: shopPlace, takes: 6 * time.Second, run: repeatedKeys},
	// what the place does on an agent's behalf
	{name: "launch", does: "launches apps from a gateway that never answers", flags: []string{"--apps", "127.0.0.1"}, run: launch},
	{name: "sybil", does: "says it has every asset, gives a byte and falls silent", takes: 25 * time.Second, run: sybil},
	// as often as can be
	{name: "wave", does: "sends itself something one-way", plain: true, run: plainly(wave)},
	{name: "list", does: "asks who is there", plain: true, run: plainly(list)},
	{name: "litter", does: "spawns entities", plain: true, run: plainly(litter)},
	{name: "news", does: "publishes", plain: true, run: plainly(news)},
	{name: "subscribe", does: "subscribes", plain: true, run: plainly(subscribe)},
	{name: "rules", does: "adds access rules", plain: true, run: plainly(addRule)},
	{name: "chatter", does: "sends media", plain: true, run: plainly(chatter)},
	{name: "fetch", does: "asks for pieces of an asset of 8 MiB", files: map[string]string{"place.lua": "", "assets/picture": picture()}, plain: true, run: plainly(fetch)},
	{name: "search", does: "asks for assets that nobody has", plain: true, run: plainly(search)},
	{name: "knock", does: "connects and does not wait for the answer", plain: true, run: plainly(knock)},
	// the network
	{name: "mitm", does: "passes a moderator's proof on to a place of the same name", files: lobbyPlace, takes: 10 * time.Second, run: passOn},
	{name: "reflect", does: "asks for a connection in another's name", takes: 7 * time.Second, run: reflect},
	{name: "goodbye", does: "says goodbye in another's name, for which it needs root", takes: 5 * time.Second, run: goodbye},
}
