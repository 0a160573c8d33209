package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Decoder reads JSON into property values. It keeps the property names it has
// met, since an estate repeats a few thousand of them millions of times.
// The zero Decoder is ready; it is not safe for concurrent use.
type Decoder struct {
	names map[string]string
	in    bytes.Reader
	json  jsontext.Decoder
}

// Decode reads one JSON value and refuses what follows it.
func Decode(data []byte) (any, error) { return new(Decoder).Decode(data) }

// Decode reads one JSON value and refuses what follows it. Whole numbers
// become int64, others float64; of duplicate names the last one counts, as it
// does for AWS.
func (d *Decoder) Decode(data []byte) (any, error) {
	d.in.Reset(data)
	d.json.Reset(&d.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, err := d.value(0)
	if err != nil {
		return nil, explain(err)
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("byte %d: more data after the end of the JSON value", d.json.InputOffset())
	}
	return v, nil
}

// DecodeObject is Decode for a document that has to be an object.
func (d *Decoder) DecodeObject(data []byte) (map[string]any, error) {
	v, err := d.Decode(data)
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("expected a JSON object, found %s", KindOf(v))
	}
	return object, nil
}

// explain turns the library's error into a place and a reason.
func explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON ends too early")
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}

func (d *Decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("byte %d: nested more than %d levels deep", d.json.InputOffset(), maxDepth)
	}
	switch d.json.PeekKind() {
	case '{':
		return d.object(depth)
	case '[':
		return d.list(depth)
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		return number(token.String())
	}
	return nil, fmt.Errorf("byte %d: unexpected %v", d.json.InputOffset(), token)
}

func number(s string) (any, error) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("number %s is out of range", s)
	}
	return Number(f), nil
}

// Number is the property value of a float: whole numbers that a float holds
// exactly are int64, so that 80 and 80.0 are one value.
func Number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

func (d *Decoder) list(depth int) (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	list := []any{}
	for d.json.PeekKind() != ']' {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.json.ReadToken()
	return list, err
}

func (d *Decoder) object(depth int) (any, error) {
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	object := map[string]any{}
	for d.json.PeekKind() != '}' {
		name, err := d.name()
		if err != nil {
			return nil, err
		}
		if object[name], err = d.value(depth + 1); err != nil {
			return nil, err
		}
	}
	if _, err := d.json.ReadToken(); err != nil {
		return nil, err
	}
	if len(object) == 1 {
		return unmark(object), nil
	}
	return object, nil
}

// name reads an object's next name without allocating one met before.
func (d *Decoder) name() (string, error) {
	raw, err := d.json.ReadValue()
	if err != nil {
		return "", err
	}
	if raw.Kind() != '"' {
		return "", fmt.Errorf("byte %d: an object's name has to be a string", d.json.InputOffset())
	}
	if known, ok := d.names[string(raw)]; ok {
		return known, nil
	}
	plain, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", err
	}
	if d.names == nil || len(d.names) > 1<<16 { // hostile input may have no end of names
		d.names = map[string]string{}
	}
	name := string(plain)
	d.names[string(raw)] = name
	return name, nil
}

// unmark turns the mark of an Unknown back into one, and takes the escape off
// an observed object that only looks like the mark.
func unmark(object map[string]any) any {
	for key, v := range object {
		if !looksUnknown(key) {
			return object
		}
		if key != unknownKey {
			return map[string]any{strings.TrimPrefix(key, "$"): v}
		}
		fields, ok := v.(map[string]any)
		if !ok {
			return Unknown{Reason: "marked unknown"}
		}
		present, _ := fields["present"].(bool)
		return Unknown{Reason: text(fields["reason"]), Present: present, Ref: text(fields["ref"]), Prefix: text(fields["prefix"]), Suffix: text(fields["suffix"])}
	}
	return object
}

// KindOf names what kind of value v is, for messages: "a string", "an object".
func KindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "an unknown value"
}
