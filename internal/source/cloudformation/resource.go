package cloudformation

import (
	"cmp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

// resource evaluates one declaration.
func (e *evaluator) resource(m member, skips *skipIndex) evidence.Resource {
	r := evidence.Resource{
		ID: m.key, Account: e.opt.Account, Partition: e.opt.Partition, Observed: e.opt.Observed, Source: "cloudformation",
		Origin: &evidence.Origin{File: e.file, LogicalID: m.key, Line: int(m.line), Column: int(m.col)},
	}
	typ := m.value.get("Type")
	if typ == nil || typ.kind != text || typ.text == "" {
		e.fail(&node{line: m.line, col: m.col}, "resource %q has no Type; give it one such as AWS::S3::Bucket", m.key)
		return r
	}
	r.Type = typ.text
	r.Region = regionOf(r.Type, e.opt.Region)
	if r.Partition == "" && e.opt.Region != "" {
		r.Partition = partitionOf(e.opt.Region)
	}
	t, known := schema.Lookup(r.Type)
	e.positions = e.positions[:0]
	r.Properties = e.properties(m, t)
	if known {
		r.Properties = t.Coerce(r.Properties)
	}
	r.Origin.Positions = sortedPositions(e.positions)
	r.Origin.Skips = e.skips(m, skips)
	tags := "Tags"
	if known {
		if id, ok := identifier(t, r.Properties); ok {
			r.ID = id
		}
		if t.TagProperty != "" {
			tags = t.TagProperty
		}
	}
	r.Tags = tagsOf(r.Properties[tags])
	e.resourceGaps(m, r.Type)
	return r
}

// properties evaluates the section Properties. What a transform or an unknown
// loop may add is unknown for every property that the type has.
func (e *evaluator) properties(m member, t *schema.Type) map[string]any {
	n := m.value.get("Properties")
	if n == nil || n.kind == null {
		return map[string]any{}
	}
	if n.kind != object {
		e.fail(n, "the Properties of resource %q must be an object", m.key)
		return nil
	}
	out := make(map[string]any, len(n.kids))
	rest := remainder{}
	if function, _ := n.call(); function != "" && function != "Fn::Transform" {
		switch v := e.eval(n, &e.trails).(type) {
		case map[string]any:
			return v
		case evidence.Unknown:
			rest.reason = v.Reason
		}
	} else {
		rest = e.members(n, &e.trails, out)
	}
	if rest.reason == "" || e.err != nil {
		return out
	}
	e.gap("Transform", []string{typeText(m.value)}, m.key, m, rest.reason)
	if rest.rewrite {
		for _, k := range sortedKeys(out) {
			out[k] = evidence.Unknown{Reason: rest.reason, Present: present(out[k])}
		}
	}
	if t != nil {
		for name := range t.Properties() {
			e.charge(n, 1)
			if _, declared := out[name]; !declared {
				out[name] = evidence.Unknown{Reason: rest.reason}
			}
		}
	}
	return out
}

func typeText(resource *node) string {
	if t := resource.get("Type"); t != nil {
		return t.text
	}
	return ""
}

// sortedPositions copies the gathered positions in the right size. Branches
// that were merged may both have given one for the same path; the first stays.
func sortedPositions(gathered []evidence.Position) []evidence.Position {
	if len(gathered) == 0 {
		return nil
	}
	out := slices.Clone(gathered)
	slices.SortStableFunc(out, func(a, b evidence.Position) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(out, func(a, b evidence.Position) bool { return a.Path == b.Path })
}

// identifier is the primary identifier where the template gives all of it.
func identifier(t *schema.Type, properties map[string]any) (string, bool) {
	var parts []string
	for _, name := range t.PrimaryIdentifier {
		s, ok := properties[name].(string)
		if !ok || s == "" {
			return "", false
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "|"), len(parts) > 0
}

// tagsOf collects tags from a list of Key and Value or a map; a tag that is not
// known is left out here and stays in Properties.
func tagsOf(v any) map[string]string {
	var out map[string]string
	add := func(key, value any) {
		k, kok := key.(string)
		v, vok := textOf(value)
		if !kok || !vok {
			return
		}
		if out == nil {
			out = map[string]string{}
		}
		out[k] = v
	}
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if tag, ok := item.(map[string]any); ok {
				add(tag["Key"], tag["Value"])
			}
		}
	case map[string]any:
		for key, value := range v {
			add(key, value)
		}
	}
	return out
}

// regionOf is the Region that a resource lives in when its stack is in region.
func regionOf(typ, region string) string {
	if region == "" {
		return ""
	}
	for _, prefix := range []string{"AWS::IAM::", "AWS::Organizations::", "AWS::CloudFront::", "AWS::Route53::"} {
		if strings.HasPrefix(typ, prefix) {
			return evidence.Global
		}
	}
	return region
}
