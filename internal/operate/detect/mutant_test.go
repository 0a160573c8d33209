package detect_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// TestMutants spoils each detection a little, in one place at a time, and asks its
// examples whether they notice. A mutant that they let pass is a fault which they
// would let pass too. It takes a while, so CI asks for it with HOLDFAST_CI=1;
// HOLDFAST_MUTANTS=folder/ or =name picks some.
func TestMutants(t *testing.T) {
	only := os.Getenv("HOLDFAST_MUTANTS")
	if os.Getenv("HOLDFAST_CI") == "" && only == "" {
		t.Skip("a while of work; set HOLDFAST_CI=1 to run it")
	}
	all, o := knowledge(t)
	unnoticed := readUnnoticed(t)
	for i := range all {
		x := &all[i]
		if only != "" && !strings.Contains(x.File, only) {
			continue
		}
		t.Run(x.Name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for _, m := range mutantsOf(t, x) {
				known := x.Name + ": " + m.what
				switch {
				case m.noticed(x, o):
				case unnoticed[known]:
					seen[known] = true
				default:
					t.Errorf("%s: no example notices: %s", x.File, m.what)
				}
			}
			for what := range unnoticed {
				if strings.HasPrefix(what, x.Name+": ") && !seen[what] {
					t.Errorf("%q is noticed by now, or is no mutant any more; take it out of %s", what, unnoticedFile)
				}
			}
		})
	}
}

const unnoticedFile = "testdata/unnoticed.txt"

// readUnnoticed reads the mutants that are known to pass: one a line.
func readUnnoticed(t *testing.T) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(unnoticedFile)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out[line] = true
		}
	}
	return out
}

// mutant is a file with one fault.
type mutant struct {
	what string
	text func() []byte
}

// noticed tells whether an example comes out differently, or the file is refused.
func (m *mutant) noticed(x *detect.Detection, o detect.Options) bool {
	spoilt, faults := detect.Parse(x.File, m.text())
	if len(faults) > 0 || len(spoilt) != 1 {
		return true
	}
	return slices.ContainsFunc(detect.Try(&spoilt[0], o), func(t detect.Trial) bool { return !t.Passed() })
}

// spoiler makes mutants of a file: each change is done to a fresh copy.
type spoiler struct {
	t    *testing.T
	data []byte
	all  []mutant
}

func mutantsOf(t *testing.T, x *detect.Detection) []mutant {
	data, err := fs.ReadFile(catalog.Files, x.File)
	if err != nil {
		t.Fatal(err)
	}
	s := &spoiler{t: t, data: data}
	for i, doc := range s.documents() {
		at := func(docs []*yaml.Node) *yaml.Node { return docs[i] }
		if n := child(doc, "detection"); n != nil {
			s.detection(n, func(docs []*yaml.Node) *yaml.Node { return child(at(docs), "detection") })
		}
		if n := child(doc, "correlation"); n != nil {
			s.correlation(n, func(docs []*yaml.Node) *yaml.Node { return child(at(docs), "correlation") })
		}
		if n := child(doc, "params"); n != nil {
			s.params(n, func(docs []*yaml.Node) *yaml.Node { return child(at(docs), "params") })
		}
	}
	return s.all
}

func (s *spoiler) documents() (docs []*yaml.Node) {
	d := yaml.NewDecoder(bytes.NewReader(s.data))
	for {
		var n yaml.Node
		if d.Decode(&n) != nil {
			return docs
		}
		if len(n.Content) == 1 {
			docs = append(docs, n.Content[0])
		}
	}
}

// way leads to a node in a copy of the file.
type way func(docs []*yaml.Node) *yaml.Node

func (w way) to(key string) way {
	return func(docs []*yaml.Node) *yaml.Node { return child(w(docs), key) }
}

func (w way) at(i int) way {
	return func(docs []*yaml.Node) *yaml.Node { return w(docs).Content[i] }
}

func (s *spoiler) spoil(what string, w way, change func(*yaml.Node)) {
	s.all = append(s.all, mutant{what, func() []byte {
		docs := s.documents()
		change(w(docs))
		var out bytes.Buffer
		e := yaml.NewEncoder(&out)
		for _, doc := range docs {
			if err := e.Encode(doc); err != nil {
				s.t.Error(err)
			}
		}
		return out.Bytes()
	}})
}

func child(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

func (s *spoiler) detection(n *yaml.Node, w way) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch name := n.Content[i].Value; name {
		case "condition":
			s.condition(n.Content[i+1].Value, w.to("condition"))
		case "timeframe":
		default:
			s.search(name, n.Content[i+1], w.to(name))
		}
	}
}

// search spoils the items of one search.
func (s *spoiler) search(name string, n *yaml.Node, w way) {
	switch n.Kind {
	case yaml.SequenceNode: // any of several mappings, or keywords
		for i, c := range n.Content {
			if len(n.Content) > 1 {
				s.spoil(fmt.Sprintf("%s: without entry %d", name, i+1), w, func(n *yaml.Node) { n.Content = slices.Delete(n.Content, i, i+1) })
			}
			if c.Kind == yaml.MappingNode {
				s.search(fmt.Sprintf("%s[%d]", name, i+1), c, w.at(i))
			}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.item(name, n, i, w)
		}
	}
}

// item spoils one item: it is taken out, asks for no more than that the field is there,
// or loses one of its values.
func (s *spoiler) item(search string, n *yaml.Node, i int, w way) {
	key, value := n.Content[i].Value, n.Content[i+1]
	where := search + "." + key
	field, modifiers, _ := strings.Cut(key, "|")
	if len(n.Content) > 2 {
		s.spoil(where+": taken out", w, func(n *yaml.Node) { n.Content = slices.Delete(n.Content, i, i+2) })
	}
	isNull := value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null"
	if !strings.Contains(modifiers, "exists") && !isNull && field != "" {
		s.spoil(where+": asks for presence alone", w, func(n *yaml.Node) {
			n.Content[i].Value = field + "|exists"
			n.Content[i+1] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}
		})
	}
	if strings.Contains(modifiers, "exists") {
		s.spoil(where+": turned around", w.at(i+1), func(n *yaml.Node) { n.Value = strconv.FormatBool(n.Value != "true") })
	}
	if value.Kind != yaml.SequenceNode || len(value.Content) < 2 {
		return
	}
	for k, v := range value.Content {
		if k != 0 && k != len(value.Content)-1 { // the middle of a list is like its ends
			continue
		}
		s.spoil(fmt.Sprintf("%s: without %s", where, v.Value), w.at(i+1), func(n *yaml.Node) { n.Content = slices.Delete(n.Content, k, k+1) })
	}
}

var conditionTokens = regexp.MustCompile(`[()]|[^\s()]+`)

// condition spoils how searches join: and and or are exchanged, an operand is left out,
// 1 of and all of are exchanged.
func (s *spoiler) condition(text string, w way) {
	tokens := conditionTokens.FindAllString(text, -1)
	with := func(what string, tokens []string) {
		s.spoil("condition: "+what, w, func(n *yaml.Node) { n.Value = strings.Join(tokens, " ") })
	}
	replaced := func(i int, by string) []string {
		out := slices.Clone(tokens)
		out[i] = by
		return out
	}
	for i, tok := range tokens {
		switch strings.ToLower(tok) {
		case "and":
			with(fmt.Sprintf("or for and behind %s", tokens[i-1]), replaced(i, "or"))
			end := operandEnd(tokens, i+1)
			with(fmt.Sprintf("without %s", strings.Join(tokens[i+1:end], " ")), slices.Delete(slices.Clone(tokens), i, end))
		case "or":
			with(fmt.Sprintf("and for or behind %s", tokens[i-1]), replaced(i, "and"))
			end := operandEnd(tokens, i+1)
			with(fmt.Sprintf("without %s", strings.Join(tokens[i+1:end], " ")), slices.Delete(slices.Clone(tokens), i, end))
		case "not":
			with(fmt.Sprintf("without not before %s", tokens[i+1]), slices.Delete(slices.Clone(tokens), i, i+1))
		case "1", "all":
			if i+1 < len(tokens) && strings.EqualFold(tokens[i+1], "of") {
				with(fmt.Sprintf("%s of turned around", tok), replaced(i, map[string]string{"1": "all", "all": "1"}[strings.ToLower(tok)]))
			}
		}
	}
}

// operandEnd finds the end of the operand that starts at i.
func operandEnd(tokens []string, i int) int {
	for i < len(tokens) && strings.EqualFold(tokens[i], "not") {
		i++
	}
	if i+2 < len(tokens) && strings.EqualFold(tokens[i+1], "of") {
		return i + 3
	}
	depth := 0
	for ; i < len(tokens); i++ {
		switch tokens[i] {
		case "(":
			depth++
		case ")":
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(tokens)
}

// correlation spoils bounds, the time span and what groups.
func (s *spoiler) correlation(n *yaml.Node, w way) {
	if c := child(n, "condition"); c != nil && c.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(c.Content); i += 2 {
			bound, err := strconv.Atoi(c.Content[i+1].Value)
			if err != nil {
				continue
			}
			for _, other := range []int{bound - 1, bound + 1} {
				if other == 0 {
					continue // no group is without an event
				}
				s.spoil(fmt.Sprintf("correlation: %s %d", c.Content[i].Value, other), w.to("condition").at(i+1), func(n *yaml.Node) { n.Value = strconv.Itoa(other) })
			}
		}
	}
	if span := child(n, "timespan"); span != nil {
		unit := span.Value[len(span.Value)-1:]
		if number, err := strconv.Atoi(strings.TrimSuffix(span.Value, unit)); err == nil {
			s.spoil("correlation: ten times the timespan", w.to("timespan"), func(n *yaml.Node) { n.Value = strconv.Itoa(10*number) + unit })
			s.spoil("correlation: a timespan of a second", w.to("timespan"), func(n *yaml.Node) { n.Value = "1s" })
		}
	}
	if group := child(n, "group-by"); group != nil && group.Kind == yaml.SequenceNode {
		for i, f := range group.Content {
			s.spoil("correlation: not grouped by "+f.Value, w, func(n *yaml.Node) {
				group := child(n, "group-by")
				if group.Content = slices.Delete(group.Content, i, i+1); len(group.Content) == 0 {
					*n = *without(n, "group-by")
				}
			})
		}
	}
}

func without(n *yaml.Node, key string) *yaml.Node {
	out := *n
	out.Content = nil
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value != key {
			out.Content = append(out.Content, n.Content[i], n.Content[i+1])
		}
	}
	return &out
}

// params spoils the numbers of an analytic, by a factor of ten: what lies closer is for the tests of
// its engine.
func (s *spoiler) params(n *yaml.Node, w way) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i].Value, n.Content[i+1]
		number, err := strconv.ParseFloat(value.Value, 64)
		if err != nil || value.Kind != yaml.ScalarNode || value.ShortTag() == "!!str" {
			continue
		}
		for what, factor := range map[string]float64{"ten times": 10, "a tenth of": 0.1} {
			s.spoil(fmt.Sprintf("params: %s %s", what, name), w.to(name), func(n *yaml.Node) {
				if n.Value = strconv.FormatFloat(number*factor, 'f', -1, 64); n.ShortTag() == "!!int" {
					n.Value = strconv.Itoa(int(number * factor))
				}
			})
		}
	}
}

// TestMutantsAreMade keeps the spoiler from going blind.
func TestMutantsAreMade(t *testing.T) {
	all, _ := knowledge(t)
	made := 0
	for i := range all {
		n := len(mutantsOf(t, &all[i]))
		if n == 0 && all[i].Analytic == "" {
			t.Errorf("%s: no mutant was made of it", path.Base(all[i].File))
		}
		made += n
	}
	if made < 5*len(all) {
		t.Errorf("%d mutants of %d detections", made, len(all))
	}
}
