// Package schema knows the CloudFormation resource types: which properties each
// has, of which kind they are, and which of them identify a resource. Sources
// use it to give values their kind ("true" becomes true where the schema says
// boolean); the catalogue uses it to check that a control asks for properties
// that exist.
//
// The table types.ndjson.gz is generated from npm @aws-cdk/aws-service-spec
// 0.1.216, Copyright Amazon.com, Inc. or its affiliates, licensed under the
// Apache License 2.0; its first line repeats that. It is unpacked at the first
// Lookup, and a type is decoded when it is first asked for.
//
// Types of Holdfast's own (Holdfast::…) are not here.
package schema

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/klauspost/compress/gzip"
)

//go:generate go run ./gen -db $AWS_SERVICE_SPEC_DB

//go:embed types.ndjson.gz
var packed []byte

// Type is one CloudFormation resource type. It is immutable.
type Type struct {
	Name string

	// PrimaryIdentifier names the properties (or read-only attributes) that
	// identify a resource of this type, in AWS's order.
	PrimaryIdentifier []string

	// TagProperty is where the type keeps its tags; empty where it has none.
	TagProperty string

	ref  []string
	root object
}

// object is a set of named properties.
type object map[string]*shape

// Source says where the table comes from and under which licence.
func Source() (source, license string) {
	t := load()
	return t.source, t.license
}

// Lookup finds a type by its CloudFormation name.
func Lookup(typeName string) (*Type, bool) {
	e, ok := load().types[typeName]
	if !ok {
		return nil, false
	}
	e.once.Do(func() { e.decoded, e.err = decode(typeName, e.raw) })
	return e.decoded, e.err == nil
}

// Names yields all type names, sorted.
func Names() iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(load().types)))
}

// RefProperty is the one property that Ref returns when it was declared, such
// as BucketName; false where Ref returns something only AWS knows.
func (t *Type) RefProperty() (string, bool) {
	names := t.PrimaryIdentifier
	if len(t.ref) > 0 {
		names = t.ref
	}
	if len(names) != 1 {
		return "", false
	}
	s, declared := t.root[names[0]]
	return names[0], declared && s.kind == String
}

// Properties yields the names of the top-level properties, sorted.
func (t *Type) Properties() iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(t.root)))
}

type table struct {
	source, license string
	types           map[string]*entry
}

type entry struct {
	raw     []byte
	once    sync.Once
	decoded *Type
	err     error
}

// load cannot fail on the embedded file, which the tests read whole; an empty
// table (every type unknown) is the answer to a damaged build.
var load = sync.OnceValue(func() *table {
	t, err := unpack(packed)
	if err != nil {
		return &table{}
	}
	return t
})

func unpack(packed []byte) (*table, error) {
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var raw bytes.Buffer
	raw.Grow(len(packed) * 8)
	if _, err := io.Copy(&raw, zr); err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(raw.Bytes(), []byte{'\n'})
	var header struct{ Source, License string }
	if err := json.Unmarshal(first, &header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	t := &table{source: header.Source, license: header.License, types: make(map[string]*entry, 2048)}
	for line := range bytes.Lines(rest) {
		name, body, ok := bytes.Cut(line, []byte{'\t'})
		if !ok {
			return nil, fmt.Errorf("line without a tab: %.40q", line)
		}
		t.types[string(name)] = &entry{raw: body}
	}
	return t, nil
}

func decode(name string, raw []byte) (*Type, error) {
	var l struct {
		ID   []string            `json:"id"`
		Ref  []string            `json:"ref"`
		Tags string              `json:"tags"`
		P    map[string]string   `json:"p"`
		D    []map[string]string `json:"d"`
	}
	if err := json.Unmarshal(raw, &l); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	objects := make([]object, len(l.D))
	for i := range objects {
		objects[i] = make(object, len(l.D[i]))
	}
	for i, fields := range l.D {
		for field, code := range fields {
			objects[i][field] = parseShape(code, objects)
		}
	}
	t := &Type{Name: name, PrimaryIdentifier: l.ID, TagProperty: l.Tags, ref: l.Ref, root: make(object, len(l.P))}
	for field, code := range l.P {
		t.root[field] = parseShape(code, objects)
	}
	return t, nil
}
