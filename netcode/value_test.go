package netcode

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
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
