package cloudformation

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// template evaluates the sections in the order in which they depend on each
// other. Rules, Metadata and Hooks declare no resources and are passed over.
func (e *evaluator) template(skips []skipComment) Template {
	t := Template{File: e.file}
	root := e.root
	if root.kind != object {
		e.fail(root, "%w: it is not an object with a Resources section", ErrNotTemplate)
		return t
	}
	resources := root.get("Resources")
	if resources == nil {
		e.fail(root, "%w: it has no Resources section", ErrNotTemplate)
		return t
	}
	for _, section := range []string{"Parameters", "Mappings", "Conditions", "Resources", "Outputs"} {
		if n := root.get(section); n != nil && n.kind != object && n.kind != null {
			e.fail(n, "the section %s must map names to declarations", section)
			return t
		}
	}
	if d := root.get("Description"); d != nil {
		t.Description = d.text
	}
	e.readTransforms(root.get("Transform"))
	e.readModules(root)
	e.readParameters(root.get("Parameters"))
	e.readMappings(root.get("Mappings"))
	e.readConditions(root.get("Conditions"))
	e.declare(resources)
	e.checkConditions()
	e.applyGlobals(root.get("Globals"))
	t.Resources = e.readResources(skips)
	t.Outputs = e.readOutputs(root.get("Outputs"))
	e.macroGaps(t.Resources)
	t.Gaps, t.Warnings = e.gaps, e.warnings
	return t
}

// readModules knows the sections which the AWS CLI and Rain resolve before they
// deploy: they include other templates, and add names.
func (e *evaluator) readModules(root *node) {
	for _, m := range root.kids {
		switch m.key {
		case "Modules":
			e.gap(m.key, nil, "", m, "the section Modules includes other templates, which are not read from here")
		case "Packages", "Constants", "Rain":
		default:
			continue
		}
		e.open = true
	}
}

func (e *evaluator) readMappings(section *node) {
	e.mappings = map[string]*node{}
	if section == nil {
		return
	}
	for _, m := range section.kids {
		if m.key == "Fn::Transform" {
			e.open = true
			continue
		}
		e.mappings[m.key] = m.value
	}
}

// checkConditions resolves every condition, also those nobody names, because
// CloudFormation refuses a template for them as well.
func (e *evaluator) checkConditions() {
	section := e.root.get("Conditions")
	if section == nil {
		return
	}
	for _, m := range section.kids {
		if !strings.HasPrefix(m.key, "Fn::") && e.err == nil {
			e.holds("Conditions", m.key, m.value)
		}
	}
}

// declare learns the names of all resources before any is evaluated, so that
// references may point forwards.
func (e *evaluator) declare(section *node) {
	members := make([]member, 0, len(section.kids))
	for _, m := range section.kids {
		if m.key == "Fn::Transform" {
			e.open = true
			e.gap("Transform "+transformName(m.value), nil, "", m, "the section Resources is completed by a transform, which is not expanded")
			continue
		}
		members = append(members, m)
	}
	e.order = e.expandAll(members, "resource")
	e.resources = make(map[string]*node, len(e.order))
	for _, m := range e.order {
		e.resources[m.key] = m.value
		if t := m.value.get("Type"); t != nil && strings.HasSuffix(t.text, "::MODULE") {
			e.open = true
		}
	}
}

func (e *evaluator) readResources(skips []skipComment) []evidence.Resource {
	out := make([]evidence.Resource, 0, len(e.order))
	used := indexSkips(skips)
	for _, m := range e.order {
		if e.err != nil {
			return nil
		}
		exists := kleene.True
		if c := m.value.get("Condition"); c != nil {
			exists = e.holds("resource "+m.key, c.text, c)
		}
		if exists == kleene.False {
			used.pass(m)
			continue
		}
		r := e.resource(m, used)
		r.Origin.Conditional = exists == kleene.Unknown
		out = append(out, r)
	}
	for _, c := range used.left() {
		e.warnings = append(e.warnings, (&located{file: e.file, line: int32(c.line), err: errStraySkip}).Error())
	}
	distinct(out)
	return out
}

// distinct falls back to logical ids where two resources of a file claim the
// same name, as the two branches of a condition do.
func distinct(resources []evidence.Resource) {
	type key struct{ typ, id string }
	count := make(map[key]int, len(resources))
	for i := range resources {
		count[key{resources[i].Type, resources[i].ID}]++
	}
	for i := range resources {
		if count[key{resources[i].Type, resources[i].ID}] > 1 {
			resources[i].ID = resources[i].Origin.LogicalID
		}
	}
}

func (e *evaluator) readOutputs(section *node) map[string]any {
	if section == nil || e.err != nil {
		return nil
	}
	out := map[string]any{}
	for _, m := range e.expandAll(section.kids, "output") {
		if strings.HasPrefix(m.key, "Fn::") {
			continue
		}
		if c := m.value.get("Condition"); c != nil && e.holds("output "+m.key, c.text, c) == kleene.False {
			continue
		}
		value := m.value.get("Value")
		if value == nil {
			e.fail(&node{line: m.line, col: m.col}, "output %q has no Value", m.key)
			return nil
		}
		v := e.eval(value, nil)
		if _, removed := v.(noValue); !removed {
			out[m.key] = v
		}
	}
	return out
}
