package logfile_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

func file(name, content string) logfile.File {
	return logfile.File{Name: name, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s) // into memory
	w.Close()
	return b.String()
}

// messages reads a file: "text @offset/row" of each message.
func messages(o *logfile.Opener, f logfile.File) (all []string, err error) {
	opened, err := o.Open(context.Background(), f)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	err = opened.Messages(context.Background(), func(m *logfile.Message) error {
		if string(m.Text) == "bad" {
			return &logfile.BadRow{Err: errors.New("it is bad")}
		}
		all = append(all, fmt.Sprintf("%s @%d/%d", m.Text, m.Offset, m.Row))
		return nil
	})
	return all, err
}

func TestMessages(t *testing.T) {
	long := strings.Repeat("y", 300<<10)
	for name, test := range map[string]struct {
		content string
		want    []string
		fault   string
	}{
		"lines":                {"a\n\nbc\r\nd", []string{"a @0/1", "bc @3/3", "d @7/4"}, ""},
		"bad ones":             {"a\nbad\nb\nbad\n", []string{"a @0/1", "b @6/3"}, "f: from byte 2: 2 rows passed over: it is bad"},
		"a line too long":      {"a\n" + long + "\nb\n", []string{"a @0/1", fmt.Sprintf("b @%d/3", 3+len(long))}, "f: at byte 2: one row passed over: the line is longer than any record: more than 204800 bytes"},
		"an export":            {"2026-03-01T12:00:00.000Z a b\n", []string{"a b @0/1"}, ""},
		"no export":            {"2026-03-01T12:00:00.000 a b\n", []string{"2026-03-01T12:00:00.000 a b @0/1"}, ""},
		"JSON lines":           {`{"x":1}` + "\n" + `{"message":"a"}` + "\n", []string{`{"x":1} @0/1`, "a @8/2"}, ""},
		"an envelope":          {`{"logEvents":[{"message":"a"},{"id":"1"},{"message":"b"}]}`, []string{"a @0/1", "b @0/1"}, ""},
		"a printed envelope":   {"{\n \"events\": [\n{\"message\":\"a\"}]}\n", []string{"a @14/1"}, ""},
		"a document too large": {"{\n\"a\":\"" + strings.Repeat("z", 400<<10) + "\"}", nil, "more than"},
		"half a document":      {"{\n\"events\":[{\"message\":\"a\"},{\"mess", []string{"a @12/1"}, "the file is cut off"},
	} {
		for kind, content := range map[string]string{"plain": test.content, "zipped": zipped(test.content)} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				o := &logfile.Opener{Limits: logfile.Limits{Line: 200 << 10}}
				for range 2 { // an opener is used again
					got, err := messages(o, file("f", content))
					said := ""
					if err != nil {
						said = err.Error()
					}
					if !slices.Equal(got, test.want) || (err != nil) != (test.fault != "") || !strings.Contains(said, test.fault) {
						t.Errorf("got %q, %q; want %q, %q", got, said, test.want, test.fault)
					}
				}
			})
		}
	}
}

// Whoever takes messages can end the reading, from within any wrapping.
func TestMessagesEndWithAnError(t *testing.T) {
	enough := errors.New("enough")
	for _, content := range []string{"a\nb\n", `{"events":[{"message":"a"},{"message":"b"}]}`, "[{\"message\":\"a\"},\n{\"message\":\"b\"}]"} {
		opened, err := new(logfile.Opener).Open(t.Context(), file("f", content))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = opened.Messages(t.Context(), func(*logfile.Message) error { n++; return enough })
		if !errors.Is(err, enough) || n != 1 {
			t.Errorf("%s: %v after %d", content, err, n)
		}
		opened.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	opened, err := new(logfile.Opener).Open(t.Context(), file("f", "a\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Messages(ctx, func(*logfile.Message) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}

// told is an error that knows what kind of gap it makes.
type told struct{}

func (told) Error() string           { return "f: slow down" }
func (told) Reason() evidence.Reason { return evidence.Throttled }

func TestFaults(t *testing.T) {
	broken := zipped(strings.Repeat("a line of text\n", 1000))
	place := logfile.Place{Account: "111122223333", Region: "eu-west-1"}
	for name, test := range map[string]struct {
		file   logfile.File
		says   string
		reason evidence.Reason
	}{
		"no way to open": {logfile.File{Name: "f"}, "f: it says no way to open it", evidence.Failed},
		"not allowed": {logfile.File{Name: "f", Open: func(context.Context) (io.ReadCloser, error) {
			return nil, &fs.PathError{Op: "open", Path: "f", Err: fs.ErrPermission}
		}}, "f: permission denied", evidence.Denied},
		"told":    {logfile.File{Name: "f", Open: func(context.Context) (io.ReadCloser, error) { return nil, told{} }}, "f: slow down", evidence.Throttled},
		"cut off": {file("f", broken[:len(broken)-10]), "the file is cut off", evidence.Corrupt},
		"no gzip": {file("f", "\x1f\x8b and nothing"), "f: at byte 0", evidence.Corrupt},
		"a bomb":  {file("f", zipped(strings.Repeat(strings.Repeat("x", 127)+"\n", 160<<10))), "times as much", evidence.Corrupt},
	} {
		t.Run(name, func(t *testing.T) {
			test.file.Place = place
			_, err := messages(&logfile.Opener{Limits: logfile.Limits{Ratio: 100}}, test.file)
			var fault *logfile.Fault
			if !errors.As(err, &fault) || !strings.Contains(fault.Error(), test.says) {
				t.Fatalf("got %v, want %q", err, test.says)
			}
			gap := fault.Gap("vpcflow")
			if gap.Reason != test.reason || gap.Account != place.Account || gap.Region != place.Region || gap.Service != "vpcflow" || gap.Resource != "f" || gap.Detail != fault.Error() {
				t.Errorf("%+v", gap)
			}
		})
	}
}

// A table is handed over whole, from its first byte.
func TestTable(t *testing.T) {
	opened, err := new(logfile.Opener).Open(t.Context(), file("f", "PAR1 and more"))
	if err != nil || !opened.Table {
		t.Fatal(err, opened)
	}
	defer opened.Close()
	content, err := io.ReadAll(opened.Raw)
	if _, _, ok := opened.At(); err != nil || string(content) != "PAR1 and more" || ok {
		t.Errorf("%q, %v; at any place: %t", content, err, ok)
	}
}

func FuzzMessages(f *testing.F) {
	for _, s := range []string{"a\nb", `{"events":[{"message":"a"}]}`, "[{\n}]", zipped("a\n"), "PAR1", `{"message":1}{"message":"x"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		rows := int64(0)
		opened, err := new(logfile.Opener).Open(t.Context(), file("f", string(content)))
		if err == nil && !opened.Table {
			err = opened.Messages(t.Context(), func(m *logfile.Message) error {
				if m.Row < rows || m.Row < 1 || m.Offset < 0 {
					t.Errorf("row %d at %d behind row %d", m.Row, m.Offset, rows)
				}
				rows = m.Row
				return nil
			})
		}
		var fault *logfile.Fault
		if err != nil && !errors.As(err, &fault) {
			t.Error(err)
		}
	})
}
