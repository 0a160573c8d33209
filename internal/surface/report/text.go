package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// unprintable tells characters that steer a terminal or reorder text instead
// of showing something: C0 and C1 controls, bidirectional controls, line and
// paragraph separators, zero-width and tag characters, byte order marks, and
// what is not text at all.
func unprintable(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0, r == utf8.RuneError:
		return true
	case r == 0x061c, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return true
	case r >= 0xe0000 && r <= 0xe0fff:
		return true
	}
	return unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r)
}

// isPlain tells printable ASCII, which most text is, without looking at runes.
func isPlain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// clean is a string as one printable line: white space becomes a space, each
// other unprintable character the replacement character, so that nobody
// mistakes what was there for nothing.
func clean(s string) string {
	if isPlain(s) || strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || r == 0x2028 || r == 0x2029:
			return ' '
		case unprintable(r):
			return utf8.RuneError
		}
		return r
	}, s)
}

// cleanLines is clean for text of several lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Join(lines, "\n")
}

// width is how many columns a terminal needs for a clean string.
func width(s string) int { return displaywidth.String(s) }

// fit is a clean string cut to a number of columns, with an ellipsis where it
// was cut.
func fit(s string, columns int) string {
	s = clean(s)
	if columns <= 0 {
		return ""
	}
	if width(s) <= columns {
		return s
	}
	return displaywidth.TruncateString(s, columns, "…")
}

// fitLeft cuts the start instead: paths and ARNs differ at their end.
func fitLeft(s string, columns int) string {
	s = clean(s)
	if columns <= 0 {
		return ""
	}
	if width(s) <= columns {
		return s
	}
	runes := []rune(s)
	runes = runes[max(0, len(runes)-8*columns):] // marks without width make a name long; none needs this many
	for len(runes) > 0 && width(string(runes)) > columns-1 {
		runes = runes[1:]
	}
	return "…" + string(runes)
}

// pad is fit, filled with spaces to exactly the columns.
func pad(s string, columns int) string {
	s = fit(s, columns)
	return s + strings.Repeat(" ", max(0, columns-width(s)))
}

func padLeft(s string, columns int) string {
	s = fit(s, columns)
	return strings.Repeat(" ", max(0, columns-width(s))) + s
}

// wrap breaks a clean string into lines of at most the columns, at most lines
// of them; the last one says with an ellipsis that there was more.
func wrap(s string, columns, lines int) []string {
	var out []string
	line := ""
	words := strings.Fields(clean(s))
	for i, word := range words {
		switch {
		case line == "":
			line = word
		case width(line)+1+width(word) <= columns:
			line += " " + word
		case len(out) >= lines-1:
			return append(out, fit(line+" "+strings.Join(words[i:], " "), columns))
		default:
			out, line = append(out, fit(line, columns)), word
		}
	}
	if line != "" {
		out = append(out, fit(line, columns))
	}
	return out
}

// span is text in one colour.
type span struct {
	text   string
	colour colour
}

// flow sets spans side by side, and on further lines where the width asks for
// it.
func flow(p painter, columns int, spans []span) string {
	var b strings.Builder
	used := 0
	for _, s := range spans {
		text := fit(s.text, columns)
		switch n := width(text); {
		case used == 0:
			used = n
		case used+2+n > columns:
			b.WriteString("\n")
			used = n
		default:
			b.WriteString("  ")
			used += 2 + n
		}
		b.WriteString(p.paint(s.colour, text))
	}
	b.WriteString("\n")
	return b.String()
}

// shorten cuts to a number of characters, as formats with limits count them.
func shorten(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
