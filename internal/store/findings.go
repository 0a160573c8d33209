package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// Changes counts what a review did to the findings.
type Changes struct {
	New       int
	Reopened  int
	Resolved  int
	Changed   int // still there, with another verdict, place or text
	Unchanged int // still there
}

// ApplyFindings advances the stored findings by one review at an instant. The
// sequence yields every verdict worth considering (FAIL, EXCEPTED, PREVENTED,
// UNKNOWN, ERROR); a stored finding it does not yield counts as PASS. All of it
// is one transaction, in which only what changed is written. Findings of detections
// are none of its business: Record and SettleDetections advance those.
//
// Of each finding the id, the verdict, the place and the texts count; its State
// is what is computed here.
func (s *Store) ApplyFindings(ctx context.Context, run *Run, at time.Time, seq iter.Seq2[finding.Finding, error]) (Changes, error) {
	var changes Changes
	if _, err := run.store(); err != nil {
		return changes, err
	}
	n, err := instant(at)
	if err != nil {
		return changes, err
	}
	err = s.change(ctx, func(c *conn) error {
		r := &reviewer{c: c, run: run.ID, at: at.UTC(), now: n, rules: map[string]int64{}}
		if err := r.load(ctx); err != nil {
			return err
		}
		if err := r.judge(ctx, seq); err != nil {
			return err
		}
		if err := r.pass(ctx); err != nil {
			return err
		}
		changes = r.changes
		_, err := c.exec("INSERT OR REPLACE INTO review (run, at) VALUES (?, ?)", r.run, r.now)
		return err
	})
	if err != nil {
		return Changes{}, err
	}
	return changes, nil
}

// reviewer is one transaction that advances findings. It holds a few words for
// each stored finding and none of its texts.
type reviewer struct {
	c       *conn
	run     int64
	at      time.Time
	now     int64
	last    int64 // instant of the review before this one
	index   map[findingID]int32
	prior   []prior
	rules   map[string]int64
	changes Changes
}

type findingID [16]byte

// prior is what is known of a finding before it is judged.
type prior struct {
	k       int64
	content int64 // 0 for one yielded in this review first
	state   packed
	verdict uint8
	judged  bool
}

// parseID reads an id as finding.Identify makes it.
func parseID(s string) (findingID, error) {
	var id findingID
	if b, err := hex.DecodeString(s); err != nil || len(b) != len(id) {
		return id, say(ErrInput, nil, "%q is not the id of a finding, which has 32 hexadecimal digits", s)
	} else {
		return findingID(b), nil
	}
}

func (r *reviewer) load(ctx context.Context) error {
	last, err := r.c.one(ctx, "SELECT max(at) FROM review")
	if err != nil {
		return err
	}
	if last[0] != nil {
		r.last = last.int(0)
		if r.now < r.last {
			return say(ErrEarlier, nil, "the findings were last reviewed as of %s, and a review as of %s cannot change them any more; review a later instant", timeAt(r.last).Format(time.RFC3339), r.at.Format(time.RFC3339))
		}
	}
	r.index = map[findingID]int32{}
	return r.c.query(ctx, func(row row) error {
		var id findingID
		copy(id[:], row.blob(0))
		r.index[id] = int32(len(r.prior))
		r.prior = append(r.prior, prior{
			k: row.int(1), content: row.int(2), verdict: verdictCode(finding.Verdict(row.text(3))),
			state: packed{statusCode(finding.Status(row.text(4))), row.int(5), row.int(6), row.int(7), row.int(8), row.int(9)},
		})
		return nil
	}, "SELECT id, k, content, verdict, status, first_seen, last_seen, opened, resolved, due FROM finding WHERE kind = ''")
}

func (r *reviewer) judge(ctx context.Context, seq iter.Seq2[finding.Finding, error]) error {
	n := 0
	for f, err := range seq {
		if err != nil {
			return err
		}
		if n++; n%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := r.one(f); err != nil {
			return fmt.Errorf("finding %s of %s on %q: %w", f.ID, f.Rule, f.Resource, err)
		}
	}
	return nil
}

func (r *reviewer) one(f finding.Finding) error {
	id, err := parseID(f.ID)
	if err != nil {
		return err
	}
	i, known := r.index[id]
	var before prior
	var state finding.State
	if known {
		if before = r.prior[i]; before.judged {
			return fmt.Errorf("%w: it was judged twice in one review; controls that can fail more than once on a resource need a discriminator", ErrInput)
		}
		state = before.state.unpack(verdicts[before.verdict], r.last)
	}
	next, keep := finding.Advance(state, f.Verdict, f.Severity, r.at)
	if !keep {
		return nil // judged twice it would be seen here again, and do no harm
	}
	f.State = next
	to, err := pack(f.Verdict, next)
	if err != nil {
		return err
	}
	rule, err := r.rule(f)
	if err != nil {
		return err
	}
	content := digest(rule, f)
	if !known {
		r.count(state, next, true)
		r.index[id] = int32(len(r.prior))
		r.prior = append(r.prior, prior{judged: true})
		return r.insert(id[:], content, rule, f, to)
	}
	r.prior[i].judged = true
	if before.content == content && before.state.still(to, r.now) {
		r.count(state, next, false)
		return nil
	}
	r.count(state, next, true)
	return r.replace(before.k, content, rule, f, to)
}

func (r *reviewer) count(before, after finding.State, written bool) {
	switch {
	case before.Status == "":
		r.changes.New++
	case !before.Live() && after.Live():
		r.changes.Reopened++
	case before.Live() && !after.Live():
		r.changes.Resolved++
	case !after.Live():
	case written:
		r.changes.Changed++
	default:
		r.changes.Unchanged++
	}
}

// pass judges what was not yielded.
func (r *reviewer) pass(ctx context.Context) error {
	for i := range r.prior {
		before := &r.prior[i]
		if before.judged {
			continue
		}
		if i%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		state := before.state.unpack(verdicts[before.verdict], r.last)
		next, _ := finding.Advance(state, finding.Pass, finding.Info, r.at)
		to, err := pack(finding.Pass, next)
		if err != nil {
			return err
		}
		if verdicts[before.verdict] == finding.Pass && before.state.still(to, r.now) {
			continue
		}
		r.count(state, next, true)
		if err := r.archive(before.k); err != nil {
			return err
		}
		if _, err := r.c.exec(`UPDATE finding SET run = ?, content = 0, verdict = ?, message = '', exception = '', prevented_by = '',
			status = ?, first_seen = ?, last_seen = ?, opened = ?, resolved = ?, due = ? WHERE k = ?`,
			r.run, string(finding.Pass), string(statuses[to.status]), to.first, to.last, to.opened, to.resolved, to.due, before.k); err != nil {
			return err
		}
	}
	return nil
}
