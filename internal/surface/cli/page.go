package cli

import (
	"fmt"
	"io"
	"strings"
)

// page is a place for lines as wide as the terminal. It keeps the first error, so
// that printing needs to look once.
type page struct {
	w      io.Writer
	width  int
	colour bool
	err    error
}

func (p *page) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(s, " "))
	}
}

// paint colours a text by a code of the sixteen basic colours.
func (p *page) paint(code, s string) string {
	if !p.colour || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// Codes of the basic colours, for paint.
const (
	boldText  = "1"
	faintText = "2"
	redText   = "31"
	amberText = "33"
)
