package netcode

import (
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"testing"
)

func TestAppendNumberWritesFewDigits(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "0"},
		{1, "1"},
		{-1, "-1"},
		{10, "10"},
		{0.5, "0.5"},
		{-0.25, "-0.25"},
		{0.1 + 0.2, "0.3"},
		{1.6, "1.6"},
		{12345.678901, "12345.678901"},
		{1.0 / 3, "0.333333"},
		{2.0 / 3, "0.666667"},
		{0.000001, "0.000001"},
		{0.0000005, "0.000001"},
		{0.0000004, "0"},
		{-0.0000004, "0"},
		{1e-300, "0"},
		{0.9999999, "1"},
		{-9.9999996, "-10"},
		{99.9999994, "99.999999"},
		{4294967295.999999, "4294967295.999999"},
		{4294967295.9999999, "4294967296"},
		{4294967296.000001, "4294967296.000001"},
		{123456789012345, "123456789012345"},
		{123456789012.375, "123456789012.375"},
		{999999999999999.9, "999999999999999.9"},
		{1e15, "1e+15"},
		{-1.5e300, "-1.5e+300"},
		{math.MaxFloat64, "1.7976931348623157e+308"},
	} {
		if got := string(AppendNumber(nil, c.v)); got != c.want {
			t.Errorf("%v: got %s, want %s", c.v, got, c.want)
		}
	}
}

var plainNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*|-?(0|[1-9][0-9]*)\.[0-9]*[1-9])$`)

// checkAppendNumber checks the promises of AppendNumber for one number.
func checkAppendNumber(t *testing.T, v float64) {
	t.Helper()
	text := AppendNumber(nil, v)
	got, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		t.Fatalf("%v: %v", v, err)
	}
	// Splitting the number and reading it back round by a last bit as well.
	rounding := math.Nextafter(math.Abs(v)+1, math.MaxFloat64) - (math.Abs(v) + 1)
	if math.Abs(got-v) > 5e-7+rounding {
		t.Errorf("%v reads back from %s as %v", v, text, got)
	}
	if math.Abs(v) < 1e15 && !plainNumber.Match(text) {
		t.Errorf("%v is written as %s", v, text)
	}
	if again := AppendNumber(nil, got); string(again) != string(text) {
		t.Errorf("%v is written as %s, and read back as %s", v, text, again)
	}
}

func TestAppendNumberReadsBackWithinAMillionth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		v := (random.Float64()*2 - 1) * math.Pow(10, float64(random.IntN(24)-8))
		checkAppendNumber(t, v)
		checkAppendNumber(t, math.Round(v*1e6)/1e6)
		checkAppendNumber(t, math.Round(v*1e6)/1e6+5e-7)
	}
}

func FuzzAppendNumber(f *testing.F) {
	for _, v := range []float64{0, 1, -0.5, 0.9999995, 1 << 32, 1e15, 5e-7, math.MaxFloat64} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			checkAppendNumber(t, v)
		}
	})
}

func TestNumbersAreReadToTheNearestDouble(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		v := math.Float64frombits(random.Uint64())
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		small := (random.Float64()*2 - 1) * math.Pow(10, float64(random.IntN(12)-4))
		for _, text := range []string{
			strconv.FormatFloat(v, 'g', -1, 64),
			strconv.FormatFloat(small, 'f', -1, 64),
			strconv.FormatFloat(small, 'g', 17, 64),
			strconv.FormatFloat(small, 'f', random.IntN(30), 64),
		} {
			checkNumber(t, text)
		}
	}
}

// checkNumber compares the number parser with the standard library's.
func checkNumber(t *testing.T, text string) {
	t.Helper()
	want, _ := strconv.ParseFloat(text, 64)
	got, length, err := parseNumber([]byte(text+", 1"), false)
	if err != nil || length != len(text) || math.Float64bits(got) != math.Float64bits(want) {
		t.Errorf("%s: got %v (%d bytes), %v, want %v", text, got, length, err, want)
	}
	coarse, _, err := parseNumber([]byte(text), true)
	if err != nil || math.Abs(coarse-want) > math.Abs(math.Nextafter(want, 2*want)-want) {
		t.Errorf("%s: got coarsely %v, %v, want %v", text, coarse, err, want)
	}
}

func TestMalformedNumbersAreRejected(t *testing.T) {
	for _, text := range []string{
		"-", "01", "-01", "00", "1.", "1.e5", "-.5", "1e", "1e+", "1E-", "0x10", "1_000", "1.5.5", "--1", "1-", "+1", ".5", "1e5e5",
		"NaN", "-NaN", "Infinity", "-Infinity", "inf", "-inf", "nan", "1e999", "-1e999", "1" + string(make([]byte, 1)),
	} {
		if v, err := ParseValue([]byte(text)); err == nil {
			t.Errorf("%q parses as %v", text, v)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, text := range []string{"0", "-0", "1.5", "1e5", "-1.25E-7", "0.87758255421956333", "123456789012345678901234567890", "4.9e-324", "01", "1.", "-"} {
		f.Add(text)
	}
	valid := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseValue([]byte(text))
		if _, isFloat := v.(float64); !isFloat && err == nil {
			return // another kind of value, or too long an integer
		}
		want, rangeErr := strconv.ParseFloat(text, 64)
		if ok := valid.MatchString(text) && rangeErr == nil; ok && (err != nil || v != want) {
			t.Errorf("got %v, %v, want %v", v, err, want)
		} else if ok {
			checkNumber(t, text)
		}
	})
}

func BenchmarkAppendNumber(b *testing.B) {
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendNumber(dst[:0], -0.17434873876422116)
	}
}
