package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// stored is a file of the lake.
type storedFile struct {
	partition
	fileName
	path string // below the lake, with the system's separators
	at   string // where it lies now, absolute or below the working directory
	size int64  // only where sizes were asked for
}

// listing is what folders hold.
type listing struct {
	files   []storedFile
	foreign []string // files in partitions that are not the lake's
}

// selection says which partitions are listed.
type selection struct {
	accounts, regions []string
	since, until      time.Time
	sizes             bool
}

func (s *selection) wants(level int, v string) bool {
	switch level {
	case 1:
		return among(s.regions, level, v)
	case 2:
		return among(s.accounts, level, v)
	case 3:
		if v == "" {
			return s.since.IsZero() && s.until.IsZero()
		}
		day, err := time.Parse(dayLayout, v)
		return err == nil && (s.since.IsZero() || day.AddDate(0, 0, 1).After(s.since)) && (s.until.IsZero() || day.Before(s.until))
	}
	return true
}

// among tells whether a folder may hold one of the values. What could be no folder's name
// lies with what is not known.
func among(values []string, level int, folder string) bool {
	return len(values) == 0 || slices.ContainsFunc(values, func(v string) bool {
		return v == folder || folder == "" && !fits(level, v)
	})
}

// list reads the folders as one consistent state: whatever unit is being carried out
// counts as done. A unit that takes files away while folders are read makes it begin
// again.
func list(ctx context.Context, dir string, s selection) (*listing, error) {
	for try := 0; ; try++ {
		before, err := retirements(dir)
		if err != nil {
			return nil, err
		}
		l := &listing{}
		if err := l.read(ctx, dir, s); err != nil {
			return nil, err
		}
		pending, err := readCommit(dir, commitFile)
		if err != nil {
			return nil, err
		}
		if pending != nil {
			l.apply(dir, pending, s)
		}
		after, err := retirements(dir)
		if err != nil {
			return nil, err
		}
		if before == after || try == 20 {
			slices.SortFunc(l.files, func(a, b storedFile) int { return strings.Compare(a.path, b.path) })
			return l, nil
		}
	}
}

// retirements is how many units have taken files away, those under way included.
func retirements(dir string) (int64, error) {
	for _, name := range []string{commitFile, lastFile} {
		c, err := readCommit(dir, name)
		if c != nil || err != nil {
			if err != nil {
				return 0, err
			}
			return c.Retirements, nil
		}
	}
	return 0, nil
}

func (l *listing) read(ctx context.Context, dir string, s selection) error {
	var walk func(path string, level int, values [4]string) error
	walk = func(path string, level int, values [4]string) error {
		entries, err := os.ReadDir(filepath.Join(dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if level == len(partitionKeys) {
			return l.folder(dir, path, entries, values, s)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, e := range entries {
			v, ok := value(level, e.Name())
			if !ok || !e.IsDir() {
				if !strings.HasPrefix(e.Name(), "_") && !strings.HasPrefix(e.Name(), ".") {
					l.foreign = append(l.foreign, filepath.Join(path, e.Name()))
				}
				continue
			}
			if !s.wants(level, v) {
				continue
			}
			values[level] = v
			if err := walk(filepath.Join(path, e.Name()), level+1, values); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(relRoot, 0, [4]string{})
}

// relRoot is root below the lake.
var relRoot = root("")

func (l *listing) folder(dir, path string, entries []os.DirEntry, v [4]string, s selection) error {
	for _, e := range entries {
		file := filepath.Join(path, e.Name())
		name, ok := parseName(e.Name())
		if !ok || !e.Type().IsRegular() {
			if !strings.HasPrefix(e.Name(), "_") && !strings.HasPrefix(e.Name(), ".") {
				l.foreign = append(l.foreign, file)
			}
			continue
		}
		if !name.overlaps(s.since, s.until) {
			continue
		}
		f := storedFile{partition: partition{v[0], v[1], v[2], v[3]}, fileName: name, path: file, at: filepath.Join(dir, file)}
		if s.sizes {
			if info, err := e.Info(); err == nil {
				f.size = info.Size()
			}
		}
		l.files = append(l.files, f)
	}
	return nil
}

// apply brings a listing to the state after a unit.
func (l *listing) apply(dir string, c *commit, s selection) {
	gone := map[string]bool{}
	for _, r := range c.Retire {
		gone[filepath.FromSlash(r)] = true
	}
	have := map[string]bool{}
	l.files = slices.DeleteFunc(l.files, func(f storedFile) bool { have[f.path] = true; return gone[f.path] })
	for _, m := range c.Put {
		path := filepath.FromSlash(m.To)
		p, name, ok := parsePath(path)
		if have[path] || !ok || !s.covers(p) || !name.overlaps(s.since, s.until) {
			continue
		}
		f := storedFile{partition: p, fileName: name, path: path, at: own(dir, newDir, m.From)}
		if info, err := os.Stat(f.at); err == nil {
			f.size = info.Size()
		}
		l.files = append(l.files, f)
	}
}

func (s *selection) covers(p partition) bool {
	return s.wants(1, p.region) && s.wants(2, p.account) && s.wants(3, p.day)
}

// parsePath reads the path of a file below the lake.
func parsePath(path string) (p partition, n fileName, ok bool) {
	rest, ok := strings.CutPrefix(path, relRoot+string(filepath.Separator))
	parts := strings.Split(rest, string(filepath.Separator))
	if !ok || len(parts) != 5 {
		return p, n, false
	}
	var v [4]string
	for i := range v {
		if v[i], ok = value(i, parts[i]); !ok {
			return p, n, false
		}
	}
	n, ok = parseName(parts[4])
	return partition{v[0], v[1], v[2], v[3]}, n, ok
}

// open opens a file where it lies now: in its place, still aside, or replaced.
func (f *storedFile) open(dir string) (*os.File, error) {
	places := []string{f.at, filepath.Join(dir, f.path)}
	old, _ := filepath.Glob(own(dir, retiredDir, f.retired()+"-*"))
	places = append(places, old...)
	var first error
	for _, p := range places {
		in, err := os.Open(p)
		if err == nil {
			return in, nil
		}
		if first == nil {
			first = err
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, first
}

func (f *storedFile) retired() string {
	name, _, _ := strings.Cut(retiredName(f.fileName.String(), time.Time{}), "-")
	return name
}

// listDay lists the files of an account, Region and day, of all organisations.
func listDay(ctx context.Context, dir string, p partition) ([]storedFile, error) {
	entries, err := os.ReadDir(filepath.Join(dir, relRoot))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l := &listing{}
	for _, e := range entries {
		org, ok := value(0, e.Name())
		if !ok || !e.IsDir() {
			continue
		}
		one := partition{org, p.region, p.account, p.day}
		path := filepath.Join(relRoot, one.path())
		files, err := os.ReadDir(filepath.Join(dir, path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err := l.folder(dir, path, files, [4]string{one.org, one.region, one.account, one.day}, selection{}); err != nil {
			return nil, err
		}
	}
	return l.files, ctx.Err()
}
