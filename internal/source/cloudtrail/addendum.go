package cloudtrail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Corrects gives the id of the event that a record corrects, or "": CloudTrail adds
// what it learned later in a record of its own, with an addendum of the reason
// UPDATED_DATA. (Those of other reasons are events that merely came late.) Source:
// CloudTrail User Guide, "CloudTrail record contents", addendum.
func (r *Record) Corrects() string {
	a := r.Value(Addendum)
	if a.Type() != Object {
		return ""
	}
	return a.member("originalEventID").Text()
}

// AddendumReason says why a record came late or again; "" where it has no addendum.
func (r *Record) AddendumReason() string { return r.Value(Addendum).member("reason").Text() }

// Correct gives the original record with the fields that the addendum names as updated
// taken from the correction. Both stay as they are.
func Correct(original, correction *Record) ([]byte, error) {
	if id := correction.Corrects(); id == "" || id != string(original.Text(EventID)) {
		return nil, fmt.Errorf("correcting event %q: the addendum of %q is about %q", original.Text(EventID), correction.Text(EventID), id)
	}
	updated := correction.Value(Addendum).member("updatedFields")
	var names []string
	switch updated.Type() {
	case String:
		names = strings.FieldsFunc(updated.Text(), func(c rune) bool { return c == ',' || c == ' ' })
	case Array:
		for e := range updated.Elements() {
			names = append(names, e.Text())
		}
	}
	if len(names) == 0 {
		return nil, errors.New("correcting an event: its addendum names no updatedFields")
	}
	raw := original.raw
	for _, name := range names {
		// A nested field is replaced with all of its member: what else is in there
		// comes from the same look at the event.
		top, _, _ := strings.Cut(name, ".")
		v := correction.Get(NewPath(top))
		if v.Type() == Missing {
			return nil, fmt.Errorf("correcting event %q: the addendum names %q, which it does not have", original.Text(EventID), name)
		}
		raw = replaced(raw, top, v.raw)
	}
	return raw, nil
}

// replaced gives an object with one member set.
func replaced(object []byte, name string, value []byte) []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	t := text{b: object, depth: 1 << 20}
	found := false
	for i := t.space(1); i < len(object) && object[i] != '}'; {
		k, start, err := t.key(i)
		if err != nil {
			break // it was checked before
		}
		end, err := t.value(start, 0)
		if err != nil {
			break
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		quoted := object[i : i+len(k)+2]
		out.Write(quoted)
		out.WriteByte(':')
		if string(unquote(quoted)) == name {
			found = true
			out.Write(value)
		} else {
			out.Write(object[start:end])
		}
		var last bool
		if i, last, err = t.next(end, '}'); err != nil || last {
			break
		}
	}
	if !found {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		quoted, _ := json.Marshal(name) // text always can be
		out.Write(quoted)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes()
}
