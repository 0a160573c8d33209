package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// detected is a stored finding of a detection.
type detected struct {
	finding.Finding
	k      int64
	status finding.Status // as it is written, which may be new where it is read as open
}

// stored reads the finding of an id; its k is 0 where there is none.
func (w *recorder) stored(ctx context.Context, id findingID) (detected, error) {
	list, err := w.detected(ctx, "f.id = ?", id[:])
	if err != nil || len(list) == 0 {
		return detected{}, err
	}
	return list[0], nil
}

// live are all findings of detections that are open in some way.
func (r *reviewer) live(ctx context.Context) ([]detected, error) {
	return r.detected(ctx, "f.kind = 'detection' AND f.status <> 'resolved'")
}

func (r *reviewer) detected(ctx context.Context, where string, args ...driver.Value) ([]detected, error) {
	var list []detected
	err := r.c.eachRow(ctx, r.last, func(f finding.Finding, row row) error {
		list = append(list, detected{f, row.int(findingCells), finding.Status(row.text(findingCells + 1))})
		return nil
	}, "SELECT "+readColumns+", f.k, f.status FROM finding f JOIN rule r ON r.id = f.rule WHERE "+where+" ORDER BY f.k", args...)
	return list, err
}

// begin makes room for a finding, so that its alerts can refer to its row.
func (r *reviewer) begin(id findingID, f finding.Finding) (int64, error) {
	rule, err := r.rule(f)
	if err != nil {
		return 0, err
	}
	if err := r.insert(id[:], 0, rule, f, packed{}); err != nil {
		return 0, err
	}
	row, err := r.c.one(context.Background(), "SELECT k FROM finding WHERE id = ?", id[:])
	if err != nil {
		return 0, err
	}
	return row.int(0), nil
}

// update writes a finding of a detection. What it was goes into the log where its
// standing changed; counts, times and texts are only those of the latest.
func (r *reviewer) update(before detected, f finding.Finding) error {
	rule, err := r.rule(f)
	if err != nil {
		return err
	}
	p, err := packDetected(f.State)
	if err != nil {
		return err
	}
	moved := before.Status != f.Status || before.Verdict != f.Verdict || before.Exception != f.Exception || before.Severity != f.Severity
	switch {
	case before.ID == "": // begun in this recording
		err = r.overwrite(before.k, 0, rule, f, p)
	case moved:
		err = r.replace(before.k, 0, rule, f, p)
	default:
		_, err = r.c.exec(`UPDATE finding SET rule = ?, type = ?, resource = ?, arn = ?, message = ?, first_seen = ?, last_seen = ?, due = ? WHERE k = ?`,
			rule, f.Type, f.Resource, f.ARN, f.Message, p.first, p.last, p.due, before.k)
	}
	if err != nil {
		return err
	}
	return r.further(before.k, f, moved)
}

// further writes what only findings of detections have.
func (r *reviewer) further(k int64, f finding.Finding, moved bool) error {
	techniques := ""
	if len(f.Techniques) > 0 {
		text, err := json.Marshal(f.Techniques)
		if err != nil {
			return err
		}
		techniques = string(text)
	}
	_, err := r.c.exec("UPDATE finding SET kind = ?, alerts = ?, techniques = ?, playbook = ?, at = CASE WHEN ? THEN ? ELSE at END WHERE k = ?",
		string(finding.Detection), int64(f.Alerts), techniques, f.Playbook, moved, r.now, k)
	return err
}

// packDetected keeps the times of activity, which no review changes.
func packDetected(s finding.State) (packed, error) {
	return pack(finding.Unknown, s) // as no sighting by a review, so that the last time is kept
}

// SettleDetections advances the findings of detections by a review: exceptions
// that came or went, and findings of which nothing came for the quiet time while
// the activity of their account and Region was read.
func (s *Store) SettleDetections(ctx context.Context, run *Run, at time.Time, excepts func(*finding.Finding) (string, bool), quiet time.Duration) (Changes, error) {
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
		err := r.settle(ctx, excepts, quiet)
		changes = r.changes
		return err
	})
	if err != nil {
		return Changes{}, err
	}
	return changes, nil
}

func (r *reviewer) settle(ctx context.Context, excepts func(*finding.Finding) (string, bool), quiet time.Duration) error {
	review, err := r.c.one(ctx, "SELECT max(at) FROM review")
	if err != nil {
		return err
	}
	r.last = review.int(0)
	list, err := r.live(ctx)
	if err != nil {
		return err
	}
	for _, d := range list {
		f, err := r.settled(ctx, d.Finding, excepts, quiet)
		if err != nil {
			return err
		}
		if f.Status == d.Status && f.Verdict == d.Verdict && f.Exception == d.Exception {
			continue
		}
		r.count(d.State, f.State, true)
		if err := r.update(d, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *reviewer) settled(ctx context.Context, f finding.Finding, excepts func(*finding.Finding) (string, bool), quiet time.Duration) (finding.Finding, error) {
	if finding.Calm(f.State, quiet, r.at) {
		read, err := r.wasRead(ctx, f, quiet)
		if err != nil {
			return f, err
		}
		if read {
			f.Status, f.Resolved, f.Due = finding.Resolved, r.at, time.Time{}
			f.Verdict, f.Exception = finding.Pass, ""
			return f, nil
		}
	}
	if excepts == nil {
		return f, nil
	}
	if id, ok := excepts(&f); ok {
		f.Verdict, f.Exception = finding.Excepted, id
	} else {
		f.Verdict, f.Exception = finding.Fail, ""
	}
	return f, nil
}

// wasRead tells whether the quiet time after a finding was last seen is known by
// logs: every day of it has activity of the account, read without fault, and some
// of it is of the finding's own Region, so that its logs come in at all.
func (r *reviewer) wasRead(ctx context.Context, f finding.Finding, quiet time.Duration) (bool, error) {
	if f.Account == "" || f.Region == "" {
		return false, nil
	}
	from, to := dayOf(f.LastSeen)+1, dayOf(f.LastSeen.Add(quiet))
	row, err := r.c.one(ctx, `SELECT count(DISTINCT day), count(DISTINCT CASE WHEN region = ?4 THEN day END) FROM activity
		WHERE account = ?1 AND day BETWEEN ?2 AND ?3 AND events > 0 AND faults = 0`, f.Account, from, to, f.Region)
	if err != nil {
		return false, err
	}
	return row.int(0) == to-from+1 && row.int(1) > 0, nil
}
