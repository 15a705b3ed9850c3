package watch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/loci-place/loci/internal/await"
)

// However directories are made, moved, linked and removed, what is told in the end
// is what is there, and every directory of sources is watched.
func TestChurnLeavesNothingUnwatched(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	r := watched(t, place(t, filepath.Join(t.TempDir(), "lobby")), Config{})
	for round := range 12 {
		for range random.IntN(40) {
			churn(r, random)
		}
		r.write("place.lua", fmt.Sprint("round ", round))
		r.catchesUp("the churn")
		survey, root, err := walk(r.dir, mustParse(t), func(string) {})
		ok(t, err)
		ok(t, root.Close())
		for folder := range survey.folders {
			name, _ := within(survey.root, folder)
			r.write(name+"/place.lua", fmt.Sprint(name, " in round ", round))
			r.catchesUp("a write in " + name)
		}
	}
}

// churn does something, which may fail, with directories of a few names.
func churn(r *rig, random *rand.Rand) {
	folder := func() string {
		names := []string{"lib", "lib/a", "lib/b", "lib/a/c", "lib/b/c", "components", "aside"}
		return r.path(names[random.IntN(len(names))])
	}
	file := filepath.Join(folder(), "x.lua")
	switch random.IntN(7) {
	case 0, 1:
		_ = os.MkdirAll(folder(), 0o777)
	case 2, 3:
		_ = os.Rename(folder(), folder())
	case 4:
		_ = os.WriteFile(file, fmt.Append(nil, random.Uint64()), 0o666)
	case 5:
		_ = os.RemoveAll(folder())
	case 6:
		_ = os.Symlink(folder(), folder())
	}
	time.Sleep(time.Duration(random.IntN(3)) * time.Millisecond)
}

// catchesUp takes callbacks until one shows what is there now.
func (r *rig) catchesUp(after string) {
	r.Helper()
	now, err := Read(r.dir)
	ok(r, err)
	for {
		c := await.Next(r.TB, r.calls, "a callback that shows what is there after "+after)
		if len(now.Changes(c.snapshot)) == 0 {
			return
		}
	}
}
