package logfile

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
	Name    string
	Written time.Time // as its name says; zero where it does not
	Place   Place
	Open    func(context.Context) (io.ReadCloser, error)
}

func newFile(name string, open func(context.Context) (io.ReadCloser, error)) File {
	place, _ := PlaceOf(name)
	return File{Name: name, Written: Written(name[strings.LastIndexByte(name, '/')+1:]), Place: place, Open: open}
}

// Local lists the wanted log files of the given files and folders, those below them
// included. In folders only names that may be logs count; a file that is named is
// read whatever its name.
func Local(want Selection, paths ...string) ([]File, error) {
	var files []File
	isWanted := func(name string) bool { return isLog(path.Base(name)) && want.Wants(name) }
	err := Walk(paths, isWanted, func(name string) {
		files = append(files, newFile(filepath.ToSlash(name), func(context.Context) (io.ReadCloser, error) { return os.Open(name) }))
	}, func(name string, err error) { files = append(files, missing(name, err)) })
	if err != nil {
		return nil, fmt.Errorf("reading logs: %w", err)
	}
	Order(files)
	return files, nil
}

// Walk finds the given files, and below the given folders those that are wanted by
// their names (with slashes), each once. A folder that cannot be listed is missed, and
// the rest found; a path that is not there is an error.
func Walk(paths []string, wants func(name string) bool, found func(name string), missed func(name string, err error)) error {
	known := map[string]bool{}
	add := func(name string) {
		if clean := filepath.Clean(name); !known[clean] {
			known[clean] = true
			found(clean)
		}
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			add(p)
			continue
		}
		root, err := filepath.EvalSymlinks(p)
		if err != nil {
			return err
		}
		err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				missed(filepath.ToSlash(name), err)
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
			case !d.IsDir() && wants(filepath.ToSlash(name)) && regular(name, d):
				add(name)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Order puts files into the order in which they were written; those whose names do
// not tell come first, by name.
func Order(files []File) {
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(a.Written.Compare(b.Written), cmp.Compare(a.Name, b.Name))
	})
}

// regular tells whether there is a file behind an entry: a pipe in a folder would be
// waited for without end.
func regular(name string, d fs.DirEntry) bool {
	if d.Type().IsRegular() {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// isLog tells by its name what may be a log. Exports of CloudWatch Logs are called
// 000000.gz and lie beside a file without logs, aws-logs-write-test.
func isLog(name string) bool {
	if strings.HasPrefix(name, ".") {
		return false
	}
	name = strings.ToLower(name)
	plain, zipped := strings.CutSuffix(name, ".gz")
	switch ext := filepath.Ext(plain); ext {
	case ".log", ".txt", ".json", ".jsonl", ".ndjson", ".parquet":
		return true
	case "":
		return zipped
	}
	return false
}
