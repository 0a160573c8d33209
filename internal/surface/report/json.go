package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"holdfast.dev/holdfast/internal/finding"
)

// encode is a value as one line of JSON without a line end. Characters that
// would steer a terminal or reorder a line are written as \u escapes: the data
// is the same, and printing it is safe.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return escapeUnprintable(bytes.TrimRight(b.Bytes(), "\n")), nil
}

func escapeUnprintable(b []byte) []byte {
	if isPlain(b) {
		return b
	}
	hostile := func(r rune) bool { return r != '\n' && r != utf8.RuneError && unprintable(r) }
	if bytes.IndexFunc(b, hostile) < 0 {
		return b
	}
	out := make([]byte, 0, len(b)+64)
	for _, r := range string(b) {
		switch {
		case !hostile(r):
			out = utf8.AppendRune(out, r)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, "\\u%04x\\u%04x", 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			out = fmt.Appendf(out, "\\u%04x", r)
		}
	}
	return out
}

// jsonWriter writes one array, one finding a line. Half a document has no
// closing bracket.
type jsonWriter struct {
	w   *errWriter
	any bool
}

func newJSON(w *errWriter) *jsonWriter { return &jsonWriter{w: w} }

func (j *jsonWriter) Add(f finding.Finding) error {
	line, err := encode(newRecord(f), "")
	if err != nil {
		return err
	}
	if j.any {
		j.w.str(",\n")
	} else {
		j.w.str("[\n")
	}
	j.any = true
	j.w.str(string(line))
	return j.w.err
}

func (j *jsonWriter) Close() error {
	if j.any {
		j.w.str("\n]\n")
	} else {
		j.w.str("[]\n")
	}
	return j.w.err
}

func (j *jsonWriter) Abort(error) error {
	if !j.any {
		j.w.str("[")
	}
	j.w.str("\n")
	return j.w.err
}

// jsonlWriter writes one object a line.
type jsonlWriter struct{ w *errWriter }

func newJSONL(w *errWriter) *jsonlWriter { return &jsonlWriter{w} }

func (j *jsonlWriter) Add(f finding.Finding) error { return writeLine(j.w, newRecord(f)) }

func (j *jsonlWriter) Close() error { return j.w.err }

func (j *jsonlWriter) Abort(error) error { return breakLines(j.w) }

func writeLine(w *errWriter, v any) error {
	line, err := encode(v, "")
	if err != nil {
		return err
	}
	w.str(string(line))
	w.str("\n")
	return w.err
}

// breakLines ends JSON Lines with a line no parser takes: the format has no
// end of its own that could be missing.
func breakLines(w *errWriter) error {
	w.str("{\"incomplete\":\n")
	return w.err
}
