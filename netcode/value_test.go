package netcode

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValuesParse(t *testing.T) {
	for _, c := range []struct {
		data string
		want any
	}{
		{`null`, nil},
		{` true `, true},
		{`false`, false},
		{`"a\u0062\n\ud83d\ude42"`, "ab\n🙂"},
		{`"a\u0000b"`, "ab"},
		{`"\ud83d"`, "\uFFFD"},
		{`""`, ""},
		{`1`, 1.0},
		{`-0.5e1`, -5.0},
		{`1e300`, 1e300},
		{`1e-400`, 0.0},
		{`9007199254740992`, 9007199254740992.0},
		{`9007199254740993`, 9007199254740992.0},
		{`-9007199254740993`, -9007199254740992.0},
		{`76561198000000001`, 76561198000000000.0},
		{`9007199254740994`, 9007199254740994.0},
		{`9007199254740993.0`, 9007199254740992.0},
		{`18446744073709551616`, 18446744073709551616.0},
		{`18446744073709551615`, 18446744073709551616.0},
		{`[]`, []any{}},
		{`{}`, map[string]any{}},
		{`[1,[null],{"a":{}}]`, []any{1.0, []any{nil}, map[string]any{"a": map[string]any{}}}},
		{`{"a":1,"a":2}`, map[string]any{"a": 2.0}},
		{`{"a":1,"a\u0000":2,"\u0061":3}`, map[string]any{"a": 3.0}},
		{"\t{ \"a\" : [ 1 , 2 ] }\r\n", map[string]any{"a": []any{1.0, 2.0}}},
	} {
		got, err := ParseValue([]byte(c.data))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %#v, %v", c.data, got, err)
		}
	}
}

func TestStrictValuesHaveDistinctKeys(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{`{"price":1,"price":2}`, `price: the key is there already`},
		{`[{"a":{"b":0,"b":0}}]`, `[0].a.b: the key is there already`},
		{`{"a":1,"a\u0000":2}`, `the key is there already`},
		{`{"\u0061":1,"a":2}`, `a: the key is there already`},
		{`{"Price":1,"price":2}`, `price: the key "Price" is there already, and some agents do not tell case`},
		{`{"price":1,"Price":2}`, `Price: the key "price" is there already`},
		{`{"PRICE":1,"x":0,"Price":2}`, `Price: the key "PRICE" is there already`},
		{`{"aB":1,"Ab":2}`, `Ab: the key "aB" is there already`},
	} {
		_, err := ParseStrict([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.data, err, c.want)
		}
		if _, err := ParseValue([]byte(c.data)); err != nil {
			t.Errorf("%s: %v where that does not matter", c.data, err)
		}
	}
	for _, data := range []string{
		`{"a":{"a":{"A":1}},"b":{"a":1}}`, `[{"a":1},{"A":1}]`, `{"Ä":1,"ä":2}`, `{"aB":1,"aC":2,"ac ":3}`, `{"{":1,"[":2}`,
	} {
		if _, err := ParseStrict([]byte(data)); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	}
}

// FuzzStrict holds what is read strictly to what two other kinds of readers would find:
// one that takes the last of equal keys, and one that takes the first in any case.
func FuzzStrict(f *testing.F) {
	for _, data := range []string{
		`{"a":1,"a":2}`, `{"Price":[{"x":1}],"price":2}`, `{"b":{"c":1,"C":2}}`, `["sell",{"aB":1,"b":2,"ab\u0041":3}]`,
	} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseStrict(data)
		if err != nil {
			return
		}
		last, err := ParseValue(data)
		if err != nil || !reflect.DeepEqual(v, last) {
			t.Fatalf("strictly %v, else %v, %v", v, last, err)
		}
		wantUnfolded(t, v)
	})
}

func wantUnfolded(t *testing.T, v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			wantUnfolded(t, item)
		}
	case map[string]any:
		folded := map[string]bool{}
		for key, item := range v {
			lower := strings.Map(func(r rune) rune {
				if 'A' <= r && r <= 'Z' {
					return r + 'a' - 'A'
				}
				return r
			}, key)
			if folded[lower] {
				t.Fatalf("%q is there twice", lower)
			}
			folded[lower] = true
			wantUnfolded(t, item)
		}
	}
}

func TestMalformedValuesSayWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{``, "unexpected EOF"},
		{` `, "unexpected EOF"},
		{`1 2`, "something follows the end of the message"},
		{`{"a":[1,{"b":1e999}]}`, "a[1].b: a number too large to hold"},
		{`{"a":}`, "a: unexpected '}' at byte 5"},
		{`{"a" 1}`, "unexpected '1' at byte 5"},
		{`{a:1}`, "unexpected 'a' at byte 1"},
		{`{1:1}`, "a number, want a string"},
		{`[1,]`, "[1]: unexpected ']' at byte 3"},
		{`[,1]`, "[0]: unexpected ',' at byte 1"},
		{`[1 2]`, "unexpected '2' at byte 3"},
		{`[1`, "unexpected EOF"},
		{`"a`, "unexpected EOF"},
		{`[1}`, "unexpected '}' at byte 2"},
		{`'a'`, `unexpected '\'' at byte 0`},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), "nested more than 64 deep"},
	} {
		_, err := ParseValue([]byte(c.data))
		wantError(t, err, c.want)
	}
	for _, data := range []string{"\"\n\"", `"\x"`, `"\u12"`, `nul`, `nulll`, `True`, `tru`, "\x00", "[1]\x00", "\ufeff1", `{"a":1,}`} {
		if v, err := ParseValue([]byte(data)); err == nil {
			t.Errorf("%q is read as %v", data, v)
		}
	}
}

func TestValuesAreAppendedCompactlyInOrder(t *testing.T) {
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, `null`},
		{true, `true`},
		{"a\"\x00", `"a\""`},
		{0.30000000000000004, `0.30000000000000004`},
		{1e21, `1e+21`},
		{1e-7, `1e-07`},
		{123456789012345.0, `123456789012345`},
		{-7, `-7`},
		{int64(math.MinInt64), `-9223372036854775808`},
		{uint64(math.MaxUint64), `18446744073709551615`},
		{math.NaN(), `null`},
		{math.Inf(-1), `null`},
		{json.Number("9007199254740993"), `9007199254740993`},
		{json.Number("1]"), `null`},
		{json.Number(""), `null`},
		{json.Number("1e999"), `null`},
		{json.RawMessage(`{ "a": 1 }`), `{ "a": 1 }`},
		{json.RawMessage(nil), `null`},
		{map[string]any{"b": []any{}, "a": map[string]any{}, "": 1.0}, `{"":1,"a":{},"b":[]}`},
		{map[string]any(nil), `{}`},
		{map[string]string{"b": "1", "a": "2"}, `{"a":"2","b":"1"}`},
		{[]string{"x", "y"}, `["x","y"]`},
		{[]float64{1.5, math.NaN()}, `[1.5,null]`},
		{[3]float64{1, 2, 3}, `[1,2,3]`},
		{Identity, identityText},
		{[]any{1, "2", nil, struct{}{}, 'x'}, `[1,"2",null,null,null]`},
	} {
		if got := string(AppendValue(nil, c.v)); got != c.want {
			t.Errorf("%#v: got %s, want %s", c.v, got, c.want)
		}
	}
}

func TestManyKeysAreInOrder(t *testing.T) {
	object := map[string]any{}
	for i := range 60 {
		object[string(rune('A'+i))] = i
	}
	text := AppendValue(nil, object)
	want, err := json.Marshal(object) // orders as well
	if err != nil || string(text) != string(want) {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestValuesInTheirOwnCircleEnd(t *testing.T) {
	circle := map[string]any{}
	circle["again"] = []any{circle}
	text := AppendValue(nil, circle)
	if _, err := ParseValue(text); err != nil {
		t.Errorf("%s: %v", text, err)
	}
}

func TestEveryTruncatedValueIsRejected(t *testing.T) {
	wantPrefixesRejected(t, "value", []byte(`{"a":[true,false,null,-1.5e+3,"\u00e9\\"],"b":{"c":{}}}`))
}

func FuzzValue(f *testing.F) {
	f.Add([]byte(`{"a":[true,false,null,-1.5e+3,"\u00e9\\\u0000"],"b":{"c":{}},"":9007199254740993}`))
	f.Add([]byte(`[0.1,12345678901.123457,1e300,-0]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseValue(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q is no JSON", data)
		}
		text := AppendValue(nil, v)
		again, err := ParseValue(text)
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Errorf("%s becomes %#v, %v, was %#v", text, again, err, v)
		}
	})
}

func BenchmarkParseValue(b *testing.B) {
	data := []byte(`{"id":"hvuekousqv","components":{"visor":{"display_name":"ann"},"transform":{"matrix":[0.99999999999999944,0,3.2000002647691865e-08,0,0,1,0,0,-3.2000002647691865e-08,0,0.99999999999999944,0,-6.0160004977656926e-09,0,0.18799999999998807,1]},"relationships":{"parent":"place"}}}`)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseValue(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendValue(b *testing.B) {
	v, err := ParseValue([]byte(`{"type":"inline","vertices":[[0,1,0],[1,1,0.5],[1,0,0.25]],"name":"hand/left"}`))
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendValue(dst[:0], v)
	}
}

func BenchmarkParseLongList(b *testing.B) {
	data := []byte("[" + strings.TrimSuffix(strings.Repeat("0,", 240_000), ",") + "]")
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseValue(data); err != nil {
			b.Fatal(err)
		}
	}
}

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

func TestStringsAreEscapedForCParsers(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "hand/left", `"hand/left"`},
		{"empty", "", `""`},
		{"quotes and backslashes", `a"b\c`, `"a\"b\\c"`},
		{"control characters", "\n\t\r\b\x01\x1f", `"\n\t\r\u0008\u0001\u001f"`},
		{"beyond ASCII", "é漢🙂\u2028\u007f", "\"é漢🙂\u2028\u007f\""},
		{"NUL is dropped", "a\x00b\x00", `"ab"`},
		{"not UTF-8", "a\xffb\xc3", "\"a\uFFFDb\uFFFD\""},
		{"surrogate half", "\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
		{"replacement character itself", "\uFFFD", "\"\uFFFD\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendString(nil, c.text)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("hand/left")
	f.Add("a\"\\\x00\n\xff\u2028🙂")
	f.Fuzz(func(t *testing.T, text string) {
		quoted := AppendString(nil, text)
		var got string
		if err := json.Unmarshal(quoted, &got); err != nil {
			t.Fatalf("%s: %v", quoted, err)
		}
		var want strings.Builder
		for _, r := range text { // yields U+FFFD for each byte that is not UTF-8
			if r != 0 {
				want.WriteRune(r)
			}
		}
		if got != want.String() || !utf8.Valid(quoted) {
			t.Errorf("%q comes back as %q", text, got)
		}
	})
}
