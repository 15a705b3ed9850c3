package netcode

import (
	"math"
	"strings"
	"testing"
)

func TestBodiesAreWrittenAsJSONWritesThem(t *testing.T) {
	type point struct {
		X float32 `json:"x"`
		Y int8    `json:"y"`
	}
	for name, c := range map[string]struct {
		item any
		want string
	}{
		"uint32":     {uint32(7), `["v",7]`},
		"int32":      {int32(-7), `["v",-7]`},
		"float32":    {float32(1.5), `["v",1.5]`},
		"ints":       {[]int{1, 2}, `["v",[1,2]]`},
		"struct":     {point{1.5, 2}, `["v",{"x":1.5,"y":2}]`},
		"pointer":    {&point{1.5, 2}, `["v",{"x":1.5,"y":2}]`},
		"map":        {map[string]int{"a": 1}, `["v",{"a":1}]`},
		"within":     {map[string]any{"a": []any{uint8(3)}}, `["v",{"a":[3]}]`},
		"matrix":     {[]float64{1, 2}, `["v",[1,2]]`},
		"nothing":    {nil, `["v",null]`},
		"plain data": {map[string]any{"a": []any{1.0, "x", true}}, `["v",{"a":[1,"x",true]}]`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := EncodeBody([]any{"v", c.item})
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestBodyThatCannotBeWrittenIsAnError(t *testing.T) {
	deep := any(1.0)
	for range 2 * MaxDepth {
		deep = []any{deep}
	}
	for name, item := range map[string]any{
		"function": func() {}, "channel": make(chan int), "NaN": math.NaN(), "infinity": []any{math.Inf(1)}, "deep": deep,
		"infinite float32": float32(math.Inf(-1)),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := EncodeBody([]any{"v", item}); err == nil || !strings.Contains(err.Error(), "body") {
				t.Errorf("%.100s, %v", got, err)
			}
		})
	}
}
