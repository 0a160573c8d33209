package policy

import "strings"

func (r *reader) conditions(s *Statement, n node, path string) {
	if n.kind != objectNode {
		s.Unseen |= ConditionPart
		r.wrong(n, path, "an object of operators")
		return
	}
	seen := map[string]field{}
	for _, f := range n.fields {
		if first, twice := seen[strings.ToLower(f.name)]; twice {
			r.report(DuplicateKey, f.at, path, "%s stands here a second time (first in line %d); AWS keeps one only, so put all keys into one", f.name, first.at.Line)
		}
		seen[strings.ToLower(f.name)] = f
		r.operator(s, f, join(path, f.name))
	}
}

func (r *reader) operator(s *Statement, f field, path string) {
	if f.value.kind != objectNode {
		s.Unseen |= ConditionPart
		r.wrong(f.value, path, "an object of condition keys")
		return
	}
	op, ok := ParseOperator(f.name)
	if !ok && len(f.value.fields) > 0 { // AWS overlooks operators that compare nothing
		r.unknownOperator(f, path)
	}
	seen := map[string]field{}
	for _, k := range f.value.fields {
		if first, twice := seen[strings.ToLower(k.name)]; twice {
			r.report(DuplicateKey, k.at, path, "the key %s stands here a second time (first in line %d; keys are compared without regard to case); put all values into one list", quote(k.name), first.at.Line)
		}
		seen[strings.ToLower(k.name)] = k
		if k.name == "" {
			r.report(InvalidKey, k.at, path, "a condition key without a name")
		}
		c := Condition{Operator: f.name, Key: k.name, Position: k.at}
		r.values(&c, op.Base, k.value, join(path, k.name))
		s.Conditions = append(s.Conditions, c)
	}
}

func (r *reader) unknownOperator(f field, path string) {
	base := f.name
	if n := len(base) - len("IfExists"); n > 0 && strings.EqualFold(base[n:], "IfExists") {
		if op, ok := ParseOperator(base[:n]); ok && op.Base == Null {
			r.report(NullIfExists, f.at, path, "Null already asks whether the key exists; leave IfExists out")
			return
		}
	}
	names := []string{}
	for _, b := range Bases() {
		names = append(names, b.String())
	}
	hint := Nearest(base, names)
	if hint != "" {
		hint = "; did you mean " + hint + "?"
	}
	r.report(UnknownOperator, f.at, path, "%s is not a condition operator%s", quote(f.name), hint)
}

// values reads what the key is compared with. Numbers and booleans may stand
// without quotes.
func (r *reader) values(c *Condition, b Base, n node, path string) {
	for _, item := range many(n) {
		switch item.kind {
		case stringNode, numberNode, boolNode:
			c.Values = append(c.Values, Text{Value: item.text, Position: item.at})
			if message := checkValue(b, item.text); message != "" {
				r.report(InvalidValue, item.at, path, "%s", message)
			}
		default:
			c.Unseen = true
			r.wrong(item, path, "a string, number or boolean")
		}
	}
}

// Nearest is the name that differs least from what was written, if any is close.
func Nearest(got string, names []string) string {
	best, least := "", 3
	for _, name := range names {
		if d := distance(strings.ToLower(got), strings.ToLower(name), least); d < least {
			best, least = name, d
		}
	}
	return best
}

// distance counts the letters to change, add or leave out between two words, up
// to a limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := before
			if a[i-1] != b[j-1] {
				cost++
			}
			before = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return min(row[len(b)], limit)
}
