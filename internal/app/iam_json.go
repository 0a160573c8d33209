package app

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// The functions of this file take JSON apart that has been checked already: a
// line is checked once as a whole, and each policy once when it is compiled, so
// that in between nothing needs to look at every character again.

// members calls each for every member of an object, until it says to stop.
func members(object []byte, each func(name string, value jsontext.Value) (more bool, err error)) error {
	i := space(object, 1)
	for i < len(object) && object[i] == '"' {
		end := skip(object, i)
		name, err := memberName(object[i:end])
		if err != nil {
			return err
		}
		i = space(object, space(object, end)+1) // the colon
		end = skip(object, i)
		if more, err := each(name, object[i:end:end]); err != nil || !more {
			return err
		}
		i = next(object, end)
	}
	return nil
}

// memberName reads a name without allocating one that policies have.
func memberName(quoted []byte) (string, error) {
	plain := quoted[1 : len(quoted)-1]
	switch string(plain) {
	case "name":
		return "name", nil
	case "policy":
		return "policy", nil
	case "Version":
		return "Version", nil
	case "Statement":
		return "Statement", nil
	}
	if bytes.IndexByte(plain, '\\') < 0 {
		return string(plain), nil
	}
	out, err := jsontext.AppendUnquote(nil, quoted)
	return string(out), err
}

// elements calls each for every element of a list.
func elements(list []byte, each func(i int, value jsontext.Value) error) error {
	at := space(list, 1)
	for i := 0; at < len(list) && list[at] != ']'; i++ {
		end := skip(list, at)
		if err := each(i, list[at:end:end]); err != nil {
			return err
		}
		at = next(list, end)
	}
	return nil
}

// next is where what follows a value begins, behind the comma.
func next(b []byte, i int) int {
	if i = space(b, i); i < len(b) && b[i] == ',' {
		return space(b, i+1)
	}
	return i
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// skip is where the value that begins at i ends.
func skip(b []byte, i int) int {
	if i >= len(b) {
		return len(b)
	}
	switch b[i] {
	case '"':
		return skipText(b, i)
	case '{', '[':
	default:
		for i < len(b) && bytes.IndexByte([]byte(" \t\r\n,]}"), b[i]) < 0 {
			i++
		}
		return i
	}
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			i = skipText(b, i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return i
}

func skipText(b []byte, i int) int {
	i++
	end := bytes.IndexByte(b[i:], '"')
	if end >= 0 && bytes.IndexByte(b[i:i+end], '\\') < 0 {
		return i + end + 1
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b)
}

// span is where a value stands in the text it is read from.
type span struct{ from, to int64 }

// UnmarshalJSONFrom passes over the value.
func (s *span) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	v, err := d.ReadValue()
	s.to = d.InputOffset()
	s.from = s.to - int64(len(v))
	return err
}

// of is the value; nil where there is none.
func (s span) of(text []byte) jsontext.Value {
	if s.from == s.to {
		return nil
	}
	return text[s.from:s.to:s.to]
}

// unknownMember says that an object has something that it cannot have.
func unknownMember(where, name string) error {
	return fmt.Errorf("%s: %q is not a member that it has", where, name)
}
