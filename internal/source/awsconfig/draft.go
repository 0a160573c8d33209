package awsconfig

import (
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
)

// draft is a resource while it is made out of an item.
type draft struct {
	*source
	typ   string
	id    string
	p     map[string]any
	parts []*evidence.Resource
}

const unseen = "AWS Config does not record it"

// resourcesOf makes the resource of an item, and the parts declared apart.
func resourcesOf(src *source) []*evidence.Resource {
	m, known := mappings()[src.item.Type]
	d := &draft{source: src, typ: src.item.Type, p: map[string]any{}}
	if m.to != "" {
		d.typ = m.to
	}
	t, declared := schema.Lookup(d.typ)
	d.id = d.identify(m, known)
	shaped := declared && (m.sees == everything || !known && cloudFormationShaped(src.config, t))
	switch {
	case shaped:
		maps.Copy(d.p, src.config)
	case declared:
		d.spell(m, t)
	case m.adapt == nil:
		maps.Copy(d.p, src.config)
	}
	if m.adapt != nil {
		m.adapt(d)
	}
	d.tagged(t)
	if declared {
		if !known && !shaped {
			m.unseen = unseenOf("", t)
		}
		d.admit(m.unseen)
		d.p = t.Coerce(d.p)
	}
	d.p, _ = conceal(d.p).(map[string]any)
	return append([]*evidence.Resource{d.resource(d.typ, d.id, d.item.ARN, d.p, m.global)}, d.parts...)
}

func (d *draft) identify(m mapping, known bool) string {
	switch {
	case known && m.id == byARN && d.item.ARN != "":
		return d.item.ARN
	case known && m.id == byName && d.item.Name != "":
		return d.item.Name
	}
	return d.item.ID
}

// cloudFormationShaped tells whether a record is in the schema's own spelling
// rather than in that of the service's API.
func cloudFormationShaped(config map[string]any, t *schema.Type) bool {
	root, _ := t.Property()
	exact, other := 0, 0
	for k := range config {
		switch name, _, ok := root.Field(k); {
		case ok && name == k:
			exact++
		case ok:
			other++
		}
	}
	return exact > other
}

// spell takes over what the schema has by the same name.
func (d *draft) spell(m mapping, t *schema.Type) {
	root, _ := t.Property()
	for _, k := range slices.Sorted(maps.Keys(d.config)) {
		v := d.config[k]
		name, renamed := m.rename[strings.ToLower(k)]
		if !renamed {
			name = k
		}
		spelt, p, ok := root.Field(name)
		if v == nil || name == "" || !ok {
			continue
		}
		d.p[spelt] = conform(v, p)
	}
}

// admit marks as unknown what AWS Config does not record.
func (d *draft) admit(names []string) {
	for _, name := range names {
		if _, told := d.p[name]; !told {
			d.p[name] = notRecorded
		}
	}
}

// notRecorded is boxed once: an estate has many of them.
var notRecorded any = evidence.Unknown{Reason: unseen}

// tagged leaves the tags in the schema's spelling too.
func (d *draft) tagged(t *schema.Type) {
	if t == nil || t.TagProperty == "" {
		return
	}
	p, ok := t.Property(t.TagProperty)
	if !ok || p.Kind != schema.List {
		return
	}
	if len(d.tags) == 0 {
		d.tags = tagsOf(d.p[t.TagProperty]) // some records have them in the configuration alone
	}
	delete(d.p, t.TagProperty)
	list := []any{}
	for _, k := range slices.Sorted(maps.Keys(d.tags)) {
		list = append(list, map[string]any{"Key": k, "Value": d.tags[k]})
	}
	if len(list) > 0 {
		d.p[t.TagProperty] = list
	}
}

func (d *draft) resource(typ, id, arn string, p map[string]any, global bool) *evidence.Resource {
	region := d.item.Region
	if global {
		region = evidence.Global
	}
	return &evidence.Resource{
		Type: typ, ID: id, ARN: arn, Account: d.item.Account, Region: region, Partition: partition(d.item),
		Tags: d.tags, Properties: p, Observed: d.item.Captured, Source: "awsconfig",
	}
}

// part adds a resource that CloudFormation declares apart.
func (d *draft) part(typ, id string, p map[string]any) {
	if t, ok := schema.Lookup(typ); ok {
		p = t.Coerce(p)
	}
	r := d.resource(typ, id, "", p, false)
	r.Tags = nil
	d.parts = append(d.parts, r)
}

func partition(item *Item) string {
	if parts := strings.SplitN(item.ARN, ":", 3); len(parts) == 3 && parts[0] == "arn" {
		return parts[1]
	}
	switch {
	case strings.HasPrefix(item.Region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(item.Region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// get is a member of the configuration, whatever its letter case.
func (d *draft) get(path ...string) any { return at(d.config, path...) }

// more is a member of the supplementary configuration; told is whether Config
// recorded it at all, be it as null.
func (d *draft) more(name string) (v any, told bool) {
	for _, k := range sortedKeys(d.supplementary) {
		if strings.EqualFold(k, name) {
			return d.supplementary[k], true
		}
	}
	return nil, false
}

// at follows a path of members.
func at(v any, path ...string) any {
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = field(m, name)
	}
	return v
}

// set puts a value that is there.
func set(m map[string]any, name string, v any) {
	if v != nil && v != "" {
		m[name] = v
	}
}

// observe puts a fact that the schema lacks.
func (d *draft) observe(name string, v any) {
	if v == nil || v == "" {
		return
	}
	observed, ok := d.p["Observed"].(map[string]any)
	if !ok {
		observed = map[string]any{}
		d.p["Observed"] = observed
	}
	observed[name] = v
}

// unobserved marks such facts that Config does not record.
func (d *draft) unobserved(names ...string) {
	for _, name := range names {
		d.observe(name, evidence.Unknown{Reason: unseen})
	}
}

// when is a timestamp as evidence writes it.
func when(v any) any {
	t, err := instant(v)
	if err != nil {
		return nil
	}
	return t.Format("2006-01-02T15:04:05Z")
}

// pluck lists one member of each object in a list.
func pluck(list any, names ...string) []any {
	elements, _ := unwrap(list, "items", "value").([]any)
	out := []any{}
	for _, e := range elements {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case map[string]any:
			if v := field(e, names...); v != nil {
				out = append(out, v)
			}
		}
	}
	return out
}

// some is a list that has something in it, or nothing.
func some(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// objects are the objects of a list.
func objects(list any) []map[string]any {
	elements, _ := unwrap(list, "items", "value").([]any)
	var out []map[string]any
	for _, e := range elements {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func afterLast(s, separator string) string { return s[strings.LastIndex(s, separator)+1:] }

// unknownPolicy stands for a document that is certainly there.
var unknownPolicy = evidence.Unknown{Reason: unseen, Present: true}
