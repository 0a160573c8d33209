package report

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/finding"
)

// markdownWriter writes a table GitHub, GitLab and most others show.
type markdownWriter struct {
	w      *errWriter
	counts map[finding.Verdict]int
	total  int
}

func newMarkdown(w *errWriter, m Meta) *markdownWriter {
	w.str("# Findings\n\n")
	if !m.At.IsZero() {
		w.printf("As of %s.\n\n", rfc3339(m.At))
	}
	return &markdownWriter{w: w, counts: map[finding.Verdict]int{}}
}

func (m *markdownWriter) Add(f finding.Finding) error {
	if m.total == 0 {
		m.w.str("| Severity | Verdict | Control | Resource | Where | What |\n|---|---|---|---|---|---|\n")
	}
	m.total++
	m.counts[f.Verdict]++
	text := message(f)
	if why := aside(f); why != "" {
		text += " (" + why + ")"
	}
	if f.Kind == finding.Detection {
		text += " [" + seen(f) + "]"
	}
	m.w.printf("| %s | %s | %s | %s | %s | %s |\n", markdownText(string(f.Severity)), markdownText(string(f.Verdict)),
		markdownCode(f.Rule), markdownCode(f.Resource), markdownCode(place(f)), markdownText(text))
	return m.w.err
}

func (m *markdownWriter) Close() error {
	if m.total == 0 {
		m.w.str("No findings.\n")
		return m.w.err
	}
	var parts []string
	for _, v := range finding.Verdicts {
		if n := m.counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, markdownText(string(v))))
		}
	}
	m.w.printf("\n%s: %s.\n", plural(m.total, "finding"), strings.Join(parts, ", "))
	return m.w.err
}

func (m *markdownWriter) Abort(cause error) error {
	m.w.printf("\n> **Incomplete** after %s: %s\n", plural(m.total, "finding"), markdownText(cause.Error()))
	return m.w.err
}

// markdownText is text that stays text: on one line, without markup, HTML,
// links, mentions or references to issues.
func markdownText(s string) string {
	s = clean(s)
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case strings.ContainsRune("\\`*_{}[]|~!$^", r):
			b.WriteRune('\\')
			b.WriteRune(r)
		case (r == '@' || r == '#') && i+1 < len(s) && s[i+1] != ' ':
			b.WriteRune(r)
			b.WriteString("&#8203;") // GitHub reads mentions after rendering; a backslash does not stop them
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString(":&#8203;")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// markdownCode is text as a code span, which may sit in a table.
func markdownCode(s string) string {
	s = strings.TrimSpace(clean(s))
	if s == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	s = strings.ReplaceAll(s, "|", "\\|")
	if len(fence) > 1 {
		return fence + " " + s + " " + fence
	}
	return fence + s + fence
}
