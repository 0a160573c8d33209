package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// FuzzScan: whatever the content, reading ends without a panic; what comes out is
// valid JSON, and does not depend on how the bytes arrive.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"Records":[{"eventID":"a","eventTime":"2024-05-01T10:00:00Z","userIdentity":{"arn":"x"},"resources":[{"ARN":"y"}]}],"z":1}`,
		`[{"eventName":"a","eventSource":"b"}]`, "{\"eventID\":\"\\ud83d\\ude00\\u00e9\"}\n{}", `{"Events":[{"CloudTrailEvent":"{\"eventID\":\"q\"}"}]}`,
		`{"a":-0.5e+7,"b":[true,false,null]}`, "\xef\xbb\xbf[]", `{"Records":[`, `{"eventID":"\u12`, `[[[[`, `{"x":01}`,
	} {
		f.Add([]byte(s))
	}
	limits := Limits{Record: 1 << 16, Depth: 20}.orDefault()
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(r io.Reader) (string, bool) {
			var out strings.Builder
			var one Record
			c := &cutter{slot: func() *Record { return &one }, record: func(r *Record) (bool, error) {
				if !json.Valid(r.raw) {
					t.Fatalf("not JSON: %q", r.raw)
				}
				var m Eventer
				e := m.Event(r)
				out.WriteString(e.ID + "|" + e.Name + "|" + string(e.Raw) + "\n")
				return true, nil
			}}
			err := cut(context.Background(), "x", r, limits, c)
			return out.String(), err == nil
		}
		whole, ok := read(bytes.NewReader(data))
		if slow, slowOK := read(iotest.OneByteReader(bytes.NewReader(data))); slow != whole || slowOK != ok {
			t.Errorf("byte by byte: %q (%v), whole: %q (%v)", slow, slowOK, whole, ok)
		}
	})
}

// FuzzValue compares the scanner with encoding/json: the same texts are values, and
// strings say the same.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`"a\u00e9\ud83d\ude00\ud83d\n"`, `{"a":[1,2,{"b":null}]}`, `-0`, `1e5`, `01`, `"\x"`, `[1,]`, `{"a"}`, "\"\x01\"", `{"a":1,}`, `tru`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tx := text{b: append(bytes.Clone(data), '\n'), depth: 5000}
		start := tx.space(0)
		end, err := tx.value(start, 0)
		ok := err == nil && tx.space(end) == len(tx.b)
		if want := json.Valid(data); ok != want {
			t.Fatalf("%q: %v (%v), encoding/json says %v", data, ok, err, want)
		}
		if ok && tx.b[start] == '"' {
			var want string
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			if got := strings.ToValidUTF8(string(unquote(tx.b[start:end])), "\ufffd"); got != strings.ToValidUTF8(want, "\ufffd") && !strings.Contains(want, "\ufffd") {
				t.Errorf("%q reads %q, encoding/json %q", data, got, want)
			}
		}
	})
}
