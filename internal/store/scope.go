package store

import (
	"context"

	"holdfast.dev/holdfast/internal/evidence"
)

// scopeKey names a resource type in one Region of one account.
type scopeKey struct{ typ, account, region string }

// scope is what one transaction knows of a scope.
type scope struct {
	id    int64
	fresh bool             // made in this transaction: nothing can be in it
	later bool             // something is known of times after the batch
	known map[string]known // versions at the batch's instant, once loaded
}

// known is a stored version in brief; k is 0 where there is none.
type known struct {
	k, from, to int64
	digest      evidence.Digest
	seen        bool // the batch holds it
}

func (a *applier) scope(ctx context.Context, key scopeKey) (*scope, error) {
	if sc, ok := a.scopes[key]; ok {
		return sc, nil
	}
	sc := &scope{}
	row, err := a.c.one(ctx, "SELECT id FROM scope WHERE type = ? AND account = ? AND region = ?", key.typ, key.account, key.region)
	if err != nil {
		return nil, err
	}
	if row != nil {
		sc.id = row.int(0)
	} else {
		sc.fresh, sc.known = true, map[string]known{}
		if sc.id, err = a.c.exec("INSERT INTO scope (type, account, region) VALUES (?, ?, ?)", key.typ, key.account, key.region); err != nil {
			return nil, err
		}
	}
	if row, err = a.c.one(ctx, nextSeen, sc.id, a.at); err != nil {
		return nil, err
	}
	sc.later = row[0] != nil
	if !sc.later && !sc.fresh {
		if row, err = a.c.one(ctx, "SELECT EXISTS (SELECT 1 FROM version WHERE scope = ? AND valid_from > ?)", sc.id, a.at); err != nil {
			return nil, err
		}
		sc.later = row.int(0) != 0
	}
	a.scopes[key] = sc
	if a.listsWhole(key) {
		return sc, sc.load(ctx, a)
	}
	return sc, nil
}

// nextSeen is the first whole listing of a scope after an instant, be it of
// its Region or across all Regions.
const nextSeen = `SELECT min(at) FROM seen WHERE at > ?2 AND scope IN
  (SELECT w.id FROM scope s JOIN scope w ON w.type = s.type AND w.account = s.account AND w.region IN (s.region, '') WHERE s.id = ?1)`

func (a *applier) listsWhole(key scopeKey) bool {
	if key.account != a.batch.Account || a.batch.Region != "" && key.region != a.batch.Region {
		return false
	}
	for _, t := range a.batch.Complete {
		if t == key.typ {
			return true
		}
	}
	return false
}

// regions are the scopes of a type in all Regions of the batch's account.
func (a *applier) regions(ctx context.Context, typ string) ([]*scope, error) {
	var keys []scopeKey
	err := a.c.query(ctx, func(r row) error {
		keys = append(keys, scopeKey{typ, a.batch.Account, r.text(0)})
		return nil
	}, "SELECT region FROM scope WHERE type = ? AND account = ? ORDER BY region", typ, a.batch.Account)
	if err != nil {
		return nil, err
	}
	list := make([]*scope, len(keys))
	for i, key := range keys {
		if list[i], err = a.scope(ctx, key); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// load reads the versions that hold at the batch's instant or end there.
func (sc *scope) load(ctx context.Context, a *applier) error {
	if sc.known != nil {
		return nil
	}
	sc.known = map[string]known{}
	return a.c.query(ctx, func(r row) error {
		v := known{k: r.int(1), from: r.int(2), to: r.int(3)}
		copy(v.digest[:], r.blob(4))
		if before, ok := sc.known[r.text(0)]; !ok || before.from < v.from {
			sc.known[r.text(0)] = v
		}
		return nil
	}, "SELECT id, k, valid_from, valid_to, digest FROM version WHERE scope = ? AND valid_from <= ? AND valid_to >= ?", sc.id, a.at, a.at)
}

// current is the version of one resource that holds at the batch's instant or
// ends there.
func (sc *scope) current(ctx context.Context, a *applier, id string) (known, error) {
	if sc.known != nil {
		return sc.known[id], nil
	}
	r, err := a.c.one(ctx, "SELECT k, valid_from, valid_to, digest FROM version WHERE scope = ? AND id = ? AND valid_from <= ? ORDER BY valid_from DESC LIMIT 1", sc.id, id, a.at)
	if err != nil || r == nil || r.int(2) < a.at {
		return known{}, err
	}
	v := known{k: r.int(0), from: r.int(1), to: r.int(2)}
	copy(v.digest[:], r.blob(3))
	return v, nil
}
