package iam_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// truthLine is a line of a table that says something, and where it stands.
type truthLine struct {
	number   int
	indented bool
	text     string
}

func truthTable(t *testing.T, name string) []truthLine {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "truth", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out []truthLine
	scanner := bufio.NewScanner(file)
	for n := 1; scanner.Scan(); n++ {
		text := strings.TrimSpace(scanner.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		out = append(out, truthLine{n, scanner.Text()[0] == ' ', text})
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// forms are the columns of conditions.txt: what stands around the operator.
var forms = []struct{ before, after string }{{"", ""}, {"", "IfExists"}, {"ForAllValues:", ""}, {"ForAnyValue:", ""}, {"ForAllValues:", "IfExists"}, {"ForAnyValue:", "IfExists"}}

// Every operator in every form against a key that is absent, has values, or was not
// seen, under Allow and under Deny.
func TestTruthOfConditions(t *testing.T) {
	var operator string
	var values []string
	cells := 0
	for _, line := range truthTable(t, "conditions.txt") {
		if !line.indented {
			name, list, ok := strings.Cut(line.text, ": ")
			if !ok {
				t.Fatalf("conditions.txt:%d: %q lacks the values of the policy", line.number, line.text)
			}
			operator, values = name, strings.Split(list, " | ")
			continue
		}
		fields := strings.Fields(line.text)
		if len(fields) <= len(forms) {
			t.Fatalf("conditions.txt:%d: %q lacks columns", line.number, line.text)
		}
		marks := fields[len(fields)-len(forms):]
		given := strings.Join(fields[:len(fields)-len(forms)], " ")
		for i, mark := range marks {
			if mark == "-" {
				continue
			}
			cells++
			name := forms[i].before + operator + forms[i].after
			for _, effect := range []policy.Effect{policy.Allow, policy.Deny} {
				w := conditionWorld(effect, name, values)
				w.give(given)
				checkMark(t, "conditions.txt:"+strconv.Itoa(line.number)+" "+name+" with "+given, w, effect, mark)
			}
		}
	}
	if bases := len(policy.Bases()); cells < bases*10*4 {
		t.Errorf("the table has %d cells; %d operators need more", cells, bases)
	}
}

// One value beside one value, for what operators make of spellings.
func TestTruthOfValues(t *testing.T) {
	for _, line := range truthTable(t, "values.txt") {
		operator, rest, _ := strings.Cut(line.text, " ")
		want, rest := unquote(t, line, rest)
		have, rest := unquote(t, line, rest)
		w := conditionWorld(policy.Allow, operator, []string{want})
		w.context = map[string][]string{"test:key": {have}}
		checkMark(t, "values.txt:"+strconv.Itoa(line.number)+" "+line.text, w, policy.Allow, strings.TrimSpace(rest))
	}
}

func unquote(t *testing.T, line truthLine, s string) (value, rest string) {
	t.Helper()
	s = strings.TrimSpace(s)
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		t.Fatalf("values.txt:%d: %q is not quoted", line.number, s)
	}
	value, err = strconv.Unquote(quoted)
	if err != nil {
		t.Fatalf("values.txt:%d: %v", line.number, err)
	}
	return value, s[len(quoted):]
}

// conditionWorld is a user that may do something if a condition holds, or may do
// it unless the condition holds.
func conditionWorld(effect policy.Effect, operator string, values []string) *world {
	s := policy.Statement{Effect: effect, Actions: texts("test:Do"), Resources: texts("*")}
	s.Conditions = []policy.Condition{{Operator: operator, Key: "Test:Key", Values: texts(values...)}}
	d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}}
	if effect == policy.Deny {
		d.Statements = append(d.Statements, policy.Statement{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")})
	}
	return &world{principal: alice(), action: "test:Do", resource: "arn:aws:test:::thing", account: "111122223333", identity: documents{d}}
}

func alice() *iam.Principal {
	return &iam.Principal{
		Kind: iam.KindUser, ARN: "arn:aws:iam::111122223333:user/team/alice", Account: "111122223333", Name: "alice",
		Tags: map[string]string{"team": "blue"}, TagsSeen: true, OrgSeen: true,
	}
}

func texts(values ...string) []policy.Text {
	out := []policy.Text{}
	for _, v := range values {
		out = append(out, policy.Text{Value: v})
	}
	return out
}

func (w *world) give(given string) {
	switch given {
	case "absent":
	case "empty":
		w.context = map[string][]string{"test:key": {}}
	case "present":
		w.states = map[string]iam.State{"test:key": iam.Present}
	case "unseen":
		w.states = map[string]iam.State{"test:key": iam.Unseen}
	default:
		w.context = map[string][]string{"test:key": strings.Split(given, " | ")}
	}
}

// checkMark compares the engine, and the oracle where all is known, with a cell.
func checkMark(t *testing.T, where string, w *world, effect policy.Effect, mark string) {
	t.Helper()
	var want iam.Decision
	switch {
	case mark == "?":
		want = iam.Unknown
	case mark == "T" && effect == policy.Deny:
		want = iam.ExplicitlyDenied
	case mark == "T" || mark == "F" && effect == policy.Deny:
		want = iam.Allowed
	case mark == "F":
		want = iam.ImplicitlyDenied
	default:
		t.Fatalf("%s: %q is no mark", where, mark)
	}
	if len(w.states) == 0 {
		if got := oracle(w); got != want {
			t.Errorf("%s: the oracle says %v under %s, the table %v", where, got, effect, want)
		}
	}
	if got := w.engine(t).Decision; got != want {
		t.Errorf("%s: the engine says %v under %s, the table %v", where, got, effect, want)
	}
}
