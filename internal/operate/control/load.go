// Package control brings controls to work: it loads them from the catalogue and
// from users' folders, gives them the functions of the other engines, and turns
// what they say about resources into findings.
package control

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/check"
)

// Load reads every control below a folder. Every file with a fault is named in
// the error.
func Load(files fs.FS, root string) ([]check.Control, error) { return LoadFrom(files, root, "") }

// LoadFrom is Load for files that lie in a folder of their own, whose name leads
// theirs in what controls and errors say.
func LoadFrom(files fs.FS, root, folder string) ([]check.Control, error) {
	var controls []check.Control
	var faults []error
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(name) {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		parsed, err := check.Parse(path.Join(folder, name), data)
		if err != nil {
			faults = append(faults, err)
		}
		controls = append(controls, parsed...)
		return nil
	})
	if err != nil {
		faults = append(faults, fmt.Errorf("reading controls: %w", err))
	}
	slices.SortFunc(controls, func(a, b check.Control) int { return strings.Compare(a.ID, b.ID) })
	return controls, errors.Join(faults...)
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}
