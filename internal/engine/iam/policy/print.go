package policy

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrUnseen is why a document cannot be printed that was not wholly seen: what
// comes out would say something else.
var ErrUnseen = errors.New("a part of the policy was not seen, so it cannot be printed")

// MarshalJSON prints the document, see AppendJSON.
func (d *Document) MarshalJSON() ([]byte, error) { return d.AppendJSON(nil) }

// AppendJSON prints the document without white space: elements in the order in
// which AWS documents them, lists of one without brackets, conditions of one
// operator together. Reading it again gives the same document.
func (d *Document) AppendJSON(b []byte) ([]byte, error) {
	if d.Unseen != "" {
		return b, fmt.Errorf("%w: %s", ErrUnseen, d.Unseen)
	}
	b = append(b, '{')
	if d.Version != "" {
		b = appendText(append(b, `"Version":`...), d.Version)
		b = append(b, ',')
	}
	if d.ID != "" {
		b = appendText(append(b, `"Id":`...), d.ID)
		b = append(b, ',')
	}
	b = append(b, `"Statement":`...)
	if len(d.Statements) != 1 {
		b = append(b, '[')
	}
	var err error
	for i := range d.Statements {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = d.Statements[i].appendJSON(b); err != nil {
			return b, fmt.Errorf("printing Statement[%d]: %w", i, err)
		}
	}
	if len(d.Statements) != 1 {
		b = append(b, ']')
	}
	return append(b, '}'), nil
}

func (s *Statement) appendJSON(b []byte) ([]byte, error) {
	if s.Unseen != 0 {
		return b, ErrUnseen
	}
	open := len(b)
	name := func(element string) {
		if len(b) == open {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b = append(appendText(b, element), ':')
	}
	if s.Sid != "" {
		name("Sid")
		b = appendText(b, s.Sid)
	}
	if s.Effect != "" {
		name("Effect")
		b = appendText(b, string(s.Effect))
	}
	var err error
	for _, e := range []struct {
		name string
		list []Principal
	}{{"Principal", s.Principals}, {"NotPrincipal", s.NotPrincipals}} {
		if e.list == nil {
			continue
		}
		name(e.name)
		if b, err = appendPrincipals(b, e.list); err != nil {
			return b, err
		}
	}
	for _, e := range []struct {
		name string
		list []Text
	}{{"Action", s.Actions}, {"NotAction", s.NotActions}, {"Resource", s.Resources}, {"NotResource", s.NotResources}} {
		if e.list == nil {
			continue
		}
		name(e.name)
		if b, err = appendTexts(b, e.list); err != nil {
			return b, err
		}
	}
	if len(s.Conditions) > 0 {
		name("Condition")
		if b, err = appendConditions(b, s.Conditions); err != nil {
			return b, err
		}
	}
	if len(b) == open {
		b = append(b, '{')
	}
	return append(b, '}'), nil
}

func appendTexts(b []byte, list []Text) ([]byte, error) {
	if len(list) != 1 {
		b = append(b, '[')
	}
	for i, t := range list {
		if t.Partial {
			return b, fmt.Errorf("%w: only the start of %q is known", ErrUnseen, t.Value)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, t.Value)
	}
	if len(list) != 1 {
		b = append(b, ']')
	}
	return b, nil
}

func appendPrincipals(b []byte, list []Principal) ([]byte, error) {
	if len(list) == 1 && list[0].Kind == Everyone {
		return append(b, `"*"`...), nil
	}
	b = append(b, '{')
	byKind := map[Kind][]Text{}
	for _, p := range list {
		k := p.Kind
		if k == Everyone {
			k = AWS // beside others it is {"AWS": "*"}
		}
		byKind[k] = append(byKind[k], p.Name)
	}
	first := true
	var err error
	for _, k := range principalKinds {
		if byKind[k] == nil {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendText(b, k.String()), ':')
		if b, err = appendTexts(b, byKind[k]); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendConditions prints the conditions, those of one operator together in the
// place of the first: all of them must hold, so that their order says nothing.
// Where an operator has a key twice, JSON has no way to say so.
func appendConditions(b []byte, list []Condition) ([]byte, error) {
	b = append(b, '{')
	printed := map[string]bool{}
	for _, c := range list {
		if printed[c.Operator] {
			continue
		}
		if len(printed) > 0 {
			b = append(b, ',')
		}
		printed[c.Operator] = true
		b = append(appendText(b, c.Operator), ':', '{')
		keys := map[string]bool{}
		for _, other := range list {
			if other.Operator != c.Operator {
				continue
			}
			if other.Unseen {
				return b, fmt.Errorf("%w: the values of %s", ErrUnseen, other.Key)
			}
			if keys[other.Key] {
				return b, fmt.Errorf("the condition %s has the key %q twice", c.Operator, other.Key)
			}
			if len(keys) > 0 {
				b = append(b, ',')
			}
			keys[other.Key] = true
			b = append(appendText(b, other.Key), ':')
			var err error
			if b, err = appendTexts(b, other.Values); err != nil {
				return b, err
			}
		}
		b = append(b, '}')
	}
	return append(b, '}'), nil
}

// appendText prints a JSON string with no more escapes than JSON and IAM ask for:
// IAM refuses characters beyond U+00FF, so those are escaped.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r >= ' ' && r <= 0xff && r != 0x7f && (r < 0x80 || r > 0x9f):
			b = append(b, s[i:i+size]...)
		default:
			b = appendEscape(b, r)
		}
		i += size
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	if r > 0xffff {
		r -= 0x10000
		return appendEscape(appendEscape(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
	}
	const digits = "0000"
	hex := strconv.FormatInt(int64(r), 16)
	b = append(b, '\\', 'u')
	b = append(b, digits[len(hex):]...)
	return append(b, hex...)
}
