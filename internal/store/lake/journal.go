package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The lake's own folder. Query engines pass over names that begin with an underscore.
const (
	ours       = "_holdfast"
	newDir     = "new"     // files that are being written
	retiredDir = "retired" // files that compaction replaced
	doneDir    = "done"    // which log files are in
	commitFile = "commit.json"
	lastFile   = "last.json"
)

func own(dir string, names ...string) string {
	return filepath.Join(append([]string{dir, ours}, names...)...)
}

// commit is a unit of work that is to be carried out whole: everything it names lies
// ready. Carrying it out twice is the same as once.
type commit struct {
	Format int       `json:"format"`
	Unit   int64     `json:"unit"`
	At     time.Time `json:"at"`
	// Retirements counts the units that took files away: a reader that listed folders
	// while it changed lists again.
	Retirements int64    `json:"retirements"`
	Put         []move   `json:"put,omitempty"`
	Retire      []string `json:"retire,omitempty"` // paths below the lake
	Done        []marks  `json:"done,omitempty"`
}

// move names a file below _holdfast/new and its place below the lake.
type move struct{ From, To string }

// marks are to lie at a place in a day's list of log files.
type marks struct {
	Day string
	At  int64
	Add []byte
}

const journalFormat = 1

func readCommit(dir, name string) (*commit, error) {
	data, err := os.ReadFile(own(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var c commit
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s is damaged (%v): restore it from a backup, or move it away and import the latest log files again", own(dir, name), err)
	}
	if c.Format > journalFormat {
		return nil, say(ErrNewer, nil, "the lake in %q was written by a newer holdfast (format %d); use that one", dir, c.Format)
	}
	return &c, c.check()
}

// check refuses a list whose paths lead out of the lake.
func (c *commit) check() error {
	for _, m := range c.Put {
		if !filepath.IsLocal(m.From) || strings.ContainsAny(m.From, `/\`) || !filepath.IsLocal(filepath.FromSlash(m.To)) {
			return fmt.Errorf("%s names %q, which leads out of the lake", commitFile, m.To)
		}
	}
	for _, r := range c.Retire {
		if !filepath.IsLocal(filepath.FromSlash(r)) {
			return fmt.Errorf("%s names %q, which leads out of the lake", commitFile, r)
		}
	}
	for _, m := range c.Done {
		if !fits(3, m.Day) || m.At < 0 || m.At%int64(len(mark{})) != 0 || m.At > 1<<40 {
			return fmt.Errorf("%s names %q, which is no list of log files", commitFile, m.Day)
		}
	}
	return nil
}

// write makes the commit: from here on the unit is in the lake.
func (c *commit) write(dir string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if err := syncDir(own(dir, newDir)); err != nil {
		return err
	}
	temp := own(dir, newDir, commitFile)
	if err := writeSynced(temp, data); err != nil {
		return err
	}
	if err := os.Rename(temp, own(dir, commitFile)); err != nil {
		return err
	}
	return syncDir(own(dir))
}

// carryOut moves everything to its place, and says that it is done.
func (c *commit) carryOut(dir string) error {
	touched := map[string]bool{own(dir): true}
	for _, r := range c.Retire {
		from := filepath.Join(dir, filepath.FromSlash(r))
		if err := renamed(from, own(dir, retiredDir, retiredName(filepath.Base(from), c.At))); err != nil {
			return err
		}
		touched[filepath.Dir(from)], touched[own(dir, retiredDir)] = true, true
	}
	for _, m := range c.Put {
		to := filepath.Join(dir, filepath.FromSlash(m.To))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := renamed(own(dir, newDir, m.From), to); err != nil {
			return err
		}
		touched[filepath.Dir(to)] = true
	}
	for _, m := range c.Done {
		if err := m.write(dir); err != nil {
			return err
		}
		touched[own(dir, doneDir)] = true
	}
	folders := make([]string, 0, len(touched))
	for folder := range touched {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		if err := syncDir(folder); err != nil {
			return err
		}
	}
	return os.Rename(own(dir, commitFile), own(dir, lastFile))
}

// renamed moves a file, unless it was moved before.
func renamed(from, to string) error {
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if _, there := os.Stat(to); there == nil {
			return nil
		}
	}
	return err
}

func (m marks) write(dir string) error {
	f, err := os.OpenFile(own(dir, doneDir, m.Day), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(m.Add, m.At)
	return errors.Join(err, f.Sync(), f.Close())
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// retiredName is how a replaced file is called: by its digest, so that who listed it
// before finds it, and by the time, so that it is known when nobody can need it.
func retiredName(base string, at time.Time) string {
	n, _ := parseName(base)
	return fmt.Sprintf("%016x-%d", n.digest, at.Unix())
}

// recover carries out the unit that was committed and not finished, and throws away what
// was being written otherwise.
func recoverUnit(dir string) error {
	c, err := readCommit(dir, commitFile)
	if err != nil {
		return err
	}
	if c != nil {
		if err := c.carryOut(dir); err != nil {
			return err
		}
	}
	left, err := os.ReadDir(own(dir, newDir))
	if err != nil {
		return err
	}
	for _, e := range left {
		if err := os.Remove(own(dir, newDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// expire deletes replaced files that no reader can have open any more.
func expire(dir string, before time.Time) error {
	old, err := os.ReadDir(own(dir, retiredDir))
	if err != nil {
		return err
	}
	for _, e := range old {
		_, at, ok := strings.Cut(e.Name(), "-")
		var seconds int64
		if _, err := fmt.Sscan(at, &seconds); !ok || err != nil || !time.Unix(seconds, 0).Before(before) {
			continue
		}
		if err := os.Remove(own(dir, retiredDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
