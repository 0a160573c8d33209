package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
)

// missedFile says which log files could not be read to their ends, so that who asks the
// lake later knows what it lacks.
const (
	missedFile = "missed.json"
	mostMissed = 10_000
)

// Missed records that a log file could not be read to its end. It holds from the next
// commit on, until the file is Done.
func (w *Writer) Missed(name string, gap evidence.Gap) {
	if w.missed == nil {
		w.missed = map[string]*evidence.Gap{}
	}
	w.missed[name] = &gap
}

// recordMissed brings the list up to date. It is no part of the unit: importing the same
// again finds the same.
func (w *Writer) recordMissed() error {
	if len(w.missed) == 0 {
		return nil
	}
	known, err := readMissed(w.dir)
	if err != nil {
		return err
	}
	before := len(known)
	changed := false
	for name, gap := range w.missed {
		_, there := known[name]
		switch {
		case gap == nil:
			delete(known, name)
			changed = changed || there
		case there || before < mostMissed:
			known[name] = *gap
			before = len(known)
			changed = true
		}
	}
	w.missed = nil
	if !changed {
		return nil
	}
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	temp := own(w.dir, newDir, missedFile)
	if err := writeSynced(temp, data); err != nil {
		return err
	}
	return os.Rename(temp, own(w.dir, missedFile))
}

func readMissed(dir string) (map[string]evidence.Gap, error) {
	known := map[string]evidence.Gap{}
	data, err := os.ReadFile(own(dir, missedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &known); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): delete it, and import the latest log files again", own(dir, missedFile), err)
	}
	return known, nil
}

// Gaps are the log files that could not be read to their ends when they were imported,
// and were not imported whole since; the first ten thousand, by name.
func (l *Lake) Gaps() ([]evidence.Gap, error) {
	known, err := readMissed(l.dir)
	if err != nil {
		return nil, explain(l.dir, err)
	}
	var out []evidence.Gap
	for _, name := range slices.Sorted(maps.Keys(known)) {
		out = append(out, known[name])
	}
	return out, nil
}
