// Package inside lets people and programs look into a running place, over HTTP:
//
//	view := inside.New(place, inside.Options{})
//	err := http.ListenAndServe("127.0.0.1:9100", view)
//
//	/         one readable page: agents, entities, scripts, rules; ?format=json for programs
//	/metrics  numbers for Prometheus
//	/healthz  200 as long as the process answers
//	/readyz   200 while the place is ready, else 503 and why
//
// It is ready while agents can join, the heartbeat is at most a second late and its
// behaviour works at all, see [Options].Broken. Scripts that were saved and do not load
// are no reason: those of before run on, and who is in the place, or comes, notices
// nothing. They are told of by loci_script_reloads_total, by the page, and in the log.
//
// It only shows. It asks nobody who they are: one who reaches it sees everybody's names
// and what the rules are, so let it listen on loopback, or behind something that asks.
//
// One goroutine at a time asks the place, however many look, and what it was told is good
// for a moment (see [Options]): so looking costs the place next to nothing, and where
// the place hangs there is an answer even so. It is an old one then, and says so.
//
// The engine knows nothing of this package, nor does this one of any scripting language:
// who has one tells by [Options].Scripts.
package inside
