package store

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Query narrows a reading; an empty list means all.
type Query struct {
	Types    []string
	Accounts []string
	Regions  []string
}

// Record is a resource as stored. It stays valid after the iteration moved on,
// so that many workers can decode at once.
type Record struct {
	Type, Account, Region, ID string

	observed int64
	source   string
	body     []byte
}

// Resource decodes the record. Every worker brings its own decoder.
func (r Record) Resource(d *evidence.Decoder) (*evidence.Resource, error) {
	doc, err := d.DecodeObject(r.body)
	if err != nil {
		return nil, say(ErrCorrupt, err, "stored %s %q of account %s in %s cannot be read (%v); the store is damaged: restore it from a backup, or move it away and collect again", r.Type, r.ID, r.Account, r.Region, err)
	}
	out := &evidence.Resource{Type: r.Type, ID: r.ID, Account: r.Account, Region: r.Region, Observed: optionalAt(r.observed), Source: r.source}
	out.ARN, _ = doc["arn"].(string)
	out.Partition, _ = doc["partition"].(string)
	out.Properties, _ = doc["properties"].(map[string]any)
	if tags, ok := doc["tags"].(map[string]any); ok {
		out.Tags = make(map[string]string, len(tags))
		for k, v := range tags {
			out.Tags[k], _ = v.(string)
		}
	}
	return out, nil
}

// Records streams the snapshot of an instant in the order of type, account,
// Region and identifier. The loop sees one consistent state however long it
// takes; after an error it ends.
func (s *Store) Records(ctx context.Context, at time.Time, q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		stopped := false
		err := s.view(func(c *conn) error {
			return c.snapshot(func() error {
				return c.records(ctx, at, q, func(r Record) error {
					if stopped = !yield(r, nil); stopped {
						return errStop
					}
					return nil
				})
			})
		})
		if err != nil && !stopped {
			yield(Record{}, err)
		}
	}
}

// snapshot holds one state for several queries.
func (c *conn) snapshot(f func() error) (err error) {
	if _, err := c.exec("BEGIN"); err != nil {
		return err
	}
	defer func() {
		if _, end := c.exec("ROLLBACK"); err == nil {
			err = end
		}
	}()
	return f()
}

// The order of the loops is that of the result, so nothing is sorted and
// nothing held.
const recordsSQL = `SELECT v.scope, v.id, v.observed, v.source, v.body
  FROM scope s CROSS JOIN version v ON v.scope = s.id
  WHERE v.valid_from <= ?1 AND v.valid_to > ?1
    AND (?2 = '' OR s.type IN (SELECT value FROM json_each(?2)))
    AND (?3 = '' OR s.account IN (SELECT value FROM json_each(?3)))
    AND (?4 = '' OR s.region IN (SELECT value FROM json_each(?4)))
  ORDER BY s.type, s.account, s.region, v.id`

// accountSQL is the same for one account, found by its index: a review reads an
// organisation account by account.
const accountSQL = `SELECT v.scope, v.id, v.observed, v.source, v.body
  FROM scope s CROSS JOIN version v ON v.scope = s.id
  WHERE v.valid_from <= ?1 AND v.valid_to > ?1
    AND (?2 = '' OR s.type IN (SELECT value FROM json_each(?2)))
    AND s.account = ?3
    AND (?4 = '' OR s.region IN (SELECT value FROM json_each(?4)))
  ORDER BY s.type, s.account, s.region, v.id`

func (c *conn) records(ctx context.Context, at time.Time, q Query, each func(Record) error) error {
	n, err := instant(at)
	if err != nil {
		return err
	}
	types, accounts, regions, sql := listed(q.Types), listed(q.Accounts), listed(q.Regions), recordsSQL
	if len(q.Accounts) == 1 {
		accounts, sql = q.Accounts[0], accountSQL
	}
	scopes, err := c.scopesOf(ctx, q.Accounts)
	if err != nil {
		return err
	}
	return c.query(ctx, func(r row) error {
		key := scopes[r.int(0)]
		return each(Record{Type: key.typ, Account: key.account, Region: key.region, ID: r.text(1), observed: r.int(2), source: r.text(3), body: r.blob(4)})
	}, sql, n, types, accounts, regions)
}

// scopesOf are the scopes by their key: of one account, or all.
func (c *conn) scopesOf(ctx context.Context, accounts []string) (map[int64]scopeKey, error) {
	scopes := map[int64]scopeKey{}
	each := func(r row) error {
		scopes[r.int(0)] = scopeKey{r.text(1), r.text(2), r.text(3)}
		return nil
	}
	if len(accounts) == 1 {
		return scopes, c.query(ctx, each, "SELECT id, type, account, region FROM scope WHERE account = ?1", accounts[0])
	}
	return scopes, c.query(ctx, each, "SELECT id, type, account, region FROM scope")
}

// Accounts lists every account there is evidence of.
func (s *Store) Accounts(ctx context.Context) (list []string, err error) {
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			list = append(list, r.text(0))
			return nil
		}, "SELECT DISTINCT account FROM scope ORDER BY account")
	})
	return list, err
}

// listed is a list as a statement's argument: JSON, or empty for all.
func listed[T ~string](list []T) string {
	if len(list) == 0 {
		return ""
	}
	b, _ := json.Marshal(list) // strings always can be
	return string(b)
}

// Scope says when a type was last listed whole in a Region of an account. An
// empty Region stands for a listing across all Regions.
type Scope struct {
	Type, Account, Region string
	Seen                  time.Time
}

// Scopes lists what had been seen as of an instant, by type, account and Region.
func (s *Store) Scopes(ctx context.Context, at time.Time) ([]Scope, error) {
	n, err := instant(at)
	if err != nil {
		return nil, err
	}
	var list []Scope
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			if r[3] != nil {
				list = append(list, Scope{r.text(0), r.text(1), r.text(2), timeAt(r.int(3))})
			}
			return nil
		}, `SELECT type, account, region, (SELECT max(at) FROM seen WHERE scope = id AND at <= ?) FROM scope ORDER BY type, account, region`, n)
	})
	return list, err
}

// Counts is how many resources of each type the snapshot of an instant holds.
func (s *Store) Counts(ctx context.Context, at time.Time) (map[string]int, error) {
	n, err := instant(at)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error { counts[r.text(0)] += int(r.int(1)); return nil },
			`SELECT s.type, count(*) FROM scope s CROSS JOIN version v ON v.scope = s.id
			 WHERE v.valid_from <= ?1 AND v.valid_to > ?1 GROUP BY s.type`, n)
	})
	return counts, err
}

// Latest is the instant of the latest evidence; false where there is none.
func (s *Store) Latest(ctx context.Context) (time.Time, bool, error) {
	var at time.Time
	var ok bool
	err := s.view(func(c *conn) error {
		r, err := c.one(ctx, "SELECT max(at) FROM batch")
		if err == nil && r[0] != nil {
			at, ok = timeAt(r.int(0)), true
		}
		return err
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("finding the latest evidence: %w", err)
	}
	return at, ok, nil
}
