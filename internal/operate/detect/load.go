package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/sigma"
)

// mostFiles bounds a folder of detections. SigmaHQ has some four thousand.
const mostFiles = 50_000

// Load reads the catalogue below a folder: every file is in our own format and has to
// be whole. Every fault is named in the error, with file and line.
func Load(files fs.FS, root string) ([]Detection, error) {
	all, faults, err := walk(files, root, "", true)
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
	all, faults, err := walk(os.DirFS(filepath.Clean(folder)), root, filepath.ToSlash(folder), false)
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

// walk parses all files below a folder, in the order of their names.
func walk(files fs.FS, root, folder string, catalogue bool) (all []Detection, faults []error, err error) {
	count := 0
	err = fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(name) {
			return err
		}
		if count++; count > mostFiles {
			return fmt.Errorf("%s has more than %d files of detections", path.Join(folder, root), mostFiles)
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		parsed, errs := parse(path.Join(folder, name), data, catalogue)
		all, faults = append(all, parsed...), append(faults, errs...)
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading detections: %w", err)
	}
	slices.SortStableFunc(all, func(a, b Detection) int { return strings.Compare(a.Name, b.Name) })
	return all, faults, nil
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}
