package limit

import (
	"math"
	"strings"
	"testing"
	"time"
)

// limits has a field of every kind that there is.
type limits struct {
	Rate       int
	StateBytes int64
	TurnTime   time.Duration
	Share      float64
	RequestIDs int
}

func TestFlagsAreFieldsAsPeopleWriteThem(t *testing.T) {
	if got := strings.Join(Flags[limits](), " "); got != "rate state-bytes turn-time share request-ids" {
		t.Error(got)
	}
}

func TestLimitIsSetByName(t *testing.T) {
	for flag, want := range map[string]limits{
		"rate=500":               {Rate: 500},
		"rate=64KiB":             {Rate: 64 << 10},
		"state-bytes=9000000000": {StateBytes: 9_000_000_000},
		"state-bytes=4GiB":       {StateBytes: 4 << 30},
		"turn-time=200ms":        {TurnTime: 200 * time.Millisecond},
		"share=0.25":             {Share: 0.25},
		"share=1":                {Share: 1},
		"request-ids=9":          {RequestIDs: 9},
	} {
		t.Run(flag, func(t *testing.T) {
			name, text, _ := strings.Cut(flag, "=")
			var got limits
			if err := Set(&got, name, text); err != nil || got != want {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		})
	}
}

func TestWhatIsNoLimitIsRefused(t *testing.T) {
	for flag, want := range map[string]string{
		"rate=-1":                      `limit rate is "-1", want a whole number greater than 0`,
		"rate=0":                       `limit rate is "0", want a whole number greater than 0`,
		"rate=1.5":                     `limit rate is "1.5", want a whole number`,
		"rate=many":                    `limit rate is "many"`,
		"rate=9000000000000GiB":        `limit rate is "9000000000000GiB"`,
		"state-bytes=9000000000000GiB": `limit state-bytes is "9000000000000GiB"`,
		"turn-time=0s":                 `limit turn-time is "0s", want a time greater than 0, such as 100ms`,
		"turn-time=5":                  `limit turn-time is "5", want a time`,
		"share=0":                      `limit share is "0", want a fraction greater than 0, up to 1`,
		"share=2":                      `limit share is "2", want a fraction`,
		"share=NaN":                    `limit share is "NaN", want a fraction`,
		"speed=1":                      `there is no limit "speed"; there are rate, state-bytes, turn-time, share, request-ids`,
	} {
		t.Run(flag, func(t *testing.T) {
			name, text, _ := strings.Cut(flag, "=")
			var got limits
			if err := Set(&got, name, text); err == nil || !strings.HasPrefix(err.Error(), want) || got != (limits{}) {
				t.Errorf("%+v, %v; want %s", got, err, want)
			}
		})
	}
}

func TestCheckNamesTheFieldThatIsNoLimit(t *testing.T) {
	for want, l := range map[string]limits{
		"": {Rate: 1, Share: 1},
		"Limits.Rate is -1, want 0 for the default, or more":       {Rate: -1},
		"Limits.StateBytes is -5, want 0 for the default, or more": {StateBytes: -5},
		"Limits.TurnTime is -1s, want 0 for the default, or more":  {TurnTime: -time.Second},
		"Limits.Share is -0.5, want 0 for the default, up to 1":    {Share: -0.5},
		"Limits.Share is NaN, want 0 for the default, up to 1":     {Share: math.NaN()},
	} {
		said := ""
		if err := Check(&l); err != nil {
			said = err.Error()
		}
		if said != want {
			t.Errorf("%+v: %q, want %q", l, said, want)
		}
	}
}

func TestSizeFlagTakesWhatFits(t *testing.T) {
	var n int64
	flag := Size[int64]{&n}
	if flag.String() != "" || flag.Type() != "size" {
		t.Errorf("%q of type %s", flag, flag.Type())
	}
	if err := flag.Set("1.5GiB"); err != nil || n != 3<<29 || flag.String() != "1536MiB" {
		t.Errorf("%d, %s, %v", n, flag, err)
	}
	if err := flag.Set("many"); err == nil || n != 3<<29 {
		t.Errorf("%d, %v", n, err)
	}
}
