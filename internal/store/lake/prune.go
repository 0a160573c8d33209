package lake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Pruned is what Prune deleted, or would delete.
type Pruned struct {
	Days    []Day // in the order of Coverage
	Events  int
	Files   int
	Bytes   int64
	Foreign []string // files in those folders that are not the lake's, and stay
}

// Expired is what lies before a day: whole days only, so that nothing younger goes.
// Events whose time is not known stay.
func (l *Lake) Expired(ctx context.Context, before time.Time) (*Pruned, error) {
	out, _, err := expired(ctx, l.dir, before)
	return out, explain(l.dir, err)
}

func expired(ctx context.Context, dir string, before time.Time) (*Pruned, []storedFile, error) {
	before = before.UTC().Truncate(24 * time.Hour)
	l, err := list(ctx, dir, selection{until: before, sizes: true})
	if err != nil {
		return nil, nil, err
	}
	out := &Pruned{}
	var files []storedFile
	days := map[partition]int{}
	for _, f := range l.files {
		day, err := time.Parse(dayLayout, f.day)
		if err != nil || !day.Before(before) {
			continue
		}
		i, ok := days[f.partition]
		if !ok {
			i = len(out.Days)
			days[f.partition] = i
			out.Days = append(out.Days, Day{Organisation: f.org, Account: f.account, Region: f.region, Day: day})
		}
		out.Days[i].add(&f)
		out.Events += f.rows
		out.Files++
		out.Bytes += f.size
		files = append(files, f)
	}
	for _, path := range l.foreign {
		if p, ok := parseFolder(filepath.Dir(path)); ok && p.day != "" && p.day < before.Format(dayLayout) {
			out.Foreign = append(out.Foreign, path)
		}
	}
	return out, files, nil
}

// parseFolder reads the path of a partition below the lake.
func parseFolder(path string) (partition, bool) {
	p, _, ok := parsePath(filepath.Join(path, fileName{rows: 1}.String()))
	return p, ok
}

// Prune deletes the days before a day. Only files that are the lake's go, and folders
// that are empty then. A process that ends in between leaves some; the next prune takes
// them.
func (w *Writer) Prune(ctx context.Context, before time.Time) (*Pruned, error) {
	out, files, err := expired(ctx, w.dir, before)
	if err != nil {
		return nil, explain(w.dir, err)
	}
	clear(w.stored)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := os.Remove(f.at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, explain(w.dir, err)
		}
	}
	var folders []string
	for _, f := range files {
		folders = append(folders, filepath.Dir(f.at))
	}
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		for range partitionKeys {
			if os.Remove(folder) != nil { // there is something in it
				break
			}
			folder = filepath.Dir(folder)
		}
	}
	return out, nil
}
