// Package status shows how a running place is doing, over HTTP and to Prometheus:
//
//	s := status.New(place, status.Options{})
//	err := http.ListenAndServe("127.0.0.1:9100", s)
//
//	/         one readable page: agents, entities, scripts, rules; ?format=json for programs
//	/metrics  metrics of the place and the process for Prometheus
//	/healthz  200 as long as the process answers
//	/readyz   200 while the place is ready, else 503 and why
//
// A program that has metrics of its own, or several places, registers [Status], which is a
// [prometheus.Collector], with its own registry, each with a label of its own:
//
//	labels := prometheus.Labels{"place": "attic"}
//	prometheus.WrapRegistererWith(labels, registry).MustRegister(s)
//
// A place is ready while agents can join, the heartbeat is at most a second late and its
// behaviour works at all, see [Options].Broken. Scripts that were saved and do not load
// are no reason: those of before run on, and agents notice nothing. loci_script_reloads_total, the
// page and the log tell of them.
//
// It only shows. It asks nobody who they are: anybody who reaches it sees everybody's names
// and the rules, so let it listen on loopback, or behind something that asks.
//
// One goroutine at a time asks the place, however many look. Where the place hangs, the
// answer is what it told last, and how old that is. A scrape costs the place about a microsecond of its
// turn for each agent; the page costs more, and so is at most a second old instead of new.
//
// The engine knows nothing of this package, nor does this one of any scripting language:
// programs that have one fill in [Options].Scripts.
package status
