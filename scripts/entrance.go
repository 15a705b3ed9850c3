package scripts

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/loci-place/loci/scripts/internal/sched"
)

// entrance notes whether the scripts let anybody in, for who looks whether the place is
// ready. That a newcomer makes a guard take too long shuts nobody else out; but where
// not one announce has passed and several were cut off, it is the guard itself.
type entrance struct {
	passed bool // an announce, in this generation
	cut    int  // announces that were cut off since
	why    atomic.Pointer[closedDoor]
}

type closedDoor struct {
	why   error
	until float64 // on the place's clock; 0 = until an announce passes
}

// shutAfter is how many announces in a row are cut off before the door counts as shut.
const shutAfter = 3

// reset is for a new generation.
func (d *entrance) reset() {
	d.passed, d.cut = false, 0
	d.why.Store(nil)
}

func (d *entrance) pass() {
	d.passed, d.cut = true, 0
	d.why.Store(nil)
}

// cutOff notes that a handler was cut off that was asked about an announce.
func (d *entrance) cutOff(h *sched.Handler) {
	if d.cut++; d.cut >= shutAfter && !d.passed {
		d.shut(fmt.Sprintf("nobody gets in: %s at %s was cut off for each of %d announces, and none has passed",
			h.What, h.Spot(), d.cut), 0)
	}
}

func (d *entrance) shut(why string, until float64) { d.why.Store(&closedDoor{errors.New(why), until}) }

// closed is why nobody gets in, nil if somebody may. It may be called from any goroutine.
func (d *entrance) closed(now float64) error {
	if c := d.why.Load(); c != nil && (c.until == 0 || now < c.until) {
		return c.why
	}
	return nil
}
