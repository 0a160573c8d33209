package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// ApplyVersions adds what is known of the past, in any order and in one
// transaction: versions with the time in which each was valid. A version
// without an end is valid until something later is known.
func (s *Store) ApplyVersions(ctx context.Context, run *Run, versions []evidence.Version) error {
	if _, err := run.store(); err != nil {
		return err
	}
	return s.change(ctx, func(c *conn) error {
		a := &applier{c: c, run: run.ID, scopes: map[scopeKey]*scope{}}
		latest := int64(always)
		for i := range versions {
			v := &versions[i]
			known, err := a.version(ctx, v)
			if err != nil {
				return err
			}
			if latest = max(latest, known); ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		if latest == always {
			return nil
		}
		_, err := c.exec("INSERT OR REPLACE INTO batch (account, region, unit, at, run) VALUES ('', '', 'history', ?, ?)", latest, run.ID)
		return err
	})
}

// version places one version and returns the latest instant it tells about.
func (a *applier) version(ctx context.Context, v *evidence.Version) (int64, error) {
	from, to, err := bounds(v.Valid.From, v.Valid.To)
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", v.Type, v.ID, err)
	}
	a.at = from
	l, err := a.look(&v.Resource)
	if err != nil {
		return 0, err
	}
	sc, err := a.scope(ctx, scopeKey{v.Type, v.Account, v.Region})
	if err != nil {
		return 0, err
	}
	_, err = a.place(ctx, sc, v.ID, from, to, l)
	latest := max(from, l.observed)
	if to != never {
		latest = max(latest, to)
	}
	return latest, err
}

// History lists the versions of one resource in the order of time. The key is
// that of evidence.Resource.Key.
func (s *Store) History(ctx context.Context, key string) ([]evidence.Version, error) {
	parts := strings.SplitN(key, "|", 4)
	if len(parts) < 4 {
		return nil, say(ErrInput, nil, "resource key %q is not account|Region|type|identifier|", key)
	}
	id := strings.TrimSuffix(parts[3], "|") // no file: templates are not stored
	var list []evidence.Version
	var d evidence.Decoder
	err := s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			rec := Record{Type: parts[2], Account: parts[0], Region: parts[1], ID: id, observed: r.int(2), source: r.text(3), body: r.blob(4)}
			resource, err := rec.Resource(&d)
			if err != nil {
				return err
			}
			list = append(list, evidence.Version{Resource: *resource, Valid: evidence.Interval{From: endAt(r.int(0)), To: endAt(r.int(1))}})
			return nil
		}, `SELECT valid_from, valid_to, observed, source, body FROM version
			WHERE scope = (SELECT id FROM scope WHERE type = ? AND account = ? AND region = ?) AND id = ? ORDER BY valid_from`,
			parts[2], parts[0], parts[1], id)
	})
	return list, err
}

// endAt is the time of an interval's end.
func endAt(n int64) time.Time {
	if n == never || n == always {
		return time.Time{}
	}
	return timeAt(n)
}
