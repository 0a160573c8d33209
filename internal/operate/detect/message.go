package detect

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// template is a message with places for values.
type template struct {
	texts []string // before each path, and behind the last
	paths []string
}

// parseTemplate reads ${dotted.path}.
func parseTemplate(s string) (t template, err error) {
	for {
		before, rest, found := strings.Cut(s, "${")
		t.texts = append(t.texts, before)
		if !found {
			return t, nil
		}
		path, behind, closed := strings.Cut(rest, "}")
		if !closed {
			return t, fmt.Errorf("${%s is not closed", rest)
		}
		if !isPath.MatchString(path) {
			return t, fmt.Errorf("${%s} is no path such as ${requestParameters.bucketName}", path)
		}
		t.paths = append(t.paths, path)
		s = behind
	}
}

// mostShown is how much of one value a message shows.
const mostShown = 200

// fill puts values into their places; one that is missing is named as such.
func (t *template) fill(value func(path string) string) string {
	var b strings.Builder
	for i, text := range t.texts {
		b.WriteString(text)
		if i == len(t.paths) {
			break
		}
		v := value(t.paths[i])
		if v == "" {
			v = "(unknown)"
		}
		b.WriteString(cut(v, mostShown))
	}
	return b.String()
}

// cut shortens a text between two letters.
func cut(s string, most int) string {
	if len(s) <= most {
		if utf8.ValidString(s) {
			return s // nearly always, and asking is far cheaper than mending
		}
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
