package cloudformation

import (
	"encoding/base64"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// joined gathers the parts of a string. One unknown part makes the whole
// unknown, but it is known not to be empty as soon as one part is not, and
// which resource it points to if it points to exactly one.
type joined struct {
	b       strings.Builder
	unknown bool
	present bool
	reason  string
	ref     string
	prefix  string // what stands before the first unknown part
	known   int    // how much was gathered when the last unknown part came
	suffix  string // how that part ends
	several bool
}

// add takes a part; false means that the value cannot stand in a string.
func (j *joined) add(v any) bool {
	if u, ok := v.(evidence.Unknown); ok {
		j.addUnknown(u)
		return true
	}
	s, ok := textOf(v)
	j.b.WriteString(s)
	j.present = j.present || s != ""
	return ok
}

func (j *joined) addUnknown(u evidence.Unknown) {
	if !j.unknown || j.ref == "" && u.Ref != "" {
		j.reason = u.Reason
	}
	if !j.unknown {
		j.prefix = j.b.String() + u.Prefix
	}
	j.known, j.suffix = j.b.Len(), u.Suffix
	j.unknown = true
	j.present = j.present || u.Present
	if u.Ref != "" && j.ref != "" && u.Ref != j.ref {
		j.several = true
	}
	if j.ref == "" {
		j.ref = u.Ref
	}
}

func (j *joined) value() any {
	if !j.unknown {
		return resolved(j.b.String())
	}
	u := evidence.Unknown{Reason: j.reason, Present: j.present, Ref: j.ref, Prefix: j.prefix, Suffix: j.suffix + j.b.String()[j.known:]}
	if j.several {
		u.Ref = ""
	}
	if strings.Contains(u.Prefix, "{{") || strings.Contains(u.Suffix, "}}") {
		u.Prefix, u.Suffix = "", "" // a dynamic reference, which the deployment replaces
	}
	return u
}

// resolved is the text, or unknown where it holds a dynamic reference such as
// {{resolve:ssm:/path}}, which only the deployment replaces.
func resolved(s string) any {
	_, reference, found := strings.Cut(s, "{{resolve:")
	if !found {
		return s
	}
	reason := "dynamic reference"
	if service, _, ok := strings.Cut(reference, ":"); ok {
		reason += " to " + service
	}
	return evidence.Unknown{Reason: reason, Present: true}
}

// sub takes a template string, or a list of it and a map of values.
func (e *evaluator) sub(arg *node) any {
	template, values := arg, (*node)(nil)
	if arg.kind == list {
		args := e.arguments("Fn::Sub", arg, 2, 2)
		if args == nil {
			return nil
		}
		template, values = args[0].value, args[1].value
		if values.kind != object {
			return e.fail(values, "the second value of Fn::Sub must be a map of names to values")
		}
	}
	if !template.scalar() {
		v := e.eval(template, nil)
		made, ok := v.(string)
		if !ok && !isUnknown(v) {
			return e.fail(template, "Fn::Sub takes a text, or a list of a text and a map")
		}
		if !ok || e.err != nil {
			return v
		}
		template = &node{kind: text, line: template.line, col: template.col, text: made}
	}
	return e.fill(template, values)
}

// fill puts values into the ${…} of a template string.
func (e *evaluator) fill(template, values *node) any {
	var j joined
	rest := template.text
	for {
		before, after, found := strings.Cut(rest, "${")
		j.add(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return e.fail(template, "Fn::Sub has a ${ that is not closed")
		}
		rest = tail
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			j.add("${" + literal + "}")
			continue
		}
		v := e.variable(template, values, strings.TrimSpace(name))
		if s, _ := v.(string); !e.spend(template, len(s)+len(before)) {
			return nil
		}
		if !j.add(v) {
			return e.fail(template, "Fn::Sub cannot put ${%s} into a text: it is not a single value", name)
		}
	}
	if e.err != nil {
		return nil
	}
	return j.value()
}

// variable is one ${name} of Fn::Sub.
func (e *evaluator) variable(n, values *node, name string) any {
	if v := e.lookup(values, name); v != nil {
		return e.single(e.eval(v, nil))
	}
	if strings.Contains(name, ".") {
		return e.getAtt(&node{kind: text, line: n.line, col: n.col, text: name})
	}
	if name == "" {
		return e.fail(n, "Fn::Sub has an empty ${}")
	}
	return e.single(e.refName("Fn::Sub", n, name))
}

// single lets a removed value stand as the empty text in a string.
func (e *evaluator) single(v any) any {
	switch v.(type) {
	case noValue, nil:
		return ""
	}
	return v
}

// join takes [delimiter, list].
func (e *evaluator) join(arg *node) any {
	args := e.arguments("Fn::Join", arg, 2, 2)
	if args == nil {
		return nil
	}
	delimiter, ok := textOf(e.eval(args[0].value, nil))
	if args[0].value.kind == null {
		ok = true
	}
	if !ok {
		return e.fail(args[0].value, "the delimiter of Fn::Join must be a text")
	}
	var j joined
	switch items := e.eval(args[1].value, nil).(type) {
	case []any:
		certain := false // an item is surely there
		for i, v := range items {
			if s, _ := v.(string); !e.spend(arg, len(s)+len(delimiter)) {
				return nil
			}
			there := !mayBeAbsent(items[i : i+1])
			if certain && there { // else the delimiter may go with the item that does
				j.add(delimiter)
			}
			if certain = certain || there; !j.add(v) {
				return e.fail(args[1].value, "Fn::Join cannot join value %d: it is not a single value", i+1)
			}
		}
	case evidence.Unknown:
		j.addUnknown(items)
		j.present = items.Present && items.Ref != ""
	default:
		return e.fail(args[1].value, "the second value of Fn::Join must be a list")
	}
	return j.value()
}

// split takes [delimiter, text].
func (e *evaluator) split(arg *node) any {
	args := e.arguments("Fn::Split", arg, 2, 2)
	if args == nil {
		return nil
	}
	delimiter := args[0].value
	if !delimiter.scalar() || delimiter.text == "" {
		return e.fail(delimiter, "the delimiter of Fn::Split must be a text that is not empty")
	}
	v := e.eval(args[1].value, nil)
	if u, ok := v.(evidence.Unknown); ok {
		u.Present = true // at least the one empty part
		return u
	}
	source, ok := textOf(v)
	if !ok {
		return e.fail(args[1].value, "Fn::Split takes a text")
	}
	parts := strings.Split(source, delimiter.text)
	if e.budget -= len(parts); e.budget < 0 {
		return e.fail(arg, "Fn::Split makes more than %d values", e.opt.maxNodes())
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

func (e *evaluator) base64(arg *node) any {
	v := e.eval(arg, nil)
	if isUnknown(v) || e.err != nil {
		return v
	}
	s, ok := textOf(v)
	if !ok {
		return e.fail(arg, "Fn::Base64 takes a text")
	}
	if !e.spend(arg, 2*len(s)) {
		return nil
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}
