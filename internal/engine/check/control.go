// Package check judges resources by controls. A control is a file: which
// resource types it speaks about, and a CEL expression over their properties
// that is true where the resource is as it should be.
//
// The language is CEL as cel.dev/cel-go parses and type-checks it; evaluation is
// our own (eval*.go), because a judgement has to be three-valued all the way
// down: an unknown inside a list, a comparison of lists, has() of a property
// that may or may not be there. cel-go's interpreter takes those for false or
// true. Where nothing is unknown both give the same answer, which a
// differential test keeps.
//
// The engine is pure: no I/O, no clock. What controls need beyond one resource
// (related resources, the account, the instant) is handed in as a Scope.
package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Control is one control as its file states it.
type Control struct {
	ID        string    `yaml:"id"`
	Title     string    `yaml:"title"`
	Severity  string    `yaml:"severity"`
	Objective string    `yaml:"objective"`
	Kind      string    `yaml:"kind"`
	Layer     string    `yaml:"layer"`
	Resource  oneOrMany `yaml:"resource"` // the types it speaks about

	// When is CEL; where it is false the control is NOT_APPLICABLE.
	When string `yaml:"when"`
	// Check is CEL: true is PASS, false FAIL, unknown UNKNOWN.
	Check string `yaml:"check"`
	// Message says what is wrong, with ${CEL} filled in from the resource.
	Message string `yaml:"message"`
	Why     string `yaml:"why"`

	Params      map[string]any      `yaml:"params"` // defaults; a workspace may set others
	Fix         Fix                 `yaml:"fix"`
	PreventedBy []string            `yaml:"prevented_by"` // guardrail ids
	Maps        map[string][]string `yaml:"maps"`         // framework to its requirement ids
	Examples    Examples            `yaml:"examples"`

	File  string         `yaml:"-"`
	lines map[string]int // of the top-level fields
}

// Fix says how to mend what the control found.
type Fix struct {
	Text           string `yaml:"text"`
	CloudFormation string `yaml:"cloudformation"`
	Terraform      string `yaml:"terraform"`
	CLI            string `yaml:"cli"`
}

// Examples are the control's tests.
type Examples struct {
	Pass          []yaml.Node `yaml:"pass"`
	Fail          []yaml.Node `yaml:"fail"`
	Unknown       []yaml.Node `yaml:"unknown"`
	NotApplicable []yaml.Node `yaml:"not_applicable"`
}

// oneOrMany lets a file write a single string where a list is meant.
type oneOrMany []string

// UnmarshalYAML takes a string or a list of strings.
func (l *oneOrMany) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = oneOrMany{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

// Practices are the SEC01 best practices the control serves: BP01 …
func (c *Control) Practices() []string { return c.Maps["sec01"] }

// at names a place in the control's file for an error.
func (c *Control) at(field string) string {
	line := c.lines[field]
	if line == 0 {
		line = 1
	}
	return fmt.Sprintf("%s:%d", c.File, line)
}

// maxControl bounds one control file; ours are a few kilobytes.
const maxControl = 1 << 20

// Parse reads the controls of one file: usually one, or several as YAML
// documents. Fields it does not know are refused, so that a misspelt one is not
// silently without effect.
func Parse(file string, data []byte) ([]Control, error) {
	if len(data) > maxControl {
		return nil, fmt.Errorf("%s: %d bytes is more than a control file may have (%d)", file, len(data), maxControl)
	}
	var controls []Control
	nodes, strict := yaml.NewDecoder(bytes.NewReader(data)), yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	for {
		var doc yaml.Node
		if err := nodes.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, yamlError(file, err)
		}
		c := Control{File: file, lines: map[string]int{}}
		if err := strict.Decode(&c); err != nil {
			return nil, yamlError(file, err)
		}
		c.File = file
		if len(doc.Content) == 1 && doc.Content[0].Kind == yaml.MappingNode {
			recordLines(&c, doc.Content[0])
		}
		if err := c.validate(); err != nil {
			return nil, err
		}
		controls = append(controls, c)
	}
	if len(controls) == 0 {
		return nil, fmt.Errorf("%s: the file holds no control; see `holdfast controls show` for one that works", file)
	}
	return controls, nil
}

func recordLines(c *Control, m *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		line := m.Content[i].Line
		if style := m.Content[i+1].Style; style == yaml.LiteralStyle || style == yaml.FoldedStyle {
			line++ // the text starts below its key
		}
		c.lines[m.Content[i].Value] = line
	}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors:\n\s*)?line (\d+): `)

// yamlError puts the library's line in front, where editors look for it.
func yamlError(file string, err error) error {
	text := err.Error()
	if m := yamlLine.FindStringSubmatchIndex(text); m != nil {
		rest := strings.ReplaceAll(text[m[1]:], " in type check.Control", " in a control")
		return fmt.Errorf("%s:%s: %s", file, text[m[2]:m[3]], strings.ReplaceAll(rest, "\n", ";"))
	}
	return fmt.Errorf("%s: %s", file, strings.TrimPrefix(text, "yaml: "))
}

var (
	controlID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	typeName  = regexp.MustCompile(`^[A-Za-z0-9]+::[A-Za-z0-9]+(::[A-Za-z0-9]+)?$`)

	severities = []string{"critical", "high", "medium", "low", "info"}
	kinds      = []string{"preventive", "proactive", "detective", "corrective", "responsive"}
	layers     = []string{"aws", "platform", "guardrail", "workload"}
)

func (c *Control) validate() error {
	for _, f := range []struct{ name, value string }{{"id", c.ID}, {"title", c.Title}, {"check", c.Check}, {"message", c.Message}, {"objective", c.Objective}} {
		if strings.TrimSpace(f.value) == "" {
			return fmt.Errorf("%s: %s: the control has no %s", c.at(f.name), c.ID, f.name)
		}
	}
	if !controlID.MatchString(c.ID) {
		return fmt.Errorf("%s: id %q is not kebab-case (letters, digits and single hyphens)", c.at("id"), c.ID)
	}
	for _, f := range []struct {
		name, value string
		known       []string
	}{{"severity", c.Severity, severities}, {"kind", c.Kind, kinds}, {"layer", c.Layer, layers}} {
		if !slices.Contains(f.known, f.value) {
			return fmt.Errorf("%s: %s: %s %q is not one of %s", c.at(f.name), c.ID, f.name, f.value, strings.Join(f.known, ", "))
		}
	}
	if len(c.Resource) == 0 {
		return fmt.Errorf("%s: %s: the control names no resource type", c.at("resource"), c.ID)
	}
	for _, t := range c.Resource {
		if !typeName.MatchString(t) {
			return fmt.Errorf("%s: %s: resource %q is not a type such as AWS::S3::Bucket", c.at("resource"), c.ID, t)
		}
	}
	if len(c.Examples.Pass) == 0 || len(c.Examples.Fail) == 0 || len(c.Examples.Unknown) == 0 {
		return fmt.Errorf("%s: %s: a control needs at least one example each of pass, fail and unknown", c.at("examples"), c.ID)
	}
	return nil
}
