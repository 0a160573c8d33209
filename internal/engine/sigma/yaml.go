package sigma

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What a rule file may cost. The largest file of SigmaHQ has some thirty kilobytes.
const (
	mostBytes     = 4 << 20
	mostDocuments = 10_000
	mostNodes     = 50_000 // of one document, aliases counted as often as they are used
	mostDepth     = 24
	mostText      = 64 << 10 // of one scalar
)

// Parse reads the rules of one file. A document that cannot be read comes out as a
// Refusal and does not stop the others; broken YAML stops the rest of its file.
func Parse(file string, data []byte) ([]*Rule, []Refusal) {
	refused := func(line int, format string, args ...any) []Refusal {
		return []Refusal{{File: file, Line: line, Reason: fmt.Sprintf(format, args...)}}
	}
	if len(data) > mostBytes {
		return nil, refused(0, "the file has %d bytes; %d is the most. Split it", len(data), mostBytes)
	}
	docs, fault := documents(data)
	var refusals []Refusal
	if fault != nil {
		refusals = refused(fault.line, "%s", fault.reason)
	}
	rules, more := collect(file, docs)
	return rules, append(more, refusals...)
}

// ParseDocuments is Parse for a file whose documents were decoded already.
func ParseDocuments(file string, docs []*yaml.Node) ([]*Rule, []Refusal) { return collect(file, docs) }

// documents cuts a file into its YAML documents, as far as it can be read.
func documents(data []byte) (docs []*yaml.Node, f *fault) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return docs, faultf(0, "", "is not valid YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) != 1 {
			continue
		}
		if len(docs) == mostDocuments {
			return docs, faultf(n.Line, "", "more than %d documents. Split the file", mostDocuments)
		}
		docs = append(docs, n.Content[0])
	}
}

// member is one key of a mapping, in the order of the file.
type member struct {
	key   string
	line  int
	value *yaml.Node
}

// measure refuses documents that are too large, too deep, or that repeat a key, so
// that nobody after it needs to look.
func measure(n *yaml.Node, depth int, budget *int, path string) *fault {
	if *budget--; *budget < 0 {
		return faultf(n.Line, path, "the document has more than %d values", mostNodes)
	}
	if depth > mostDepth {
		return faultf(n.Line, path, "is nested more than %d deep", mostDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return measure(n.Alias, depth+1, budget, path)
	case yaml.ScalarNode:
		if len(n.Value) > mostText {
			return faultf(n.Line, path, "has %d bytes; %d is the most for one value", len(n.Value), mostText)
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if f := measure(c, depth+1, budget, path); f != nil {
				return f
			}
		}
	case yaml.MappingNode:
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := follow(n.Content[i])
			if k.Kind != yaml.ScalarNode {
				return faultf(k.Line, path, "a key must be a text")
			}
			if k.Tag == "!!merge" {
				return faultf(k.Line, path, "merge keys (<<) are not part of Sigma; write the keys out")
			}
			if seen[k.Value] {
				return faultf(k.Line, join(path, k.Value), "is given twice; YAML keeps only one of them. Use a list or a second search")
			}
			seen[k.Value] = true
			if f := measure(n.Content[i+1], depth+1, budget, join(path, k.Value)); f != nil {
				return f
			}
		}
	}
	return nil
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// follow leads from an alias to what it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func members(n *yaml.Node) []member {
	ms := make([]member, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		ms = append(ms, member{follow(n.Content[i]).Value, n.Content[i].Line, follow(n.Content[i+1])})
	}
	return ms
}

// get gives the value of a key, nil where there is none or it says null.
func get(n *yaml.Node, key string) *yaml.Node {
	for _, m := range members(n) {
		if m.key == key && m.value.Tag != "!!null" {
			return m.value
		}
	}
	return nil
}

// text reads a scalar that is no null: numbers and dates as they are written.
func text(n *yaml.Node, field string) (string, *fault) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return "", faultf(n.Line, field, "must be a text")
	}
	return n.Value, nil
}

// texts reads a list of scalars; one scalar is a list of one.
func texts(n *yaml.Node, field string) ([]string, *fault) {
	if n.Kind == yaml.ScalarNode {
		s, f := text(n, field)
		return []string{s}, f
	}
	if n.Kind != yaml.SequenceNode {
		return nil, faultf(n.Line, field, "must be a list of texts")
	}
	list := make([]string, 0, len(n.Content))
	for _, c := range n.Content {
		s, f := text(follow(c), field)
		if f != nil {
			return nil, f
		}
		list = append(list, s)
	}
	return list, nil
}
