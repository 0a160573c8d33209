package detect

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a file may cost beyond what the Sigma parser allows.
const (
	mostBytes     = 4 << 20
	mostDocuments = 100
	mostValues    = 50_000 // of all examples of a file, aliases counted as often as they are used
	mostDeep      = 32
	mostText      = 64 << 10 // of one text
)

// strict reads YAML that has to be as we say, and notes every fault with its place.
type strict struct {
	file   string
	faults []error
	budget int
}

func (s *strict) fault(line int, format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("%s:%d: %s", s.file, line, fmt.Sprintf(format, args...)))
}

// follow leads from an alias to what it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// object reads a mapping by its fields. A key that is not among them is a fault.
func (s *strict) object(n *yaml.Node, what string, fields map[string]func(*yaml.Node)) {
	if n = follow(n); n.Kind != yaml.MappingNode {
		s.fault(n.Line, "%s has to be a mapping", what)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := follow(n.Content[i]), follow(n.Content[i+1])
		read, known := fields[key.Value]
		switch {
		case seen[key.Value]:
			s.fault(key.Line, "%s: %q is given twice", what, key.Value)
		case !known:
			s.fault(key.Line, "%s: %q is not known%s", what, key.Value, meant(key.Value, slices.Sorted(maps.Keys(fields))))
		case !isNull(value) && read != nil:
			read(value)
		}
		seen[key.Value] = true
	}
}

func (s *strict) text(n *yaml.Node, what string) string {
	if n = follow(n); n.Kind != yaml.ScalarNode {
		s.fault(n.Line, "%s has to be a text", what)
		return ""
	}
	if len(n.Value) > mostText {
		s.fault(n.Line, "%s has %d bytes; %d is the most", what, len(n.Value), mostText)
		return ""
	}
	return n.Value
}

// texts reads a list of texts; a single one is a list of one.
func (s *strict) texts(n *yaml.Node, what string) (list []string) {
	switch n = follow(n); n.Kind {
	case yaml.ScalarNode:
		return []string{s.text(n, what)}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			list = append(list, s.text(c, what))
		}
		return list
	}
	s.fault(n.Line, "%s has to be a list of texts", what)
	return nil
}

// value reads any value in the types of JSON, numbers that are whole as int64. A
// number that starts with a zero stays the text it was written as: it is an account.
func (s *strict) value(n *yaml.Node, what string) any { return s.deep(n, what, 0) }

func (s *strict) deep(n *yaml.Node, what string, depth int) any {
	n = follow(n)
	if s.budget++; s.budget > mostValues {
		if s.budget == mostValues+1 {
			s.fault(n.Line, "%s: the file has more than %d values", what, mostValues)
		}
		return nil
	}
	if depth > mostDeep {
		s.fault(n.Line, "%s is nested more than %d deep", what, mostDeep)
		return nil
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if len(n.Value) > mostText {
			s.fault(n.Line, "%s has a text of %d bytes; %d is the most", what, len(n.Value), mostText)
			return nil
		}
		return scalar(n)
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			list[i] = s.deep(c, what, depth+1)
		}
		return list
	case yaml.MappingNode:
		object := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := follow(n.Content[i]).Value
			if n.Content[i].ShortTag() == "!!merge" {
				s.fault(n.Content[i].Line, "%s: merge keys (<<) are not read; write the keys out", what)
			}
			if _, twice := object[key]; twice {
				s.fault(n.Content[i].Line, "%s: %q is given twice", what, key)
			}
			object[key] = s.deep(n.Content[i+1], what, depth+1)
		}
		return object
	}
	s.fault(n.Line, "%s: a value was expected here", what)
	return nil
}

func scalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil && (n.Value == "0" || !strings.HasPrefix(n.Value, "0")) {
			return i
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f
		}
	}
	return n.Value
}

// meant suggests the name that differs least from one that nobody knows.
func meant(got string, names []string) string {
	best, least := "", len(got)/3+2
	for _, name := range names {
		if d := distance(strings.ToLower(got), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("; did you mean %q?", best)
	case len(names) <= 12:
		return "; there are " + strings.Join(names, ", ")
	}
	return ""
}

// distance counts the letters to change, add or leave out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Meant suggests the detection whose name differs least from one that there is not.
func Meant(all []Detection, name string) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	if len(names) <= 12 {
		return "" // listing them is what `detect list` is for
	}
	return meant(name, names)
}
