package watch

import "time"

// A debounce puts off the answer to a burst of events: until quiet after the last,
// but no longer than atMost after the first.
type debounce struct {
	quiet, atMost time.Duration
	first, last   time.Time // of the burst; zero: there is none
}

// hit notes an event, and gives how long to wait from now.
func (d *debounce) hit(now time.Time) time.Duration {
	if d.first.IsZero() {
		d.first = now
	}
	d.last = now
	due := d.last.Add(d.quiet)
	if latest := d.first.Add(d.atMost); latest.Before(due) {
		due = latest
	}
	return due.Sub(now)
}

// pending says whether there is a burst still to be answered.
func (d *debounce) pending() bool { return !d.first.IsZero() }

// done ends the burst.
func (d *debounce) done() { d.first, d.last = time.Time{}, time.Time{} }
