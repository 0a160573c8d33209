package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
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

// FuzzRecord compares the view of a record with encoding/json: what the one reads as an
// object the other does, and each member is the same.
func FuzzRecord(f *testing.F) {
	for _, s := range []string{
		`{"eventID":"a","userIdentity":{"type":"x","arn":1},"p":{"q":[1,"é\u00e9",{"r":null}]}}`, `{"userIdentity":7}`, `{"\u0065ventName":"a"}`,
		`{"userIdentity":{"type":"a"},"userIdentity":{}}`, `{}`, `{"a":{"a":{"a":1}},"a":2}`, `{"Records":[1]}`, "\f{}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRecord(data)
		var want map[string]json.RawMessage
		bad := json.Unmarshal(data, &want)
		if err != nil {
			if bad == nil && want != nil && !strings.Contains(err.Error(), "nested") {
				t.Fatalf("%q: %v, encoding/json reads it", data, err)
			}
			return
		}
		if bad != nil {
			t.Fatalf("%q passes, encoding/json says %v", data, bad)
		}
		for name, raw := range want {
			if got := r.Get(NewPath(name)).Raw(); name != "" && !bytes.Equal(got, raw) && !strings.Contains(name, "\ufffd") {
				t.Errorf("%q: %s, encoding/json reads %s", name, got, raw)
			}
		}
		var who struct {
			UserIdentity struct {
				Type json.RawMessage `json:"type"`
			} `json:"userIdentity"`
		}
		if json.Unmarshal([]byte(`{"userIdentity":`+string(r.Value(UserIdentity).Raw())+`}`), &who) == nil && who.UserIdentity.Type != nil {
			exact := map[string]json.RawMessage{}
			_ = json.Unmarshal(r.Value(UserIdentity).Raw(), &exact) // it did above
			if got := r.Value(IdentityType).Raw(); !bytes.Equal(got, exact["type"]) {
				t.Errorf("type is %s, encoding/json reads %s", got, exact["type"])
			}
		}
		var m Eventer
		m.Event(r)
	})
}

// FuzzNotice: whatever a queue holds, reading it ends, and what it names has a bucket and
// a key.
func FuzzNotice(f *testing.F) {
	for _, s := range []string{
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"},"object":{"key":"a+b%2F"}}}]}`, `{"Message":"{}"}`, `{"Message":"{\"Message\":\"{}\"}"}`,
		`{"s3Bucket":"b","s3ObjectKey":["k"]}`, `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}`, `{"Event":"s3:TestEvent"}`,
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"%zz"}}}]}`, `null`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := Notice(data)
		for _, o := range objects {
			if err != nil || o.Bucket == "" || o.Key == "" {
				t.Errorf("%q: %+v, %v", data, o, err)
			}
		}
	})
}

// FuzzGunzip: whatever follows the mark of gzip, reading ends without a panic.
func FuzzGunzip(f *testing.F) {
	f.Add(trailtest.Gzip([]byte(`{"Records":[{"eventID":"a"}]}`)))
	f.Add([]byte("\x1f\x8b\x08"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var one Record
		n := 0
		c := &cutter{slot: func() *Record { return &one }, record: func(*Record) (bool, error) { n++; return true, nil }}
		file := File{Name: "x", Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}
		err := (&opener{limits: DefaultLimits}).read(context.Background(), file, c)
		var fault *Fault
		if err != nil && !errors.As(err, &fault) && !errors.Is(err, errDigest) {
			t.Errorf("%v", err)
		}
	})
}
