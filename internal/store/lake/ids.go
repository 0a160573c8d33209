package lake

import (
	"context"
	"fmt"
)

// eachIdentity goes through the events of a file that happened between two instants,
// both included.
func (f *storedFile) eachIdentity(ctx context.Context, dir string, low, high int64, do func(identity)) error {
	err := f.readIdentities(ctx, dir, low, high, do)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s cannot be read, so nobody knows whether the new events are in it: %w; move it out of the lake, and import the log files of that day again with --again", f.path, err)
	}
	return err
}

func (f *storedFile) readIdentities(ctx context.Context, dir string, low, high int64, do func(identity)) error {
	in, err := f.open(dir)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	r, err := readFooter(in, info.Size())
	if err != nil {
		return err
	}
	for i := range r.meta.RowGroups {
		if err := ctx.Err(); err != nil {
			return err
		}
		g := r.group(i)
		first, last, ok := g.span()
		if ok && (last < low || first > high) && !(g.timeless() && low == never) {
			continue
		}
		if err := g.identities(low, high, do); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) identities(low, high int64, do func(identity)) error {
	original, err := g.column(leafOf(Original), func(dictionary []string) bool { return len(dictionary) > 0 })
	if err != nil {
		return err
	}
	at, err := g.slices(idLeaf())
	if err != nil {
		return err
	}
	when, err := g.slices(timeLeaf())
	if err != nil {
		return err
	}
	if len(at) != len(when) {
		return fmt.Errorf("its columns are cut into %d and %d pages", len(at), len(when))
	}
	var times []int64
	for i := range at {
		if times, err = g.timesOf(when, i, times[:0]); err != nil {
			return err
		}
		if !anyBetween(times, low, high) {
			continue
		}
		ids, err := g.textsOf(idLeaf(), at, i)
		if err != nil {
			return err
		}
		from, _ := g.rowsOf(at, i)
		for j, id := range ids {
			if j < len(times) && times[j] >= low && times[j] <= high {
				do(identityOf([]byte(id), []byte(original.of(int32(from+j)))))
			}
		}
	}
	return nil
}

func anyBetween(times []int64, low, high int64) bool {
	for _, at := range times {
		if at >= low && at <= high {
			return true
		}
	}
	return false
}
