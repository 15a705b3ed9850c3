package luatest_test

import (
	"fmt"
	"io"

	"github.com/loci-place/loci/scripts"
	"github.com/loci-place/loci/scripts/luatest"
)

// A program that gives scripts functions of its own gives them to their tests too.
func ExampleRun() {
	result, err := luatest.Run(luatest.Config{
		Dir: "../starter",
		Out: io.Discard,
		LuaTest: scripts.LuaTestConfig{
			Modules: map[string]scripts.Module{"shop": {}},
		},
	})
	fmt.Println(result.OK(), result.Tests, err)
	// Output: true 6 <nil>
}
