package cloudtrail

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
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
	known := map[string]bool{}
	add := func(name string) {
		if clean := filepath.Clean(name); !known[clean] {
			known[clean] = true
			files = append(files, localFile(clean))
		}
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, fmt.Errorf("reading CloudTrail logs: %w", err)
		}
		if !info.IsDir() {
			add(p)
			continue
		}
		root, err := filepath.EvalSymlinks(p)
		if err != nil {
			return nil, fmt.Errorf("reading CloudTrail logs: %w", err)
		}
		err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				// A folder that cannot be listed is a file that cannot be opened: said once,
				// and the rest is read.
				files = append(files, File{Name: filepath.ToSlash(name), Open: func(context.Context) (io.ReadCloser, error) { return nil, err }})
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if !d.IsDir() && logName(d.Name()) && regular(name, d) {
				add(name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("reading CloudTrail logs: %w", err)
		}
	}
	Order(files)
	return files, nil
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

// regular tells whether there is a file behind an entry: a pipe in a folder would
// be waited for without end.
func regular(name string, d fs.DirEntry) bool {
	if d.Type().IsRegular() {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
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
func delivered(name string) time.Time {
	for part := range strings.SplitSeq(name, "_") {
		for _, layout := range []string{"20060102T1504Z", "20060102T150405Z"} {
			if at, err := time.Parse(layout, part); err == nil {
				return at
			}
		}
	}
	return time.Time{}
}
