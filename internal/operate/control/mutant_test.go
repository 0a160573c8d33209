package control

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
)

// TestMutants spoils each control a little, in one place at a time, and asks its
// examples whether they notice. A mutant that they let pass is a fault which they
// would let pass too. It takes a minute, so CI asks for it with HOLDFAST_CI=1.
func TestMutants(t *testing.T) {
	if os.Getenv("HOLDFAST_CI") == "" {
		t.Skip("a minute of work; set HOLDFAST_CI=1 to run it")
	}
	controls, err := Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	unnoticed := readUnnoticed(t)
	byCheck, byBoth := map[string][]check.Control{}, map[string][]check.Control{}
	for _, c := range controls {
		byCheck[c.Check] = append(byCheck[c.Check], c)
		byBoth[c.Check+"\x00"+c.When] = append(byBoth[c.Check+"\x00"+c.When], c)
	}
	for _, c := range controls {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			survives := func(m mutant, family []check.Control) {
				switch {
				case family[0].ID != c.ID || m.noticed(family): // a family is tested once
				case unnoticed[c.ID+": "+m.what]:
					seen[c.ID+": "+m.what] = true
				default:
					t.Errorf("no example notices: %s", m.what)
				}
			}
			for _, m := range mutantsOf(c.Check) {
				m.field = "check"
				survives(m, byCheck[c.Check])
			}
			for _, m := range append(mutantsOf(c.When), mutant{what: "no when", sources: []string{""}}) {
				m.field = "when"
				if c.When != "" {
					survives(m, byBoth[c.Check+"\x00"+c.When])
				}
			}
			for what := range unnoticed {
				if strings.HasPrefix(what, c.ID+": ") && !seen[what] {
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

// mutant is an expression with one fault, and where it is: the words around it.
// Where a default is spoilt, in one direction and the other, it is enough that
// one of them is noticed.
type mutant struct {
	what    string
	field   string
	sources []string
}

// noticed tells whether an example of any of the controls, which have the
// expression in common, comes out differently.
func (m mutant) noticed(family []check.Control) bool {
	for _, source := range m.sources {
		for _, c := range family {
			if m.field == "check" {
				c.Check = source
			} else {
				c.When = source
			}
			if check.Test([]check.Control{c}, Options(nil)) != nil {
				return true
			}
		}
	}
	return false
}

type token struct {
	text       string
	start, end int
}

var tokens = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_][A-Za-z_0-9]*|[0-9]+|&&|\|\||[=!<>]=|[^\s]`)

func tokenise(source string) []token {
	var out []token
	for _, at := range tokens.FindAllStringIndex(source, -1) {
		out = append(out, token{source[at[0]:at[1]], at[0], at[1]})
	}
	return out
}

var opposites = map[string][]string{
	"==": {"!="}, "!=": {"=="}, "<": {">=", "<="}, "<=": {">", "<"}, ">": {"<=", ">="}, ">=": {"<", ">"},
	"true": {"false"}, "false": {"true"}, "exists": {"all"}, "all": {"exists"},
}

// mutantsOf makes every single fault: a comparison turned around or off by one, a
// side of && or || dropped, a literal changed, a negation taken off, exists and
// all exchanged.
func mutantsOf(source string) []mutant {
	list := tokenise(source)
	var out []mutant
	fault := func(what string, start, end int, with ...string) {
		m := mutant{what: what}
		for _, text := range with {
			m.sources = append(m.sources, source[:start]+text+source[end:])
		}
		out = append(out, m)
	}
	for i, tok := range list {
		where := around(list, i)
		if with := opposites[tok.text]; with != nil && (tok.text != "exists" && tok.text != "all" || overMany(list, i)) {
			for _, other := range with {
				fault(tok.text+" → "+other+" in "+where, tok.start, tok.end, other)
			}
		}
		switch {
		case tok.text == "!":
			fault("without ! in "+where, tok.start, tok.end, "")
		case tok.text == "&&" || tok.text == "||":
			left, right := operands(list, i)
			if tok.text == "||" || list[left].text != "has" || closes(list, left+1) != i-1 { // a guard against errors, which another test watches
				fault("without what is left of "+where, list[left].start, list[i+1].start, "")
			}
			fault("without what is right of "+where, list[i-1].end, list[right].end, "")
		case tok.text[0] == '"' || tok.text[0] == '\'':
			if worthChanging(list, i) {
				fault(tok.text+" changed in "+where, tok.start, tok.end, tok.text[:len(tok.text)-1]+"~"+tok.text[:1])
			}
		case tok.text[0] >= '0' && tok.text[0] <= '9':
			if i >= 2 && list[i-2].text == "orValue" {
				fault("default "+tok.text+" in "+where, tok.start, tok.end, "99999", "-99999")
			} else if n, err := strconv.Atoi(tok.text); err == nil && !(i >= 2 && list[i-1].text == "-" && list[i-2].text == "(") {
				fault(fmt.Sprintf("%d → %d in %s", n, n+1, where), tok.start, tok.end, strconv.Itoa(n+1))
			}
		}
	}
	return out
}

// closes finds the bracket that closes the one at open.
func closes(list []token, open int) int {
	depth := 0
	for i := open; i < len(list); i++ {
		switch list[i].text {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return len(list)
}

// overMany tells whether exists or all runs over a list that may have several
// elements; [x].exists(y, …) only gives x a name.
func overMany(list []token, i int) bool {
	if i < 2 || list[i-1].text != "." || i+1 >= len(list) || list[i+1].text != "(" {
		return false
	}
	if list[i-2].text != "]" {
		return true
	}
	depth, commas := 0, 0
	for j := i - 2; j >= 0; j-- {
		switch list[j].text {
		case "]", ")", "}":
			depth++
		case "[", "(", "{":
			depth--
		case ",":
			if depth == 1 {
				commas++
			}
		}
		if depth == 0 {
			return commas > 0 || j > 0 && (list[j-1].text == ")" || list[j-1].text == "." || list[j-1].text[0] >= 'A')
		}
	}
	return true
}

// worthChanging passes over strings whose change says nothing: paths and types
// that the compiler checks, the middle of long lists, and defaults that are
// compared with other values only.
func worthChanging(list []token, i int) bool {
	text := list[i].text
	switch {
	case len(text) == 2:
		return false
	case strings.Contains(text, "::") && !strings.Contains(text, "arn:"), i >= 2 && list[i-1].text == "," && strings.Contains(list[i-2].text, "::"):
		return false
	case i >= 2 && list[i-2].text == "orValue":
		return slices.ContainsFunc(append(list[:i:i], list[i+1:]...), func(t token) bool { return t.text == text })
	}
	middle := func(a, b, c, d int) bool {
		return a >= 0 && d < len(list) && list[a].text == "," && list[b].text == "," && list[c].text == "," && list[d].text == ","
	}
	return !middle(i-3, i-1, i+1, i+3)
}

// around are the words next to a token, by which a person finds it.
func around(list []token, i int) string {
	var words []string
	for _, tok := range list[max(0, i-4):min(len(list), i+5)] {
		words = append(words, tok.text)
	}
	return strings.Join(words, " ")
}

// operands finds the first token of the left operand and the last of the right
// one of a logical operator.
func operands(list []token, at int) (left, right int) {
	stops := func(text string) bool {
		return text == "," || text == "?" || text == ":" || text == "||" && list[at].text == "&&"
	}
	depth := 0
	for left = at - 1; left >= 0; left-- {
		switch text := list[left].text; {
		case text == ")" || text == "]" || text == "}":
			depth++
		case text == "(" || text == "[" || text == "{":
			depth--
		case depth == 0 && (stops(text) && !isOptional(list, left) || text == list[at].text):
			depth = -1
		}
		if depth < 0 {
			break
		}
	}
	depth = 0
	for right = at + 1; right < len(list); right++ {
		switch text := list[right].text; {
		case text == "(" || text == "[" || text == "{":
			depth++
		case text == ")" || text == "]" || text == "}":
			depth--
		case depth == 0 && (stops(text) && !isOptional(list, right) || text == list[at].text):
			depth = -1
		}
		if depth < 0 {
			break
		}
	}
	return left + 1, right - 1
}

// isOptional tells .? and [? from the ? of a condition.
func isOptional(list []token, i int) bool {
	return list[i].text == "?" && i > 0 && (list[i-1].text == "." || list[i-1].text == "[")
}
