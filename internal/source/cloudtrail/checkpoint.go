package cloudtrail

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// checkpoint is how far following came, as a small file keeps it.
type checkpoint struct {
	Version int    `json:"version"`
	Source  string `json:"source"` // what was followed
	// Horizon is the delivery before which every file is done.
	Horizon time.Time `json:"horizon,omitzero"`
	// Done are the files from there on that are done, in the order in which they were.
	Done []string `json:"done"`
	// Position is the consumer's own.
	Position json.RawMessage `json:"position,omitempty"`
}

const checkpointVersion = 1

// mostCheckpoint is far beyond what a checkpoint of thousands of files has.
const mostCheckpoint = 64 << 20

// loadCheckpoint reads a checkpoint; where there is none yet it is empty.
func loadCheckpoint(name, source string) (c checkpoint, err error) {
	empty := checkpoint{Version: checkpointVersion, Source: source}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return c, fmt.Errorf("reading the checkpoint: %w", err)
	}
	defer f.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(f, mostCheckpoint+1))
	if err != nil {
		return c, fmt.Errorf("reading the checkpoint: %w", err)
	}
	if len(b) > mostCheckpoint {
		return c, fmt.Errorf("the checkpoint %s has more than %d bytes; move it away to begin anew", name, mostCheckpoint)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, fmt.Errorf("the checkpoint %s is damaged (%w); move it away to begin anew", name, err)
	}
	if c.Version != checkpointVersion {
		return c, fmt.Errorf("the checkpoint %s is of version %d; this program knows %d", name, c.Version, checkpointVersion)
	}
	if c.Source != source {
		return c, fmt.Errorf("the checkpoint %s is of following %q, not %q; give each its own", name, c.Source, source)
	}
	return c, nil
}

// save replaces the file at once: whoever reads it finds the old or the new one whole,
// whenever the machine stops.
func (c *checkpoint) save(name string) (err error) {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing the checkpoint: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("writing the checkpoint: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the checkpoint %s: %w", name, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if _, err = f.Write(append(b, '\n')); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// syncFolder makes the new name last; file systems that cannot are none to fail on.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = d.Sync()
	return d.Close()
}

// prune forgets files that lie before the horizon, for they are not found again. The last
// ones stay all the same where a queue may tell of them once more.
func (c *checkpoint) prune(stay int) {
	n := max(0, len(c.Done)-stay)
	c.Done = append(slices.DeleteFunc(c.Done[:n:n], func(name string) bool { return c.past(name) }), c.Done[n:]...)
}

// past tells that a file lies before the horizon.
func (c *checkpoint) past(name string) bool {
	at := deliveredName(name)
	return !at.IsZero() && at.Before(c.Horizon)
}
