package cloudtrail

import (
	"encoding/json"
	"iter"
	"strconv"
	"strings"
)

// Value is a JSON value inside a record, decoded when asked. The zero Value is that
// of a member that is missing.
type Value struct{ raw []byte }

// Type is what a value is.
type Type uint8

// The types of JSON, and Missing for what the record does not have.
const (
	Missing Type = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

// Type tells by the first byte; the record was checked before.
func (v Value) Type() Type {
	if len(v.raw) == 0 {
		return Missing
	}
	switch v.raw[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	}
	return Number
}

// Raw is the JSON text.
func (v Value) Raw() []byte { return v.raw }

// Bytes is the text of a string, and nil for what is none. Without escapes it is part
// of the record.
func (v Value) Bytes() []byte { return unquote(v.raw) }

// Text is a string's text, a number or a Boolean as written, and "" for the rest: what
// a rule compares.
func (v Value) Text() string {
	switch v.Type() {
	case String:
		return string(unquote(v.raw))
	case Bool, Number:
		return string(v.raw)
	}
	return ""
}

// Bool is true for true only.
func (v Value) Bool() bool { return string(v.raw) == "true" }

// Number gives a number's value, also of a number in quotes.
func (v Value) Number() (float64, bool) {
	n, err := strconv.ParseFloat(v.Text(), 64)
	return n, err == nil && v.Type() != Bool
}

// Any decodes the value whole, as encoding/json does, with numbers kept as written.
func (v Value) Any() any {
	if len(v.raw) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(v.raw)))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		return nil // it was checked when it was read; only a number can be beyond what Go knows
	}
	return out
}

// Members goes through an object in the order of the text; a name may come twice.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		v.each(func(key []byte, member Value) bool { return yield(string(key), member) })
	}
}

// Elements goes through an array.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Type() != Array {
			return
		}
		t := v.text()
		for i := t.space(1); i < len(v.raw) && v.raw[i] != ']'; {
			end, err := t.value(i, 0)
			if err != nil || !yield(Value{v.raw[i:end:end]}) {
				return
			}
			var last bool
			if i, last, err = t.next(end, ']'); err != nil || last {
				return
			}
		}
	}
}

func (v Value) text() text { return text{b: v.raw, depth: 1 << 20} }

// each gives the members of an object with their names decoded.
func (v Value) each(do func(key []byte, member Value) bool) {
	if v.Type() != Object {
		return
	}
	t := v.text()
	for i := t.space(1); i < len(v.raw) && v.raw[i] != '}'; {
		key, start, err := t.key(i)
		if err != nil {
			return
		}
		end, err := t.value(start, 0)
		if err != nil || !do(unquote(v.raw[i:i+len(key)+2]), Value{v.raw[start:end:end]}) {
			return
		}
		var last bool
		if i, last, err = t.next(end, '}'); err != nil || last {
			return
		}
	}
}

// member gives the member of a name; of several the last, as other readers of JSON do.
func (v Value) member(name string) (found Value) {
	v.each(func(key []byte, member Value) bool {
		if string(key) == name {
			found = member
		}
		return true
	})
	return found
}
