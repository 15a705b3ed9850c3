package sandbox

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// maxDateFormat is the longest format that os.date takes, in bytes.
const maxDateFormat = 256

var started = time.Now()

// openOS keeps what tells the time. Everything else of Lua's os, with processes,
// files and the environment, is gone.
func (s *State) openOS() {
	s.library("os", map[string]lua.LGFunction{
		"clock": func(L *lua.LState) int { L.Push(lua.LNumber(time.Since(started).Seconds())); return 1 },
		"date":  osDate,
		"difftime": func(L *lua.LState) int {
			since := lua.LNumber(0)
			if L.GetTop() > 1 {
				since = number(L, 2)
			}
			L.Push(number(L, 1) - since)
			return 1
		},
		"time": osTime,
	})
}

// maxTime is the last second whose year C has a number for.
const maxTime = 67767976233532799

func osDate(L *lua.LState) int {
	format := optionalText(L, 1, "%c")
	if len(format) > maxDateFormat {
		argumentError(L, 1, "format too long")
	}
	t := time.Now()
	if L.Get(2) != lua.LNil {
		seconds := math.Trunc(float64(number(L, 2)))
		if !(math.Abs(seconds) <= maxTime) {
			L.Push(lua.LNil)
			return 1
		}
		t = time.Unix(int64(seconds), 0)
	}
	format, utc := strings.CutPrefix(format, "!")
	if utc {
		t = t.UTC()
	}
	if format != "*t" {
		L.Push(lua.LString(formatDate(format, t)))
		return 1
	}
	date := L.NewTable()
	for name, n := range map[string]int{
		"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(),
		"sec": t.Second(), "wday": int(t.Weekday()) + 1, "yday": t.YearDay(),
	} {
		date.RawSetString(name, lua.LNumber(n))
	}
	date.RawSetString("isdst", lua.LBool(t.IsDST()))
	L.Push(date)
	return 1
}

// formatDate is C's strftime in the locale "C". What it does not know stays as
// it is written.
func formatDate(format string, t time.Time) string {
	var out strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			out.WriteByte(format[i])
			continue
		}
		i++
		out.WriteString(dateField(format[i], t))
	}
	return out.String()
}

// layouts are fields that Go formats alike.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan", 'c': "Mon Jan _2 15:04:05 2006",
	'd': "02", 'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01",
	'M': "04", 'p': "PM", 'P': "pm", 'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05",
	'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006", 'z': "-0700",
}

func dateField(field byte, t time.Time) string {
	if layout, ok := layouts[field]; ok {
		return t.Format(layout)
	}
	year, week := t.ISOWeek()
	switch field {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'C':
		return fmt.Sprintf("%02d", t.Year()/100)
	case 'g':
		return fmt.Sprintf("%02d", year%100)
	case 'G':
		return fmt.Sprint(year)
	case 'k':
		return fmt.Sprintf("%2d", t.Hour())
	case 'l':
		return fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
	case 's':
		return fmt.Sprint(t.Unix())
	case 'u':
		return fmt.Sprint((int(t.Weekday())+6)%7 + 1)
	case 'U': // weeks that begin with Sunday
		return fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
	case 'V':
		return fmt.Sprintf("%02d", week)
	case 'w':
		return fmt.Sprint(int(t.Weekday()))
	case 'W': // weeks that begin with Monday
		return fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
	case 'Z':
		if zone, offset := t.Zone(); zone != "UTC" || offset != 0 {
			return zone
		}
		return "GMT"
	}
	return "%" + string(field)
}

func osTime(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		L.Push(lua.LNumber(time.Now().Unix()))
		return 1
	}
	date := checkTable(L, 1)
	field := func(name string, otherwise int) int {
		n, ok := toNumber(date.RawGetString(name))
		if !ok {
			if otherwise < 0 {
				raiseHere(L, "field '%s' missing in date table", name)
			}
			return otherwise
		}
		return min(max(int(n), math.MinInt32), math.MaxInt32) // C's int
	}
	seconds, minute, hour := field("sec", 0), field("min", 0), field("hour", 12)
	day, month, year := field("day", -1), field("month", -1), field("year", -1)
	t := time.Date(year, time.Month(month), day, hour, minute, seconds, 0, time.Local)
	if isdst := date.RawGetString("isdst"); isdst != lua.LNil && lua.LVAsBool(isdst) != t.IsDST() {
		if t.IsDST() {
			t = t.Add(time.Hour)
		} else {
			t = t.Add(-time.Hour)
		}
	}
	L.Push(lua.LNumber(t.Unix()))
	return 1
}
