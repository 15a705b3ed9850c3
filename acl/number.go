package acl

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
)

// exactBelow is where doubles stop telling neighbouring integers apart.
const exactBelow = 1 << 53

// number is a message's number made fit for arithmetic. JSON does not say whether
// 1.0 is an integer, so every number without a fraction is one.
type number struct {
	float float64
	big   *big.Int // set for an integer that no float64 equals
}

// numberOf gives the number that v is. It fails on other kinds, and on what JSON
// cannot carry.
func numberOf(v any) (number, bool) {
	switch v := v.(type) {
	case float64:
		return number{float: v}, !math.IsInf(v, 0) && !math.IsNaN(v)
	case json.Number:
		if len(v) > maxDigits {
			return number{}, false
		}
		i, ok := new(big.Int).SetString(string(v), 10)
		return number{big: i}, ok && i.BitLen() <= maxIntegerBits
	}
	return number{}, false
}

func (n number) isInteger() bool { return n.big != nil || n.float == math.Trunc(n.float) }

// small tells that arithmetic on float64 is exact: n is an integer and not large.
func (n number) small() bool {
	return n.big == nil && n.float == math.Trunc(n.float) && math.Abs(n.float) <= exactBelow
}

// integer gives the integer n as a big one, which may be n's own.
func (n number) integer() *big.Int {
	if n.big != nil {
		return n.big
	}
	i, _ := new(big.Float).SetFloat64(n.float).Int(nil)
	return i
}

// nearest gives the float64 nearest to n, infinite if that is none.
func (n number) nearest() float64 {
	if n.big == nil {
		return n.float
	}
	f, _ := new(big.Float).SetInt(n.big).Float64()
	return f
}

func jsonInteger(v *big.Int) json.Number { return json.Number(v.String()) }

// finite gives f as a value, unless it is none of JSON's.
func finite(f float64) (any, bool) {
	return f, !math.IsInf(f, 0) && !math.IsNaN(f)
}

// bounded gives v as a value, unless it has grown too large.
func bounded(v *big.Int) (any, bool) {
	if v.BitLen() > maxIntegerBits {
		return nil, false
	}
	return integerValue(v), true
}

// compareNumbers compares by value, exactly, a float with an integer too.
func compareNumbers(a, b any) int {
	x, okX := a.(float64)
	y, okY := b.(float64)
	if okX && okY {
		return cmp.Compare(x, y)
	}
	m, okM := numberOf(a)
	n, okN := numberOf(b)
	if !okM || !okN {
		return 0
	}
	return m.exact().Cmp(n.exact())
}

func (n number) exact() *big.Float {
	if n.big != nil {
		return new(big.Float).SetInt(n.big)
	}
	return new(big.Float).SetFloat64(n.float)
}

// arithmetic is one of + - * on small integers and fractions, and on integers of
// any size.
type arithmetic struct {
	floats   func(a, b float64) float64
	integers func(z, a, b *big.Int) *big.Int
}

var (
	plus  = arithmetic{func(a, b float64) float64 { return a + b }, (*big.Int).Add}
	minus = arithmetic{func(a, b float64) float64 { return a - b }, (*big.Int).Sub}
	times = arithmetic{func(a, b float64) float64 { return a * b }, (*big.Int).Mul}
)

// of gives the result, or false if it is too large.
func (op arithmetic) of(a, b number) (any, bool) {
	if a.small() && b.small() {
		if v := op.floats(a.float, b.float); math.Abs(v) < exactBelow {
			return v, true
		}
	}
	if a.isInteger() && b.isInteger() {
		return bounded(op.integers(new(big.Int), a.integer(), b.integer()))
	}
	return finite(op.floats(a.nearest(), b.nearest()))
}

// divide gives the whole quotient, cut towards zero, and what remains, which has
// the sign of a. b is not 0.
func divide(a, b number) (quotient, remainder any) {
	if a.small() && b.small() {
		return math.Trunc(a.float / b.float), math.Mod(a.float, b.float)
	}
	q, r := new(big.Int).QuoRem(a.integer(), b.integer(), new(big.Int))
	return integerValue(q), integerValue(r)
}
