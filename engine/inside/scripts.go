package inside

import "time"

// Scripts is how a place's behaviour is doing. The zero value says that there is none.
// What counts never becomes less.
type Scripts struct {
	Generation int       `json:"generation"` // of the scripts in force, from 1; 0 = there are none
	Files      int       `json:"files"`
	Components int       `json:"components"` // that they define
	Reloads    uint64    `json:"reloads"`    // that worked
	Failed     uint64    `json:"failed"`     // reloads that did not, after which the old scripts run on
	Failure    *Failure  `json:"failure"`    // of the newest reload; nil = it worked
	Handlers   []Handler `json:"handlers"`   // by kind
	Errors     []Error   `json:"errors"`     // in this generation, the newest first
}

// Failure is why a reload failed.
type Failure struct {
	Error string    `json:"error"`
	File  string    `json:"file"` // "" = none
	Line  int       `json:"line"`
	At    time.Time `json:"at"`
}

// Handler is what handlers of one kind have cost.
type Handler struct {
	Kind    string  `json:"kind"`
	Calls   uint64  `json:"calls"`
	Errors  uint64  `json:"errors"`
	Seconds float64 `json:"seconds"`
}

// Error is what went wrong at one spot.
type Error struct {
	File    string  `json:"file"` // "" = unknown
	Line    int     `json:"line"`
	Handler string  `json:"handler"`
	Message string  `json:"message"` // of the newest
	Count   int     `json:"count"`
	Ago     float64 `json:"ago"` // seconds since the newest
}
