package lake

import (
	"cmp"
	"context"
	"slices"
	"time"
)

func coverage(ctx context.Context, dir string) ([]Day, error) {
	l, err := list(ctx, dir, selection{sizes: true})
	if err != nil {
		return nil, explain(dir, err)
	}
	days := map[partition]*Day{}
	for _, f := range l.files {
		d := days[f.partition]
		if d == nil {
			d = &Day{Organisation: f.org, Account: f.account, Region: f.region}
			if f.day != "" {
				d.Day, _ = time.Parse(dayLayout, f.day) // the listing checked it
			}
			days[f.partition] = d
		}
		d.add(&f)
	}
	out := make([]Day, 0, len(days))
	for _, d := range days {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Day) int {
		return cmp.Or(cmp.Compare(a.Organisation, b.Organisation), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), a.Day.Compare(b.Day))
	})
	return out, nil
}

func (d *Day) add(f *storedFile) {
	d.Events += f.rows
	d.Files++
	d.Bytes += f.size
	if f.first.IsZero() {
		return
	}
	if d.First.IsZero() || f.first.Before(d.First) {
		d.First = f.first
	}
	if f.last.After(d.Last) {
		d.Last = f.last
	}
}
