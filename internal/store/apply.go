package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Batch is what one unit of work observed at one instant.
type Batch struct {
	At      time.Time
	Account string
	Region  string // empty: the unit spans all Regions of the account
	Unit    string // which unit of work; its gaps replace those it had before

	Resources []*evidence.Resource
	Stream    iter.Seq2[*evidence.Resource, error] // more of them, where a list would be too long; may be nil
	Gaps      []evidence.Gap

	// Complete names the types that were listed whole in this account and
	// Region: what the batch does not hold of them is gone.
	Complete []string

	// Finishes, where set, is journaled with the batch: Run.Done is true of it
	// from then on.
	Finishes string
}

// Applied counts what a batch did.
type Applied struct {
	Seen    int // resources in the batch
	New     int
	Changed int
	Gone    int
}

// Apply adds a batch to the evidence in one transaction. A resource that looks
// as it did writes nothing.
func (s *Store) Apply(ctx context.Context, run *Run, b Batch) (Applied, error) {
	var done Applied
	if _, err := run.store(); err != nil {
		return done, err
	}
	at, err := instant(b.At)
	if err != nil {
		return done, err
	}
	err = s.change(ctx, func(c *conn) error {
		a := &applier{c: c, run: run.ID, at: at, batch: b, scopes: map[scopeKey]*scope{}}
		if err := a.apply(ctx); err != nil {
			return err
		}
		done = a.done
		if b.Finishes == "" {
			return nil
		}
		return c.mark(run, b.Finishes)
	})
	if err != nil {
		return Applied{}, err
	}
	if b.Finishes != "" {
		run.journal.add(b.Finishes)
	}
	return done, nil
}

// applier is one transaction that adds evidence.
type applier struct {
	c      *conn
	run    int64
	at     int64
	batch  Batch
	scopes map[scopeKey]*scope
	body   []byte
	done   Applied
}

func (a *applier) apply(ctx context.Context) error {
	for r, err := range a.resources() {
		if err != nil {
			return err
		}
		if a.done.Seen++; a.done.Seen%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := a.observe(ctx, r); err != nil {
			return err
		}
	}
	for _, t := range a.batch.Complete {
		if err := a.complete(ctx, t); err != nil {
			return err
		}
	}
	if err := a.gaps(ctx); err != nil {
		return err
	}
	_, err := a.c.exec("INSERT OR REPLACE INTO batch (account, region, unit, at, run) VALUES (?, ?, ?, ?, ?)", a.batch.Account, a.batch.Region, a.batch.Unit, a.at, a.run)
	return err
}

func (a *applier) resources() iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		for _, r := range a.batch.Resources {
			if !yield(r, nil) {
				return
			}
		}
		if a.batch.Stream != nil {
			a.batch.Stream(yield)
		}
	}
}

// observe adds one resource as it looked at the batch's instant.
func (a *applier) observe(ctx context.Context, r *evidence.Resource) error {
	look, err := a.look(r)
	if err != nil {
		return err
	}
	sc, err := a.scope(ctx, scopeKey{r.Type, r.Account, r.Region})
	if err != nil {
		return err
	}
	now, err := sc.current(ctx, a, r.ID)
	if err != nil {
		return err
	}
	if now.k == 0 || now.to <= a.at || now.digest != look.digest {
		a.count(now)
		if now, err = a.follow(ctx, sc, r.ID, now, look); err != nil {
			return err
		}
	}
	if sc.known != nil {
		now.seen = true
		sc.known[r.ID] = now
	}
	return nil
}

// follow puts a new look behind the one that held until now.
func (a *applier) follow(ctx context.Context, sc *scope, id string, now known, l look) (known, error) {
	next := known{from: a.at, to: never, digest: l.digest}
	var err error
	if sc.later || now.k != 0 && (now.to != never || now.from == a.at) {
		next.k, err = a.place(ctx, sc, id, a.at, never, l)
		return next, err
	}
	if now.k != 0 {
		if _, err := a.c.exec("UPDATE version SET valid_to = ? WHERE k = ?", a.at, now.k); err != nil {
			return next, err
		}
	}
	next.k, err = a.insert(sc, id, a.at, never, l)
	return next, err
}

func (a *applier) count(before known) {
	if before.k == 0 || before.to <= a.at {
		a.done.New++
	} else {
		a.done.Changed++
	}
}

// look is a resource as it is stored.
type look struct {
	observed int64
	source   string
	digest   evidence.Digest
	body     []byte
}

func (a *applier) look(r *evidence.Resource) (look, error) {
	if r == nil || r.Type == "" || r.ID == "" {
		return look{}, say(ErrInput, nil, "a resource without type or identifier cannot be stored (account %s, Region %s, unit %q)", a.batch.Account, a.batch.Region, a.batch.Unit)
	}
	if r.Origin != nil {
		return look{}, say(ErrInput, nil, "%s %q is declared in %q: what a template declares is not evidence of what is", r.Type, r.ID, r.Origin.File)
	}
	var err error
	if a.body, err = evidence.AppendResource(a.body[:0], r); err != nil {
		return look{}, fmt.Errorf("%w: %s %q in account %s, Region %s: %w", ErrInput, r.Type, r.ID, r.Account, r.Region, err)
	}
	l := look{observed: a.at, source: r.Source, digest: sha256.Sum256(a.body), body: a.body}
	if !r.Observed.IsZero() {
		l.observed, err = instant(r.Observed)
	}
	return l, err
}

func (a *applier) insert(sc *scope, id string, from, to int64, l look) (int64, error) {
	return a.c.exec("INSERT INTO version (scope, id, valid_from, valid_to, run, observed, source, digest, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		sc.id, id, from, to, a.run, l.observed, l.source, l.digest[:], l.body)
}

// complete ends what a whole listing of a type did not hold, and records that
// the type was seen.
func (a *applier) complete(ctx context.Context, typ string) error {
	listed, err := a.scope(ctx, scopeKey{typ, a.batch.Account, a.batch.Region})
	if err != nil {
		return err
	}
	over := []*scope{listed}
	if a.batch.Region == "" {
		if over, err = a.regions(ctx, typ); err != nil {
			return err
		}
	}
	for _, sc := range over {
		if err := a.end(ctx, sc); err != nil {
			return err
		}
	}
	_, err = a.c.exec("INSERT OR IGNORE INTO seen (scope, at) VALUES (?, ?)", listed.id, a.at)
	return err
}

func (a *applier) end(ctx context.Context, sc *scope) error {
	if err := sc.load(ctx, a); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(sc.known)) {
		v := sc.known[id]
		if v.seen || v.to <= a.at {
			continue
		}
		a.done.Gone++
		to := v.to
		if sc.later { // a listing that comes late says nothing of what a later one saw
			var err error
			if to, err = a.until(ctx, sc, id, a.at); err != nil {
				return err
			}
		}
		if err := a.yield(span{k: v.k, from: v.from, to: v.to}, a.at, to); err != nil {
			return err
		}
	}
	sc.known = map[string]known{}
	return nil
}
