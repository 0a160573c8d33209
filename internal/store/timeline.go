package store

import (
	"context"
	"database/sql/driver"
)

// span is a stored version on the timeline of one resource.
type span struct {
	k, from, to int64
	same        bool // looks like what is being placed
}

// place puts a look into the timeline of a resource at [from, to). What stood
// there gives way: neighbours are trimmed, one that spans it is split, and
// those that look the same and touch it become one with it. So intervals of a
// resource never overlap, and no two that touch look alike.
//
// An open end means "until something later is known": the next change, the end
// of what stood at from, or the next whole listing of the scope, which would
// have seen this look had it lasted.
func (a *applier) place(ctx context.Context, sc *scope, id string, from, to int64, l look) (int64, error) {
	if to == never {
		var err error
		if to, err = a.until(ctx, sc, id, from); err != nil {
			return 0, err
		}
	}
	spans, err := a.touching(ctx, sc, id, from, to, l)
	if err != nil {
		return 0, err
	}
	var keep int64
	for _, v := range spans {
		if v.same {
			from, to = min(from, v.from), max(to, v.to)
			if keep == 0 {
				keep = v.k
				continue
			}
		}
		if err := a.yield(v, from, to); err != nil {
			return 0, err
		}
	}
	if keep == 0 {
		return a.insert(sc, id, from, to, l)
	}
	_, err = a.c.exec("UPDATE version SET valid_from = ?, valid_to = ? WHERE k = ?", from, to, keep)
	return keep, err
}

// yield takes [from, to) out of a stored version.
func (a *applier) yield(v span, from, to int64) error {
	var err error
	switch {
	case v.to <= from || v.from >= to: // only touches
	case v.from < from && v.to > to:
		_, err = a.c.exec(`INSERT INTO version (scope, id, valid_from, valid_to, run, observed, source, digest, body)
			SELECT scope, id, ?, valid_to, run, observed, source, digest, body FROM version WHERE k = ?`, to, v.k)
		if err == nil {
			_, err = a.c.exec("UPDATE version SET valid_to = ? WHERE k = ?", from, v.k)
		}
	case v.from < from:
		_, err = a.c.exec("UPDATE version SET valid_to = ? WHERE k = ?", from, v.k)
	case v.to > to:
		_, err = a.c.exec("UPDATE version SET valid_from = ? WHERE k = ?", to, v.k)
	default:
		_, err = a.c.exec("DELETE FROM version WHERE k = ?", v.k)
	}
	return err
}

// until is where a look that begins at from and has no end of its own ends.
func (a *applier) until(ctx context.Context, sc *scope, id string, from int64) (int64, error) {
	to := int64(never)
	earliest := func(sql string, args ...driver.Value) error {
		r, err := a.c.one(ctx, sql, args...)
		if err == nil && r[0] != nil {
			to = min(to, r.int(0))
		}
		return err
	}
	for _, sql := range []string{
		"SELECT min(valid_to) FROM version WHERE scope = ? AND id = ? AND valid_from <= ? AND valid_to > ?3",
		"SELECT min(valid_from) FROM version WHERE scope = ? AND id = ? AND valid_from > ?",
	} {
		if err := earliest(sql, sc.id, id, from); err != nil {
			return 0, err
		}
	}
	return to, earliest(nextSeen, sc.id, from)
}

func (a *applier) touching(ctx context.Context, sc *scope, id string, from, to int64, l look) ([]span, error) {
	var spans []span
	err := a.c.query(ctx, func(r row) error {
		spans = append(spans, span{r.int(0), r.int(1), r.int(2), string(r.blob(3)) == string(l.digest[:])})
		return nil
	}, "SELECT k, valid_from, valid_to, digest FROM version WHERE scope = ? AND id = ? AND valid_from <= ? AND valid_to >= ? ORDER BY valid_from", sc.id, id, to, from)
	return spans, err
}
