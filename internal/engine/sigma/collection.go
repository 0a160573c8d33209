package sigma

import "go.yaml.in/yaml/v3"

// collect turns the documents of a file into rules. It honours the old actions of
// rule collections: a document with "action: global" gives its keys to all that
// follow, "reset" takes them away again, and "repeat" is the document before it with
// some keys changed.
func collect(file string, docs []*yaml.Node) (rules []*Rule, refusals []Refusal) {
	var global, previous *yaml.Node
	for _, doc := range docs {
		r := &Rule{File: file, Line: doc.Line}
		refuse := func(f *fault) { refusals = append(refusals, r.refuse(f)) }
		if doc = follow(doc); doc.Kind == yaml.ScalarNode && doc.Tag == "!!null" {
			continue // an empty document, as a trailing --- makes
		}
		budget := mostNodes
		if f := measure(doc, 0, &budget, ""); f != nil {
			refuse(f)
			continue
		}
		if doc.Kind != yaml.MappingNode {
			refuse(faultf(doc.Line, "", "a rule is a mapping with title, logsource and detection"))
			continue
		}
		action := ""
		if n := get(doc, "action"); n != nil {
			action = n.Value
		}
		switch action {
		case "":
		case "global":
			global = merge(global, doc)
			continue
		case "reset":
			global = nil
			continue
		case "repeat":
			if previous == nil {
				refuse(faultf(doc.Line, "action", "repeat needs a rule before it"))
				continue
			}
			doc = merge(previous, doc)
		default:
			refuse(faultf(doc.Line, "action", "%q is none of global, reset and repeat", action))
			continue
		}
		doc = merge(global, doc)
		budget = mostNodes
		if f := measure(doc, 0, &budget, ""); f != nil { // what was merged may be too much together
			refuse(f)
			continue
		}
		if f := r.read(doc); f != nil {
			refuse(f)
		} else {
			rules = append(rules, r)
		}
		previous = doc
	}
	return rules, refusals
}

// merge lays one mapping over another: mappings join, all else is replaced. The
// action itself is not handed on.
func merge(under, over *yaml.Node) *yaml.Node {
	over = follow(over)
	if under != nil {
		under = follow(under)
	}
	if over.Kind != yaml.MappingNode || under != nil && under.Kind != yaml.MappingNode {
		return over
	}
	out := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: over.Line}
	at := map[string]int{}
	put := func(k, v *yaml.Node) {
		if i, ok := at[k.Value]; ok {
			out.Content[i] = merge(out.Content[i], v)
			return
		}
		out.Content = append(out.Content, k, v)
		at[k.Value] = len(out.Content) - 1
	}
	for _, n := range []*yaml.Node{under, over} {
		for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
			if k := follow(n.Content[i]); k.Value != "action" {
				put(k, n.Content[i+1])
			}
		}
	}
	return out
}
