package lib

import (
	"log/slog"

	"github.com/loci-place/loci/scripts/internal/bind"
	"github.com/loci-place/loci/scripts/internal/sched"
)

// Env is what every namespace works with: the Lua state, what scripts may do at the moment,
// the log and the limits.
type Env struct {
	*bind.State
	*sched.Scope
	Log    *slog.Logger
	Limits *sched.Limits
}
