package cloudformation

import (
	"errors"
	"fmt"
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

func (e *located) Error() string {
	switch {
	case e.line == 0:
		return e.file + ": " + e.err.Error()
	case e.col == 0:
		return fmt.Sprintf("%s:%d: %v", e.file, e.line, e.err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.file, e.line, e.col, e.err)
}

func (e *located) Unwrap() error { return e.err }

func failAt(file string, line, col int32, format string, args ...any) error {
	return &located{file: file, line: line, col: col, err: fmt.Errorf(format, args...)}
}
