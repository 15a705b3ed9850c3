package trial_test

import (
	"fmt"
	"io"

	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/trial"
)

// A program that gives scripts functions of its own gives them to their tests too.
func ExampleRun() {
	result, err := trial.Run(trial.Config{
		Dir: "../starter",
		Out: io.Discard,
		Trial: scripts.TrialConfig{
			Modules: map[string]scripts.Module{"shop": {}},
		},
	})
	fmt.Println(result.OK(), result.Tests, err)
	// Output: true 6 <nil>
}
