package cloudformation

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

// name is what Ref returns for a resource, as far as the template says it.
type name struct {
	visiting bool
	value    any
}

func (e *evaluator) ref(arg *node) any {
	if !arg.scalar() || arg.text == "" {
		// With language extensions the name may itself be computed.
		if id, ok := e.eval(arg, nil).(string); ok && e.err == nil && arg.kind == object {
			return e.refName("Ref", arg, id)
		}
		return e.fail(arg, "Ref takes the name of a parameter or resource")
	}
	return e.refName("Ref", arg, arg.text)
}

// refName is what the name stands for; who names it is for the error.
func (e *evaluator) refName(who string, n *node, id string) any {
	if p, ok := e.parameters[id]; ok {
		if items, ok := p.value.([]any); ok {
			e.charge(n, len(items))
		}
		return p.value
	}
	if v, ok := e.pseudo[id]; ok {
		return v
	}
	if r, ok := e.resources[id]; ok {
		return e.physicalName(id, r)
	}
	return e.undeclared(who, id, n)
}

func (e *evaluator) undeclared(function, id string, n *node) any {
	if base, _, dotted := strings.Cut(id, "."); dotted && e.resources[base] != nil {
		return e.reference(base) // a resource inside of a module
	}
	if e.open {
		return evidence.Unknown{Reason: id + " is added by a transform or loop that is not expanded", Present: true}
	}
	return e.fail(n, "%s names %q, which is neither a parameter nor a resource of the template; declare it or correct the name", function, id)
}

// reference is the unknown value that stands for something of a resource.
func (e *evaluator) reference(id string) any {
	if v, ok := e.references[id]; ok {
		return v
	}
	v := any(evidence.Unknown{Reason: "reference to " + id, Present: true, Ref: id})
	e.references[id] = v
	return v
}

// physicalName is the literal name of a resource where the template gives one
// and Ref returns just that name.
func (e *evaluator) physicalName(id string, r *node) any {
	n, ok := e.names[id]
	if !ok {
		n = &name{visiting: true, value: e.reference(id)}
		e.names[id] = n
		if v, ok := e.literalName(r); ok {
			n.value = v
		}
		n.visiting = false
	}
	return n.value
}

func (e *evaluator) literalName(r *node) (string, bool) {
	typ := r.get("Type")
	if typ == nil {
		return "", false
	}
	t, ok := schema.Lookup(typ.text)
	if !ok {
		return "", false
	}
	property, ok := t.RefProperty()
	if !ok {
		return "", false
	}
	declared := r.get("Properties").get(property)
	if declared == nil {
		return "", false
	}
	return textValue(e.eval(declared, nil))
}

// textValue is v if it is known and not empty.
func textValue(v any) (string, bool) {
	s, ok := textOf(v)
	return s, ok && s != ""
}

// getAtt takes "Resource.Attribute" or [Resource, Attribute].
func (e *evaluator) getAtt(arg *node) any {
	id, attribute := "", ""
	switch {
	case arg.kind == list && len(arg.kids) >= 2:
		first, ok := textValue(e.eval(arg.kids[0].value, nil))
		attribute, _ = textValue(e.eval(arg.kids[1].value, nil))
		if !ok {
			return evidence.Unknown{Reason: "the resource that Fn::GetAtt names is not known", Present: true}
		}
		id = first
	case arg.kind == text:
		id = arg.text
		if strings.Contains(id, ".") && e.resources[id] == nil {
			id, attribute, _ = strings.Cut(id, ".")
		}
	default:
		return e.fail(arg, "Fn::GetAtt takes a resource and an attribute, such as Bucket.Arn")
	}
	if e.err != nil {
		return nil
	}
	if r, ok := e.resources[id]; ok {
		u, _ := e.reference(id).(evidence.Unknown)
		if strings.HasSuffix(attribute, "Arn") && answersItself(typeText(r)) {
			u.Prefix = "arn:" // whatever else it is, it is no wildcard
		}
		return u
	}
	if _, ok := e.parameters[id]; ok {
		return e.fail(arg, "Fn::GetAtt names the parameter %q; only resources have attributes, use Ref", id)
	}
	return e.undeclared("Fn::GetAtt", id, arg)
}

// answersItself tells whether AWS sets a resource's attributes, and not another
// template or a function of the user's, which may put anything into any name.
func answersItself(typ string) bool {
	_, known := schema.Lookup(typ)
	return known && !strings.HasPrefix(typ, "AWS::CloudFormation::")
}

// importValue is a value of another stack.
func (e *evaluator) importValue(arg *node) any {
	export, ok := textOf(e.eval(arg, nil))
	if !ok {
		export = "another stack"
	}
	return evidence.Unknown{Reason: "imported value " + export, Present: true}
}
