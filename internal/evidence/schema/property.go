package schema

import (
	"strconv"
	"strings"
)

// Kind is what a property's value is.
type Kind uint8

const (
	JSON   Kind = iota // anything: a policy document, or more than one kind
	String             // also timestamps
	Integer
	Number
	Boolean
	List
	Map    // keys are data
	Object // keys are properties
)

// String is the kind in the words of the CloudFormation documentation.
func (k Kind) String() string {
	return [...]string{"json", "string", "integer", "number", "boolean", "list", "map", "object"}[k]
}

// Property is the declaration of one property.
type Property struct {
	Kind  Kind
	shape *shape
}

// Element is what a list or a map holds.
func (p Property) Element() (Property, bool) {
	if p.shape == nil || p.shape.element == nil {
		return Property{}, false
	}
	return p.shape.element.property(), true
}

// Field finds the property inside an object whatever the letter case of its
// name, because AWS's own sources do not agree on it (kmsKeyId, KMSKeyId), and
// returns how the schema spells it.
func (p Property) Field(name string) (string, Property, bool) {
	if p.shape == nil || p.shape.kind != Object {
		return "", Property{}, false
	}
	if s, ok := p.shape.fields[name]; ok {
		return name, s.property(), true
	}
	best := ""
	for spelt := range p.shape.fields {
		if len(spelt) == len(name) && strings.EqualFold(spelt, name) && (best == "" || spelt < best) {
			best = spelt
		}
	}
	if best != "" {
		return best, p.shape.fields[best].property(), true
	}
	return "", Property{}, false
}

// Property follows a path of property names. Lists are passed through, with or
// without a number in the path; below a map one name is any key; below json
// every path is good.
func (t *Type) Property(path ...string) (Property, bool) {
	s := &shape{kind: Object, fields: t.root}
	for len(path) > 0 {
		name := path[0]
		switch s.kind {
		case JSON:
			return Property{Kind: JSON, shape: s}, true
		case List:
			s = s.element
			if _, err := strconv.Atoi(name); err != nil {
				continue // the list itself takes no name
			}
		case Map:
			s = s.element
		case Object:
			next, ok := s.fields[name]
			if !ok {
				return Property{}, false
			}
			s = next
		default:
			return Property{}, false
		}
		path = path[1:]
	}
	return s.property(), true
}

// shape is the decoded form of a code in the table.
type shape struct {
	kind    Kind
	element *shape
	fields  object
}

func (s *shape) property() Property { return Property{Kind: s.kind, shape: s} }

var (
	jsonShape = &shape{kind: JSON}
	primitive = map[byte]*shape{
		's': {kind: String}, 'i': {kind: Integer}, 'n': {kind: Number}, 'b': {kind: Boolean}, 'j': jsonShape,
		'T': {kind: Object, fields: object{"Key": {kind: String}, "Value": {kind: String}}},
	}
)

// parseShape reads a code; what it does not know is json, of which nothing is
// claimed.
func parseShape(code string, objects []object) *shape {
	if code == "" {
		return jsonShape
	}
	switch code[0] {
	case '[':
		return &shape{kind: List, element: parseShape(code[1:], objects)}
	case '{':
		return &shape{kind: Map, element: parseShape(code[1:], objects)}
	case '#':
		n, err := strconv.Atoi(code[1:])
		if err != nil || n < 0 || n >= len(objects) {
			return jsonShape
		}
		return &shape{kind: Object, fields: objects[n]}
	}
	if s, ok := primitive[code[0]]; ok {
		return s
	}
	return jsonShape
}
