package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// remembered has detections read what they learned in an earlier run; forgotten names
// those of which it does not fit any more. Where there is no file yet, nothing was
// learned, if that may be.
func remembered(file string, mayBeNew bool, load func([]byte) ([]string, error)) (forgotten []string, err error) {
	state, err := os.ReadFile(file)
	if mayBeNew && errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, Usage(fmt.Errorf("reading the state of detections: %w", err))
	}
	if forgotten, err = load(state); err != nil {
		return nil, Usage(fmt.Errorf("%s: %w; move it away to begin anew", file, err))
	}
	return forgotten, nil
}

// writeWhole replaces a file at once, so that it lasts.
func writeWhole(name string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", name, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
