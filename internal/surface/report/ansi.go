package report

import "holdfast.dev/holdfast/internal/finding"

// colour is an ANSI select-graphic-rendition sequence; only the sixteen basic
// colours, which follow the user's own theme.
type colour string

const (
	plain   colour = ""
	bold    colour = "1"
	faint   colour = "2"
	red     colour = "31"
	green   colour = "32"
	yellow  colour = "33"
	magenta colour = "35"
	cyan    colour = "36"
	redBold colour = "1;31"
	onRed   colour = "1;97;41"
)

// painter colours text, or leaves it alone.
type painter bool

func (p painter) paint(c colour, s string) string {
	if !bool(p) || c == plain || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

func verdictColour(v finding.Verdict) colour {
	switch v {
	case finding.Fail:
		return red
	case finding.Error:
		return magenta
	case finding.Unknown:
		return yellow
	case finding.Pass:
		return green
	}
	return faint
}

func severityColour(s finding.Severity) colour {
	switch s {
	case finding.Critical:
		return redBold
	case finding.High:
		return red
	case finding.Medium:
		return yellow
	case finding.Low:
		return cyan
	}
	return faint
}
