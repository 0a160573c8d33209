package sigma

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var statuses = []string{"stable", "test", "experimental", "deprecated", "unsupported"}

// read fills the rule out of its document.
func (r *Rule) read(doc *yaml.Node) *fault {
	if f := r.readHead(doc); f != nil {
		return f
	}
	detection, correlation, filter := get(doc, "detection"), get(doc, "correlation"), get(doc, "filter")
	switch {
	case detection != nil && correlation == nil && filter == nil:
		return r.readDetection(doc, detection)
	case correlation != nil && detection == nil && filter == nil:
		c, f := readCorrelation(correlation)
		r.Correlation = c
		return f
	case filter != nil && detection == nil && correlation == nil:
		return r.readFilter(doc, filter)
	case detection == nil && correlation == nil && filter == nil:
		return faultf(doc.Line, "detection", "is missing: a rule has a detection, a correlation or a filter")
	}
	return faultf(doc.Line, "", "a rule has one of detection, correlation and filter; put the others into documents of their own")
}

// readHead reads what all kinds of rules have in common.
func (r *Rule) readHead(doc *yaml.Node) *fault {
	one := map[string]*string{
		"title": &r.Title, "id": &r.ID, "name": &r.Name, "taxonomy": &r.Taxonomy, "status": &r.Status, "description": &r.Description,
		"license": &r.License, "author": &r.Author, "date": &r.Date, "modified": &r.Modified, "level": &r.Level,
	}
	many := map[string]*[]string{
		"references": &r.References, "falsepositives": &r.FalsePositives, "fields": &r.Fields, "tags": &r.Tags, "scope": &r.Scope,
	}
	for _, m := range members(doc) {
		var f *fault
		switch {
		case one[m.key] != nil:
			if m.value.Kind == yaml.SequenceNode && m.key == "author" { // written now and then
				var all []string
				all, f = texts(m.value, m.key)
				r.Author = strings.Join(all, ", ")
			} else if m.value.Tag != "!!null" {
				*one[m.key], f = text(m.value, m.key)
			}
		case many[m.key] != nil:
			if m.value.Tag != "!!null" {
				*many[m.key], f = texts(m.value, m.key)
			}
		case m.key == "related":
			f = r.readRelated(m.value)
		case !slices.Contains([]string{"logsource", "detection", "correlation", "filter", "action"}, m.key):
			r.Custom = append(r.Custom, m.key)
		}
		if f != nil {
			return f
		}
	}
	slices.Sort(r.Custom)
	return r.checkHead(doc.Line)
}

func (r *Rule) checkHead(line int) *fault {
	switch {
	case strings.TrimSpace(r.Title) == "":
		return faultf(line, "title", "is missing")
	case r.Taxonomy != "" && r.Taxonomy != "sigma":
		return faultf(line, "taxonomy", "%q is not known; only the default taxonomy \"sigma\" is", r.Taxonomy)
	case r.Status != "" && !slices.Contains(statuses, r.Status):
		return faultf(line, "status", "%q is none of %s", r.Status, strings.Join(statuses, ", "))
	case r.Status == "unsupported":
		return faultf(line, "status", "the rule says of itself that it is unsupported")
	case r.Level != "" && !slices.Contains(Levels, r.Level):
		return faultf(line, "level", "%q is none of %s", r.Level, strings.Join(Levels, ", "))
	}
	return nil
}

func (r *Rule) readRelated(n *yaml.Node) *fault {
	if n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return faultf(n.Line, "related", "must be a list of id and type")
	}
	for _, c := range n.Content {
		var one Related
		if c = follow(c); c.Kind != yaml.MappingNode {
			return faultf(c.Line, "related", "must be a list of id and type")
		}
		for key, to := range map[string]*string{"id": &one.ID, "type": &one.Type} {
			if v := get(c, key); v != nil {
				var f *fault
				if *to, f = text(v, "related."+key); f != nil {
					return f
				}
			}
		}
		r.Related = append(r.Related, one)
	}
	return nil
}

func (r *Rule) readLogSource(doc *yaml.Node) *fault {
	n := get(doc, "logsource")
	if n == nil {
		return faultf(doc.Line, "logsource", "is missing")
	}
	if n.Kind != yaml.MappingNode {
		return faultf(n.Line, "logsource", "must be a mapping of category, product and service")
	}
	for _, part := range []struct {
		key string
		to  *string
	}{{"category", &r.LogSource.Category}, {"product", &r.LogSource.Product}, {"service", &r.LogSource.Service}} {
		if v := get(n, part.key); v != nil {
			var f *fault
			if *part.to, f = text(v, "logsource."+part.key); f != nil {
				return f
			}
		}
	}
	if r.LogSource == (LogSource{}) {
		return faultf(n.Line, "logsource", "names no category, product or service")
	}
	return nil
}

func (r *Rule) readDetection(doc, n *yaml.Node) *fault {
	if f := r.readLogSource(doc); f != nil {
		return f
	}
	d, f := readSearches(n, "detection")
	r.Detection = d
	return f
}

func (r *Rule) readFilter(doc, n *yaml.Node) *fault {
	if f := r.readLogSource(doc); f != nil {
		return f
	}
	if n.Kind != yaml.MappingNode {
		return faultf(n.Line, "filter", "must be a mapping of rules, searches and condition")
	}
	filter := &Filter{}
	rules := get(n, "rules")
	if rules == nil {
		return faultf(n.Line, "filter.rules", "is missing: name the rules to filter, or say any")
	}
	var f *fault
	if filter.Rules, f = texts(rules, "filter.rules"); f != nil {
		return f
	}
	if len(filter.Rules) == 0 || len(filter.Rules) == 1 && slices.Contains([]string{"any", "all"}, strings.ToLower(filter.Rules[0])) {
		filter.Rules = nil
	}
	filter.Detection, f = readSearches(n, "filter")
	r.Filter = filter
	return f
}

// Filter tunes other rules: its condition is joined to theirs with "and".
type Filter struct {
	Rules     []string // ids or names; none means all rules of its log source
	Detection *Detection
}
