package world

import (
	"strconv"

	"github.com/go-faster/jx"
)

// dig follows a path into encoded JSON, through lists and objects. It gives the
// part of raw that is there, or nil.
func (w *World) dig(raw []byte, path []string) []byte {
	d := &w.decoder
	d.ResetBytes(raw)
	for _, name := range path {
		var found bool
		switch d.Next() {
		case jx.Array:
			found = digList(d, name)
		case jx.Object:
			found = digObject(d, name)
		}
		if !found {
			return nil
		}
	}
	part, err := d.Raw()
	if err != nil {
		return nil
	}
	return part
}

// digList brings d to the item of that index.
func digList(d *jx.Decoder, name string) bool {
	i, ok := listIndex(name)
	if !ok {
		return false
	}
	items, err := d.ArrIter()
	for ; err == nil && items.Next(); i-- {
		if i == 0 {
			return true
		}
		err = d.Skip()
	}
	return false
}

// digObject brings d to the value under that key.
func digObject(d *jx.Decoder, name string) bool {
	members, err := d.ObjIter()
	for err == nil && members.Next() {
		if string(members.Key()) == name {
			return true
		}
		err = d.Skip()
	}
	return false
}

func listIndex(name string) (int, bool) {
	if name == "" || len(name) > 9 || name[0] < '0' || name[0] > '9' {
		return 0, false
	}
	i, err := strconv.Atoi(name)
	return i, err == nil
}

// parseNumbers reads a number or a list of them.
func (w *World) parseNumbers(v *Numbers, raw []byte) bool {
	d := &w.decoder
	d.ResetBytes(raw)
	if d.Next() == jx.Number {
		return v.parseOne(d)
	}
	v.List = true
	items, err := d.ArrIter()
	if err != nil {
		return false
	}
	for items.Next() {
		if d.Next() != jx.Number || !v.parseOne(d) {
			return false
		}
	}
	return items.Err() == nil
}

func (v *Numbers) parseOne(d *jx.Decoder) bool {
	n, err := d.Float64()
	if err != nil || v.N == len(v.V) || !isFinite(n) {
		return false
	}
	v.V[v.N] = n
	v.N++
	return true
}
