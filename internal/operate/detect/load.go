package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// mostFiles bounds a folder of detections. SigmaHQ has some four thousand.
const mostFiles = 50_000

// Load reads the catalogue below a folder: every file is in our own format and has to
// be whole. Every fault is named in the error, with file and line.
func Load(files fs.FS, root string) ([]Detection, error) { return loadAs(files, root, whole) }

// LoadLean is Load without the examples, which are most of what the files have, and
// without the checks that tests make anyway.
func LoadLean(files fs.FS, root string) ([]Detection, error) { return loadAs(files, root, lean) }

func loadAs(files fs.FS, root string, how manner) ([]Detection, error) {
	all, faults, err := walk(files, root, "", how)
	if err != nil {
		return nil, err
	}
	names, ids := map[string]string{}, map[string]string{}
	for i := range all {
		d := &all[i]
		if d.Name+".yaml" != path.Base(d.File) {
			faults = append(faults, fmt.Errorf("%s:%d: the file has to be called as the detection is: %s.yaml", d.File, d.Line, d.Name))
		}
		if first, taken := names[d.Name]; taken {
			faults = append(faults, fmt.Errorf("%s:%d: the name %q is taken by %s", d.File, d.Line, d.Name, first))
		}
		names[d.Name] = d.File
		for _, r := range d.rules() {
			first, taken := ids[r.ID]
			if taken && first != fmt.Sprint(d.File, r.Line) {
				faults = append(faults, fmt.Errorf("%s:%d: the id %q is taken by %s", d.File, r.Line, r.ID, first))
			}
			ids[r.ID] = fmt.Sprint(d.File, r.Line)
		}
	}
	return all, errors.Join(faults...)
}

// LoadFolder reads detections of the user's: files of our format, and plain Sigma
// rules, in a folder and all below, or in a single file. Rules that cannot be honoured
// come out as refusals and stop nothing; a file of our format with a fault does.
func LoadFolder(folder string) ([]Detection, []sigma.Refusal, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, nil, fmt.Errorf("reading detections: %w", err)
	}
	root := "."
	if !info.IsDir() {
		folder, root = filepath.Split(folder)
	}
	var refusals []sigma.Refusal
	all, faults, err := walk(os.DirFS(filepath.Clean(folder)), root, filepath.ToSlash(folder), foreign)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for _, f := range faults {
		var r sigma.Refusal
		if errors.As(f, &r) {
			refusals = append(refusals, r)
		} else {
			errs = append(errs, f)
		}
	}
	return all, refusals, errors.Join(errs...)
}

// walk parses all files below a folder, several at the same time, and gives what is in
// them in the order of the detections' names.
func walk(files fs.FS, root, folder string, how manner) (all []Detection, faults []error, err error) {
	type content struct {
		name   string
		data   []byte
		parsed []Detection
		faults []error
	}
	var contents []*content
	err = fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && d.IsDir() && name != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir // .git, .github
		case err != nil || d.IsDir() || name != root && !isYAML(name):
			return err
		}
		if len(contents) == mostFiles {
			return fmt.Errorf("%s has more than %d files of detections", path.Join(folder, root), mostFiles)
		}
		c := &content{name: path.Join(folder, name)}
		contents = append(contents, c)
		if info, err := d.Info(); err == nil && info.Size() > mostBytes {
			c.faults = []error{sigma.Refusal{File: c.name, Reason: fmt.Sprintf("the file has %d bytes; %d is the most. Split it", info.Size(), mostBytes)}}
			return nil
		}
		c.data, err = fs.ReadFile(files, name)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading detections: %w", err)
	}
	group := errgroup.Group{}
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, c := range contents {
		group.Go(func() error {
			if c.faults == nil {
				c.parsed, c.faults = parse(c.name, c.data, how)
			}
			return nil
		})
	}
	err = group.Wait()
	for _, c := range contents {
		all, faults = append(all, c.parsed...), append(faults, c.faults...)
	}
	slices.SortStableFunc(all, func(a, b Detection) int { return strings.Compare(a.Name, b.Name) })
	return all, faults, err
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}
