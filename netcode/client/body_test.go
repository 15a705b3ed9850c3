package client

import (
	"math"
	"strings"
	"testing"

	"github.com/loci-place/loci/netcode"
	"github.com/loci-place/loci/netcode/pipe"
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
			got, err := netcode.EncodeBody([]any{"v", c.item})
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v; want %s", got, err, c.want)
			}
		})
	}
}

func TestBodyThatCannotBeWrittenIsAnError(t *testing.T) {
	deep := any(1.0)
	for range 2 * netcode.MaxDepth {
		deep = []any{deep}
	}
	for name, item := range map[string]any{
		"function": func() {}, "channel": make(chan int), "NaN": math.NaN(), "infinity": []any{math.Inf(1)}, "deep": deep,
		"infinite float32": float32(math.Inf(-1)),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := netcode.EncodeBody([]any{"v", item}); err == nil || !strings.Contains(err.Error(), "body") {
				t.Errorf("%.100s, %v", got, err)
			}
		})
	}
}

func TestClientConfigIsSentAsJSONWritesIt(t *testing.T) {
	d := NewDialer(pipe.New(pipe.Config{}).Host())
	defer d.Close()
	type badge struct {
		Level uint8 `json:"level"`
	}
	object := map[string]any{"badge": badge{3}, "sizes": []int{1, 2}}
	c, err := newClient(d, "alloplace://localhost", Config{Identity: object, Avatar: object}, false)
	if err != nil {
		t.Fatal(err)
	}
	for what, got := range map[string]map[string]any{"Identity": c.cfg.Identity, "Avatar": c.cfg.Avatar} {
		if text := string(netcode.AppendValue(nil, got)); text != `{"badge":{"level":3},"sizes":[1,2]}` {
			t.Errorf("%s is %s", what, text)
		}
	}
	bad := map[string]any{"f": func() {}}
	for want, cfg := range map[string]Config{"Config.Identity": {Identity: bad}, "Config.Avatar": {Avatar: bad}} {
		if _, err := newClient(d, "alloplace://localhost", cfg, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestResponseThatCannotBeWrittenIsAnError(t *testing.T) {
	c := &Client{}
	err := c.Respond(netcode.Interaction{Type: netcode.TypeRequest, From: strings.Repeat("x", 100_000)}, "ok", math.NaN())
	if err == nil || !strings.Contains(err.Error(), "item 2 of the body") || len(err.Error()) > 300 {
		t.Errorf("%.400v", err)
	}
}
