package cloudtrail

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/source/logfile"
)

// File is a log file wherever it lies.
type File struct {
	Name string
	// Delivered is when CloudTrail laid it down, as its name says; zero where the
	// name does not.
	Delivered time.Time
	Open      func(context.Context) (io.ReadCloser, error)
}

// Local lists the log files of the given files and folders, those below them
// included. In folders only names that may be logs count; a file that is named is
// read whatever its name.
func Local(paths ...string) ([]File, error) {
	var files []File
	err := logfile.Walk(paths, func(name string) bool { return logName(path.Base(name)) },
		func(name string) { files = append(files, localFile(name)) },
		func(name string, err error) { files = append(files, missing(name, err)) })
	if err != nil {
		return nil, fmt.Errorf("reading CloudTrail logs: %w", err)
	}
	Order(files)
	return files, nil
}

// missing stands for what could not be listed: it cannot be opened, and so is missed by
// its name, and the rest is read.
func missing(name string, err error) File {
	return File{Name: name, Open: func(context.Context) (io.ReadCloser, error) { return nil, err }}
}

func localFile(name string) File {
	return File{
		Name: filepath.ToSlash(name), Delivered: delivered(filepath.Base(name)),
		Open: func(context.Context) (io.ReadCloser, error) { return os.Open(name) },
	}
}

// Order puts files into the order of delivery; those whose names do not tell come
// first, by name.
func Order(files []File) {
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(a.Delivered.Compare(b.Delivered), cmp.Compare(a.Name, b.Name))
	})
}

func logName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	switch path.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

// delivered reads the time in <account>_CloudTrail_<region>_<YYYYMMDDTHHmmZ>_<id>.json.gz.
func delivered(name string) time.Time { return logfile.Written(name) }
