package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Expectation is an assertion about who may do what. Principals, actions and
// resources are taken in all combinations.
type Expectation struct {
	Name       string
	File       string
	Line       int
	Principals []string
	Actions    []string
	Resources  []string
	About      Circumstances
	Expect     string   // Allowed, Denied, ExplicitlyDenied, ImplicitlyDenied or Unknown; "" with Only
	Only       []string // nobody but these may
	exclusive  bool     // Only was given, be it empty
}

// Verdict is how one combination of an expectation came out.
type Verdict struct {
	Expectation *Expectation
	Case        string // what was asked, in words
	Want, Got   string
	Why         string
	Others      []string // who may besides those that an only names, or may perhaps
	OK          bool
}

// Limits of a file of expectations.
const (
	maxExpectations = 4 << 20
	maxCases        = 10_000
)

// expectationFile is a file: a list, or a list with what holds for all of it.
type expectationFile struct {
	Context    map[string]words  `yaml:"context"`
	Absent     words             `yaml:"absent"`
	Assertions []expectationYAML `yaml:"assertions"`
}

type expectationYAML struct {
	Name       string           `yaml:"name"`
	Principal  words            `yaml:"principal"`
	Principals words            `yaml:"principals"`
	Action     words            `yaml:"action"`
	Actions    words            `yaml:"actions"`
	Resource   words            `yaml:"resource"`
	Resources  words            `yaml:"resources"`
	Context    map[string]words `yaml:"context"`
	Unknown    words            `yaml:"unknown"`
	Present    words            `yaml:"present"`
	Absent     words            `yaml:"absent"`
	Expect     string           `yaml:"expect"`
	Only       *words           `yaml:"only"`
}

// words is one text or a list of them; true and 5 are taken as they are written.
type words []string

func (w *words) UnmarshalYAML(n *yaml.Node) error {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	*w = words{}
	for _, e := range list {
		if e.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a text or a list of texts is expected", e.Line)
		}
		*w = append(*w, e.Value)
	}
	return nil
}

// LoadExpectations reads a file of assertions.
func LoadExpectations(name string) ([]Expectation, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, Usage(err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxExpectations+1))
	if err != nil {
		return nil, Usage(err)
	}
	list, err := ParseExpectations(name, data)
	return list, Usage(err)
}

// ParseExpectations reads assertions; the name stands in errors.
func ParseExpectations(name string, data []byte) ([]Expectation, error) {
	if len(data) > maxExpectations {
		return nil, fmt.Errorf("%s is larger than the %d bytes that are read of a file of assertions", name, maxExpectations)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, fmt.Errorf("%s:%s", name, placed(yamlText(err)))
	}
	if root.Kind == 0 || len(root.Content) == 0 {
		return nil, fmt.Errorf("%s holds no assertion; see `holdfast iam expect --help` for the form", name)
	}
	var file expectationFile
	list := root.Content[0]
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	var into any = &file
	if list.Kind == yaml.SequenceNode {
		into = &file.Assertions
	}
	if err := strict.Decode(into); err != nil {
		return nil, fmt.Errorf("%s:%s", name, expectNoise.Replace(yamlText(err)))
	}
	if list.Kind == yaml.MappingNode {
		list = valueOf(list, "assertions")
	}
	if list == nil || len(file.Assertions) == 0 {
		return nil, fmt.Errorf("%s holds no assertion; see `holdfast iam expect --help` for the form", name)
	}
	out := make([]Expectation, len(file.Assertions))
	var faults []error
	for i := range out {
		var err error
		if out[i], err = file.Assertions[i].expectation(&file); err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, list.Content[i].Line, err))
		}
		out[i].File, out[i].Line = name, list.Content[i].Line
	}
	return out, errors.Join(faults...)
}

// placed sets off a text that does not begin with the line it is about.
func placed(text string) string {
	if text != "" && text[0] >= '0' && text[0] <= '9' {
		return text
	}
	return " " + text
}

var expectNoise = strings.NewReplacer(" in type app.expectationYAML", "", " in type app.expectationFile", "")

func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

var expectable = []string{"Allowed", "Denied", "ExplicitlyDenied", "ImplicitlyDenied", "Unknown"}

func (y *expectationYAML) expectation(file *expectationFile) (Expectation, error) {
	x := Expectation{
		Name: y.Name, Principals: slices.Concat(y.Principal, y.Principals), Actions: slices.Concat(y.Action, y.Actions), Resources: slices.Concat(y.Resource, y.Resources),
		About: Circumstances{Values: map[string][]string{}, Unknown: y.Unknown, Present: y.Present, Absent: slices.Concat(file.Absent, y.Absent)},
	}
	for _, context := range []map[string]words{file.Context, y.Context} {
		for key, values := range context {
			x.About.Values[key] = values
		}
	}
	if y.Only != nil {
		x.Only, x.exclusive = *y.Only, true
	}
	for _, e := range expectable {
		if strings.EqualFold(e, y.Expect) {
			x.Expect = e
		}
	}
	switch {
	case len(x.Actions) == 0 || len(x.Resources) == 0:
		return x, errors.New("an assertion needs an action and a resource")
	case x.exclusive && (len(x.Principals) > 0 || y.Expect != ""):
		return x, errors.New("only says who may, and that nobody else does; leave out principal and expect")
	case !x.exclusive && len(x.Principals) == 0:
		return x, errors.New("an assertion needs a principal, or only with those who may")
	case !x.exclusive && x.Expect == "":
		return x, fmt.Errorf("expect: %q is not one of %s", y.Expect, strings.Join(expectable, ", "))
	case max(1, len(x.Principals))*len(x.Actions)*len(x.Resources) > maxCases:
		return x, fmt.Errorf("more than %d combinations; split the assertion", maxCases)
	}
	if x.Name == "" {
		x.Name = x.title()
	}
	return x, nil
}

// title names an assertion that has no name.
func (x *Expectation) title() string {
	who := strings.Join(x.Principals, ", ")
	if x.exclusive {
		who = "only " + strings.Join(x.Only, ", ")
	}
	return fmt.Sprintf("%s: %s on %s", who, strings.Join(x.Actions, ", "), strings.Join(x.Resources, ", "))
}

// Check asks the estate every combination. A principal or resource that is not
// known makes the assertion wrong, not the file.
func (x *Expectation) Check(e *access.Estate) []Verdict {
	var out []Verdict
	for _, action := range x.Actions {
		for _, resource := range x.Resources {
			if x.exclusive {
				out = append(out, x.only(e, action, resource))
				continue
			}
			for _, principal := range x.Principals {
				out = append(out, x.one(e, principal, action, resource))
			}
		}
	}
	return out
}

// Doubts are what of the assertion was most likely not meant. A misspelt action
// is denied to most, so that an assertion about it would hold for ever.
func (x *Expectation) Doubts(e *access.Estate) []string {
	var out []string
	for _, name := range x.Actions {
		for _, resource := range x.Resources {
			arn := "*"
			if o, err := e.FindObject(resource); err == nil {
				arn = o.ARN
			}
			for _, text := range Doubts(name, arn, x.About) {
				if !slices.Contains(out, text) {
					out = append(out, text)
				}
			}
		}
	}
	return out
}

func (x *Expectation) one(e *access.Estate, principal, action, resource string) Verdict {
	v := Verdict{Expectation: x, Case: fmt.Sprintf("%s, %s on %s", principal, action, resource), Want: x.Expect}
	a, err := Ask(e, principal, action, resource, x.About)
	if err != nil {
		v.Got, v.Why = "an error", err.Error()
		return v
	}
	v.Got, v.OK = a.Decision.String(), x.meets(a)
	v.Why = a.Why()
	return v
}

// meets tells whether an answer is as expected. Denied is either denial, also
// where it is not known which.
func (x *Expectation) meets(a *Asked) bool {
	if x.Expect == "Denied" {
		return a.Allowed == kleene.False
	}
	return a.Decision.String() == x.Expect
}

// only checks that nobody but those named may, so far as is known.
func (x *Expectation) only(e *access.Estate, action, resource string) Verdict {
	v := Verdict{Expectation: x, Case: fmt.Sprintf("%s on %s", action, resource), Want: "only " + strings.Join(x.Only, ", ")}
	if len(x.Only) == 0 {
		v.Want = "nobody"
	}
	named := map[string]bool{}
	for _, name := range x.Only {
		s, err := e.Find(name)
		if err != nil {
			v.Got, v.Why = "an error", err.Error()
			return v
		}
		named[s.Name()] = true
	}
	answer, err := WhoCan(e, action, resource, x.About)
	if err != nil {
		v.Got, v.Why = "an error", err.Error()
		return v
	}
	for _, w := range slices.Concat(answer.Inside, answer.Outside) {
		if named[w.Subject.Name()] {
			continue
		}
		text := w.Subject.Name() + " too"
		if w.Outcome.Decision == iam.Unknown {
			text = w.Subject.Name() + " perhaps"
		}
		v.Others = append(v.Others, text)
	}
	v.OK = len(v.Others) == 0
	v.Got = strings.Join(v.Others[:min(len(v.Others), 5)], ", ")
	if more := len(v.Others) - 5; more > 0 {
		v.Got += fmt.Sprintf(" and %d more", more)
	}
	return v
}
