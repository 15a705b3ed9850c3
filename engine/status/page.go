package status

import (
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"bytes": Bytes,
	"span":  Span,
	"ms":    func(seconds float64) string { return fmt.Sprintf("%.2f", seconds*1000) },
	"share": func(part float64) string { return fmt.Sprintf("%.1f", part*100) },
	"join":  func(list []string) string { return strings.Join(list, ", ") },
	"more":  func(all, shown int) int { return all - shown },
}).Parse(pageSource))

// Bytes writes a number of bytes for people: 1.5 MiB.
func Bytes(n int64) string {
	f, unit := float64(n), 0
	units := [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
	for ; f >= 1024 && unit < len(units)-1; unit++ {
		f /= 1024
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[unit])
}

// Span writes seconds for people: 1h2m3s.
func Span(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}
