package store

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// gaps replaces the gaps of the batch's unit from the batch's instant on. One
// that is still there keeps its interval.
func (a *applier) gaps(ctx context.Context) error {
	b := a.batch
	wanted := map[string]bool{}
	var order []string
	for _, g := range b.Gaps {
		text, err := json.Marshal(g)
		if err != nil {
			return err
		}
		if !wanted[string(text)] {
			wanted[string(text)] = true
			order = append(order, string(text))
		}
	}
	var gone []known
	err := a.c.query(ctx, func(r row) error {
		if wanted[r.text(2)] {
			delete(wanted, r.text(2))
		} else {
			gone = append(gone, known{k: r.int(0), from: r.int(1)})
		}
		return nil
	}, "SELECT k, valid_from, body FROM gap WHERE account = ? AND region = ? AND unit = ? AND valid_from <= ? AND valid_to > ?4", b.Account, b.Region, b.Unit, a.at)
	if err != nil {
		return err
	}
	for _, g := range gone {
		if g.from == a.at {
			_, err = a.c.exec("DELETE FROM gap WHERE k = ?", g.k)
		} else {
			_, err = a.c.exec("UPDATE gap SET valid_to = ? WHERE k = ?", a.at, g.k)
		}
		if err != nil {
			return err
		}
	}
	return a.open(ctx, order, wanted)
}

// open begins new gaps, which last until the unit was next read.
func (a *applier) open(ctx context.Context, order []string, wanted map[string]bool) error {
	if len(wanted) == 0 {
		return nil
	}
	b := a.batch
	to := int64(never)
	next, err := a.c.one(ctx, "SELECT min(at) FROM batch WHERE account = ? AND region = ? AND unit = ? AND at > ?", b.Account, b.Region, b.Unit, a.at)
	if err != nil {
		return err
	}
	if next[0] != nil {
		to = next.int(0)
	}
	for _, text := range order {
		if !wanted[text] {
			continue
		}
		if _, err := a.c.exec("INSERT INTO gap (account, region, unit, valid_from, valid_to, run, body) VALUES (?, ?, ?, ?, ?, ?, ?)", b.Account, b.Region, b.Unit, a.at, to, a.run, text); err != nil {
			return err
		}
	}
	return nil
}

// Gaps lists what could not be seen as of an instant, in the order of account,
// Region, service, operation and resource.
func (s *Store) Gaps(ctx context.Context, at time.Time) ([]evidence.Gap, error) {
	n, err := instant(at)
	if err != nil {
		return nil, err
	}
	var list []evidence.Gap
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			list = append(list, evidence.Gap{})
			return json.Unmarshal([]byte(r.text(0)), &list[len(list)-1])
		}, "SELECT DISTINCT body FROM gap WHERE valid_from <= ? AND valid_to > ?1", n)
	})
	slices.SortFunc(list, func(a, b evidence.Gap) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail), slices.Compare(a.Types, b.Types))
	})
	return list, err
}
