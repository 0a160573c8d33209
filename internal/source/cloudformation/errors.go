package cloudformation

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotTemplate is wrapped by errors about files that are well formed but
// declare no Resources.
var ErrNotTemplate = errors.New("not a CloudFormation template")

// located is an error with its place in a file: stacks/app.yaml:12:5: text.
type located struct {
	file      string
	line, col int32
	err       error
}

// maxErrorText keeps an error that quotes hostile input readable.
const maxErrorText = 500

func (e *located) Error() string {
	text := strings.ReplaceAll(e.err.Error(), "\n", " ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "…"
	}
	switch {
	case e.line == 0:
		return e.file + ": " + text
	case e.col == 0:
		return fmt.Sprintf("%s:%d: %s", e.file, e.line, text)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.file, e.line, e.col, text)
}

func (e *located) Unwrap() error { return e.err }

func failAt(file string, line, col int32, format string, args ...any) error {
	return &located{file: file, line: line, col: col, err: fmt.Errorf(format, args...)}
}
