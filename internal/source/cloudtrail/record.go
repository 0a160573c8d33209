package cloudtrail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"
)

// Record is one record as it lies in its file, with the places of its fields. Nothing
// of it is decoded before somebody asks. Where it comes out of Each it is valid
// until the call it was handed to returns; Raw has to be cloned by who keeps it.
type Record struct {
	raw    []byte
	offset int64
	id     key  // of the event, for finding duplicates
	again  bool // the event was seen before

	escaped bool // it has a backslash somewhere
	timed   bool
	when    time.Time // once timed
	spans   [fields]span
}

// span is where the value of a field lies in raw; both 0 where there is none.
type span struct{ at, end uint32 }

// ParseRecord reads a record that stands alone, as the lake keeps it.
func ParseRecord(raw []byte) (*Record, error) {
	var r Record
	raw = bytes.Trim(raw, blanks)
	if len(raw) > 1<<30 {
		return nil, errors.New("a record of more than a gigabyte")
	}
	end, err := r.scan(raw, DefaultLimits.Depth, false)
	if err == nil && end != len(raw) {
		err = errJSON
	}
	if err != nil {
		return nil, &syntax{int64(end), cutOff(err)}
	}
	return &r, nil
}

// Raw is the record's own text.
func (r *Record) Raw() []byte { return r.raw }

// Offset is where it starts in the decompressed file.
func (r *Record) Offset() int64 { return r.offset }

// Duplicate tells, in what Each hands to take, that the event was handed over before.
func (r *Record) Duplicate() bool { return r.again }

// Value is a field's value; of none where the record lacks it.
func (r *Record) Value(f Field) Value {
	s := r.spans[f]
	return Value{r.raw[s.at:s.end:s.end]}
}

// Span is where a field's value lies in Raw; both 0 where the record lacks it.
func (r *Record) Span(f Field) (start, end int) {
	s := r.spans[f]
	return int(s.at), int(s.end)
}

// Text is the text of a field that is a string, and nil otherwise. Without escapes it
// is part of the record, so it must not be changed.
func (r *Record) Text(f Field) []byte {
	s := r.spans[f]
	if !r.escaped && s.end-s.at >= 2 && r.raw[s.at] == '"' {
		return r.raw[s.at+1 : s.end-1 : s.end-1]
	}
	return unquote(r.raw[s.at:s.end:s.end])
}

// Plain tells that no text of the record has an escape, so that each is what stands
// between its quotes.
func (r *Record) Plain() bool { return !r.escaped }

// True tells that a field is the Boolean true, or its text.
func (r *Record) True(f Field) bool {
	s := r.spans[f]
	v := string(r.raw[s.at:s.end])
	return v == "true" || v == `"true"`
}

// Time is eventTime, and the zero time where that is none.
func (r *Record) Time() time.Time {
	if !r.timed {
		r.timed, r.when = true, instant(r.Text(EventTime))
	}
	return r.when
}

// Account is the account that the record was written for, and that of who did it
// where old records do not say.
func (r *Record) Account() []byte {
	if a := r.Text(RecipientAccountID); len(a) > 0 {
		return a
	}
	return r.Text(IdentityAccountID)
}

// is tells whether it is a record at all.
func (r *Record) is() bool {
	return len(r.Text(EventID)) > 0 || len(r.Text(EventName)) > 0 && len(r.Text(EventSource)) > 0
}

var errFound = errors.New("found the list of records")

// scan reads the object at the start of b, checks it, and notes where its fields
// are. Where outer is set and the object holds a list of records instead, it stops
// at that list with errFound. On any error the place is that of the error.
func (r *Record) scan(b []byte, depth int, outer bool) (end int, err error) {
	r.raw, r.spans, r.again, r.escaped, r.timed = nil, [fields]span{}, false, false, false
	if len(b) == 0 {
		return 0, errShort
	}
	if b[0] != '{' {
		return 0, errJSON
	}
	t := &text{b: b, depth: depth, escaped: &r.escaped}
	if end, err = r.members(t, 0, 1, recordKeys, outer); err != nil {
		return end, err
	}
	r.raw, r.spans[none] = b[:end:end], span{}
	return end, nil
}

// members goes through the object at i, whose names k knows.
func (r *Record) members(t *text, i, level int, k *keys, outer bool) (int, error) {
	i = t.space(i + 1)
	if i < len(t.b) && t.b[i] == '}' {
		return i + 1, nil
	}
	field := none
	for {
		var start int
		var err error
		if start, field, err = t.field(i, k, field); err != nil {
			return start, err
		}
		if field >= listRecords && outer && t.b[start] == '[' {
			return start, errFound
		}
		in := inners[field]
		if in != nil {
			clear(r.spans[in.first : in.last+1]) // of two, the last counts
		}
		var end int
		switch c := t.b[start]; {
		case c == '"':
			end, err = t.str(start)
		case c == '{' && in != nil && level < t.depth:
			end, err = r.members(t, start, level+1, in.keys, false)
		default:
			end, err = t.value(start, level)
		}
		if err != nil {
			return end, err
		}
		r.spans[field] = span{uint32(start), uint32(end)}
		var last bool
		if i, last, err = t.next(end, '}'); err != nil || last {
			return i, err
		}
	}
}

// field reads the key at i, behind the member before: gives the start of its value and
// the field it is.
func (t *text) field(i int, k *keys, before Field) (start int, f Field, err error) {
	if len(t.b)-i > aheadMost+1 {
		b := t.b[i:]
		if f = k.next[before]; f == none || !k.ahead[f].at(b) {
			if f = k.instead[before]; f != none && !k.ahead[f].at(b) {
				f = none
			}
		}
		if f != none {
			if start = i + k.ahead[f].n; t.b[start] <= ' ' {
				if start = t.blanks(start); start >= len(t.b) {
					return start, f, errShort
				}
			}
			return start, f, nil
		}
	}
	key, start, err := t.key(i)
	if err != nil {
		return start, none, err
	}
	if f = k.of(key); f == none && bytes.IndexByte(key, '\\') >= 0 {
		f = k.of(unquote(t.b[i : i+len(key)+2]))
	}
	return start, f, nil
}

// instant reads an eventTime; what cannot be read is the zero time.
func instant(v []byte) time.Time {
	if at, ok := plainInstant(v); ok {
		return at
	}
	if len(v) == 0 {
		return time.Time{} // an error of time.Parse would cost more than all else
	}
	at, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// plainInstant reads the form that CloudTrail writes: 2006-01-02T15:04:05Z.
func plainInstant(v []byte) (time.Time, bool) {
	if len(v) != len("2006-01-02T15:04:05Z") || v[19] != 'Z' {
		return time.Time{}, false
	}
	// What is left once the signs of the form are taken away is a digit in each byte.
	a := binary.LittleEndian.Uint64(v) ^ binary.LittleEndian.Uint64([]byte("0000-00-"))
	b := binary.LittleEndian.Uint64(v[8:]) ^ binary.LittleEndian.Uint64([]byte("00T00:00"))
	c := uint64(binary.LittleEndian.Uint32(v[15:])) ^ uint64(binary.LittleEndian.Uint32([]byte("0:00")))
	const signs1, signs2, signs3 = 0xff0000ff << 32, 0xff0000ff0000, 0xff00
	if a&signs1|b&signs2|c&signs3 != 0 || (a|b|c|(a+each*6)|(b+each*6)|(c+each*6))&(each*0xf0) != 0 {
		return time.Time{}, false
	}
	two := func(i int) int { return int(v[i]&15)*10 + int(v[i+1]&15) }
	year, month, day, hour, minute, second := two(0)*100+two(2), two(5), two(8), two(11), two(14), two(17)
	if month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false // the last days of months are time.Parse's
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}
