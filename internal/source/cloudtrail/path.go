package cloudtrail

import "strings"

// Path names a member by the names on the way to it, prepared once and asked of many
// records.
type Path struct {
	first Field    // where the way starts; none: at the record
	rest  []string // the names from there on
	full  []string
}

// ParsePath reads a path with dots, as rules and queries write it:
// userIdentity.sessionContext.sessionIssuer.arn.
func ParsePath(dotted string) Path { return NewPath(strings.Split(dotted, ".")...) }

// NewPath takes the names one by one, for names with dots in them.
func NewPath(names ...string) Path {
	p := Path{rest: names, full: names}
	if len(names) == 0 {
		return p
	}
	for k := recordKeys; len(p.rest) > 0; {
		f := fieldOf(k, p.rest[0])
		if f == none || f >= lookedUp {
			break
		}
		p.first, p.rest = f, p.rest[1:]
		if inners[f] == nil {
			break
		}
		k = inners[f].keys
	}
	return p
}

// Start is the field that the path starts at and the names from there on; ok is false
// where it starts at the record.
func (p Path) Start() (f Field, rest []string, ok bool) { return p.first, p.rest, p.first != none }

func fieldOf(k *keys, name string) Field {
	return k.of([]byte(name))
}

// String gives the path with dots.
func (p Path) String() string { return strings.Join(p.full, ".") }

func (p Path) start(r *Record) Value {
	if p.first == none {
		return Value{r.raw}
	}
	return r.Value(p.first)
}

// Get follows a path through objects. It is Missing where a name is not there.
func (r *Record) Get(p Path) Value {
	v := p.start(r)
	for _, name := range p.rest {
		v = v.member(name)
	}
	return v
}

// Field is Get for a path that is asked once.
func (r *Record) Field(dotted string) Value { return r.Get(ParsePath(dotted)) }

// Each follows a path through objects and, where it meets a list on the way or at its
// end, through each of its elements: what rules mean by
// requestParameters.ipPermissions.items.ipRanges.items.cidrIp. It ends when do
// returns false, and gives whether it went to the end.
func (r *Record) Each(p Path, do func(Value) bool) bool {
	return p.start(r).each2(p.rest, do)
}

func (v Value) each2(names []string, do func(Value) bool) bool {
	switch {
	case v.Type() == Array:
		for e := range v.Elements() {
			if !e.each2(names, do) {
				return false
			}
		}
		return true
	case v.Type() == Missing:
		return true
	case len(names) == 0:
		return do(v)
	}
	return v.member(names[0]).each2(names[1:], do)
}
