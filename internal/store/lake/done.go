package lake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// mark stands for a log file that is in the lake.
type mark [16]byte

func markOf(name string) (m mark) {
	sum := sha256.Sum256([]byte(name))
	copy(m[:], sum[:])
	return m
}

// doneList knows which log files are in the lake, by the day in which they were
// delivered, so that only some days are in memory.
type doneList struct {
	dir  string
	days map[string]map[mark]bool
	add  map[string][]byte // by day, of the unit
}

// mostDays is how many days are in memory. Files come in the order of delivery.
const mostDays = 4

func (d *doneList) day(day string) (map[mark]bool, error) {
	if known := d.days[day]; known != nil {
		return known, nil
	}
	f, err := os.Open(own(d.dir, doneDir, day))
	known := map[mark]bool{}
	if err == nil {
		defer f.Close()
		if known, err = readMarks(f); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if d.days == nil || len(d.days) >= mostDays {
		d.days = map[string]map[mark]bool{}
	}
	d.days[day] = known
	return known, nil
}

func readMarks(r io.Reader) (map[mark]bool, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	known := make(map[mark]bool, len(data)/len(mark{}))
	for ; len(data) >= len(mark{}); data = data[len(mark{}):] {
		known[mark(data[:len(mark{})])] = true
	}
	return known, nil
}

func (d *doneList) has(name string, delivered time.Time) (bool, error) {
	known, err := d.day(delivered.UTC().Format(dayLayout))
	return known[markOf(name)], err
}

func (d *doneList) put(name string, delivered time.Time) {
	if d.add == nil {
		d.add = map[string][]byte{}
	}
	m := markOf(name)
	day := delivered.UTC().Format(dayLayout)
	d.add[day] = append(d.add[day], m[:]...)
}

// take gives the marks of the unit and where they belong.
func (d *doneList) take() ([]marks, error) {
	var out []marks
	for day, add := range d.add {
		at := int64(0)
		info, err := os.Stat(own(d.dir, doneDir, day))
		switch {
		case err == nil:
			at = info.Size() / int64(len(mark{})) * int64(len(mark{}))
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		out = append(out, marks{Day: day, At: at, Add: add})
		if known := d.days[day]; known != nil {
			for rest := add; len(rest) > 0; rest = rest[len(mark{}):] {
				known[mark(rest[:len(mark{})])] = true
			}
		}
	}
	d.add = nil
	return out, nil
}

// Has tells whether a log file is in the lake whole, so that it need not be read. Names
// that do not say when they were delivered are not remembered: such a file may grow.
func (w *Writer) Has(name string, delivered time.Time) (bool, error) {
	if delivered.IsZero() {
		return false, nil
	}
	has, err := w.done.has(name, delivered)
	if err != nil {
		return false, explain(w.dir, fmt.Errorf("reading which log files are in: %w", err))
	}
	return has, nil
}

// Done says that all events of a log file were appended. It holds once they are
// committed.
func (w *Writer) Done(name string, delivered time.Time) {
	if !delivered.IsZero() {
		w.done.put(name, delivered)
	}
	if w.missed == nil {
		w.missed = map[string]*evidence.Gap{}
	}
	w.missed[name] = nil
}
