package status

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
	Resting    []Resting `json:"resting"`    // handlers that rest because of what they cost, the longest first
	Refused    uint64    `json:"refused"`    // requests of agents that had scripts do too much
	Waiting    int       `json:"waiting"`    // what waits for a heartbeat that it fits into
}

// Resting is a handler that was cut off, or took ever more memory.
type Resting struct {
	Handler string  `json:"handler"`
	At      string  `json:"at"`    // its function
	For     string  `json:"for"`   // the agent that it rests for; "" = what the place does itself
	Since   float64 `json:"since"` // seconds since it first was cut off
	Left    float64 `json:"left"`  // seconds until it is tried again
	Times   int     `json:"times"` // it was cut off in a row
	Why     string  `json:"why"`
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
	Kind         string  `json:"kind"`
	Calls        uint64  `json:"calls"`
	Errors       uint64  `json:"errors"`
	CutOffs      uint64  `json:"cut_offs"` // of these, for what they cost
	Seconds      float64 `json:"seconds"`
	Instructions uint64  `json:"instructions"`
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
