package report

import (
	"bufio"
	"fmt"
	"io"
)

// errWriter is a buffered writer that remembers its first failure, so that
// layouts read as layouts. Every Add and Close returns what it remembers.
type errWriter struct {
	b   *bufio.Writer
	err error
}

func newErrWriter(w io.Writer) *errWriter { return &errWriter{b: bufio.NewWriterSize(w, 32<<10)} }

func (w *errWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.b.Write(p)
	w.err = err
	return n, err
}

func (w *errWriter) str(s string) { _, _ = io.WriteString(w, s) }

func (w *errWriter) printf(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func (w *errWriter) flush() error {
	if w.err == nil {
		w.err = w.b.Flush()
	}
	return w.err
}
