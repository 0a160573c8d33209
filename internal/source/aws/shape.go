package aws

import (
	"encoding/base64"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/aws/smithy-go/document"

	"holdfast.dev/holdfast/internal/evidence"
)

// Shape turns an SDK value into property values: structs become objects, enums
// strings, times RFC 3339 in UTC, bytes base64. What is nil, an empty string of
// an enum, an empty list or an empty object is left out, for absent means not
// set. renames maps a field, by its dotted path of API names or by its bare
// name, to the name CloudFormation has for it; "" drops the field.
func Shape(v any, renames map[string]string) any {
	return shaper{renames: renames}.value(reflect.ValueOf(v), "", 0)
}

type shaper struct {
	renames map[string]string

	// keep leaves empty lists and objects in: to a recording, an object that is
	// there and says nothing differs from one that is not there.
	keep bool
}

const maxShape = 64

var (
	timeType = reflect.TypeFor[time.Time]()
	byteType = reflect.TypeFor[[]byte]()
)

func (s shaper) value(v reflect.Value, path string, depth int) any {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if v.IsNil() {
			return nil
		}
		if d, ok := v.Interface().(document.Marshaler); ok {
			return fromDocument(d)
		}
		if v.Kind() == reflect.Interface {
			return s.member(v.Elem(), path, depth)
		}
		v = v.Elem()
	}
	if !v.IsValid() || depth > maxShape {
		return nil
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		if v.Type() != reflect.TypeFor[string]() && v.Len() == 0 {
			return nil // an enum that was not answered
		}
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n := v.Uint(); n <= math.MaxInt64 {
			return int64(n)
		}
		return float64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return evidence.Number(v.Float())
	case reflect.Slice, reflect.Array:
		return s.list(v, path, depth)
	case reflect.Map:
		return s.dict(v, path, depth)
	case reflect.Struct:
		if v.Type() == timeType {
			return Time(v.Interface().(time.Time))
		}
		return s.object(v, path, depth)
	}
	return nil
}

// member is a value held by interface: plain property values, or one member of
// a union, whose name the SDK puts behind "Member" in the type's name.
func (s shaper) member(v reflect.Value, path string, depth int) any {
	t := v.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	_, name, ok := strings.Cut(t.Name(), "Member")
	if !ok || t.Kind() != reflect.Struct {
		return s.value(v, path, depth)
	}
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	inner := s.value(v.FieldByName("Value"), join(path, name), depth+1)
	if inner == nil {
		inner = map[string]any{}
	}
	return map[string]any{name: inner}
}

func (s shaper) list(v reflect.Value, path string, depth int) any {
	if v.Type().ConvertibleTo(byteType) && v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Len() == 0 {
			return nil
		}
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	var out []any
	for i := range v.Len() {
		if e := s.value(v.Index(i), path, depth+1); e != nil {
			out = append(out, e)
		} else {
			out = append(out, map[string]any{}) // an object that says nothing is still one
		}
	}
	if out == nil {
		if s.keep && !v.IsNil() {
			return []any{}
		}
		return nil
	}
	return out
}

func (s shaper) dict(v reflect.Value, path string, depth int) any {
	out := map[string]any{}
	for _, k := range v.MapKeys() {
		if e := s.value(v.MapIndex(k), path, depth+1); e != nil && k.Kind() == reflect.String {
			out[k.String()] = e
		}
	}
	if len(out) == 0 && (!s.keep || v.IsNil()) {
		return nil
	}
	return out
}

func (s shaper) object(v reflect.Value, path string, depth int) any {
	out := map[string]any{}
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		inner := join(path, field.Name)
		name := s.rename(inner, field.Name)
		if name == "" {
			continue
		}
		if e := s.value(v.Field(i), inner, depth+1); e != nil {
			out[name] = e
		}
	}
	if len(out) == 0 && !s.keep {
		return nil
	}
	return out
}

func (s shaper) rename(path, name string) string {
	if to, ok := s.renames[path]; ok {
		return to
	}
	if to, ok := s.renames[name]; ok {
		return to
	}
	return name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func fromDocument(d document.Marshaler) any {
	b, err := d.MarshalSmithyDocument()
	if err != nil {
		return evidence.Unknown{Reason: "the document could not be read: " + err.Error()}
	}
	v, err := evidence.Decode(b)
	if err != nil {
		return evidence.Unknown{Reason: "the document could not be read: " + err.Error()}
	}
	return v
}

// Time is a point in time as a property value.
func Time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}

// encode is an SDK output as it is recorded.
func encode(out any) any {
	v := shaper{keep: true}.value(reflect.ValueOf(out), "", 0)
	if v == nil {
		return map[string]any{}
	}
	return v
}
