package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

func prefixed(prefix string, list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = prefix + s
	}
	return out
}

// stamp is an instant as tables show it; nothing where there is none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// summaryOf is what a run keeps of what it did, in words.
func summaryOf(data json.RawMessage) string {
	var s struct {
		At        time.Time      `json:"at"`
		Resources *int           `json:"resources"`
		New       int            `json:"new"`
		Changed   int            `json:"changed"`
		Gone      int            `json:"gone"`
		Gaps      *int           `json:"gaps"`
		Files     int            `json:"files"`
		Versions  int            `json:"versions"`
		Verdicts  map[string]int `json:"verdicts"`
		Alerts    *int           `json:"alerts"`
	}
	if len(data) == 0 || json.Unmarshal(data, &s) != nil {
		return ""
	}
	var parts []string
	if !s.At.IsZero() {
		parts = append(parts, "as of "+stamp(s.At))
	}
	if s.Files > 0 {
		parts = append(parts, plural(s.Files, "file"), plural(s.Versions, "version"))
	}
	if s.Resources != nil {
		parts = append(parts, plural(*s.Resources, "resource"))
	}
	if s.Verdicts != nil {
		parts = append(parts, fmt.Sprintf("%d fail, %d unknown, %d pass", s.Verdicts["fail"], s.Verdicts["unknown"], s.Verdicts["pass"]))
	} else if s.Resources != nil {
		parts = append(parts, fmt.Sprintf("%d new, %d changed, %d gone", s.New, s.Changed, s.Gone))
	}
	if s.Alerts != nil {
		parts = append(parts, plural(*s.Alerts, "alert"), plural(s.New, "new finding"))
	}
	if s.Gaps != nil {
		parts = append(parts, plural(*s.Gaps, "gap"))
	}
	return strings.Join(parts, ", ")
}

// oneLine keeps hostile names from breaking a table.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// lines breaks a text at its spaces; in one line where there is no terminal.
func lines(s string, columns int) []string {
	words := strings.Fields(s)
	if columns < 20 || len(words) == 0 {
		return []string{strings.Join(words, " ")}
	}
	out := words[:1:1]
	for _, word := range words[1:] {
		if last := &out[len(out)-1]; utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= columns {
			*last += " " + word
		} else {
			out = append(out, word)
		}
	}
	return out
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func cut(s string, columns int) string {
	if utf8.RuneCountInString(s) <= columns {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(0, columns-1)]) + "…"
}
