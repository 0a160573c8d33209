package store

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// FindingQuery narrows a listing of findings; an empty list means all.
type FindingQuery struct {
	AsOfRun    int64 // as the review of this run, or the last before it, left them; 0 is the latest
	Statuses   []finding.Status
	Verdicts   []finding.Verdict
	Severities []finding.Severity
	Rules      []string
	Accounts   []string
	Regions    []string
	Types      []string
	Kinds      []finding.Kind
}

const readColumns = `f.id, f.verdict, r.rule, r.title, r.severity, r.objective, r.practices, f.type, f.resource, f.arn, f.account, f.region, f.file, f.line, f.col,
  f.message, f.exception, f.prevented_by, f.status, f.first_seen, f.last_seen, f.opened, f.resolved, f.due, f.kind, f.alerts, f.techniques, f.playbook`

// findingCells is how many columns those are.
const findingCells = 28

// Findings streams findings in the order of finding.Before. The loop sees one
// consistent state; after an error it ends.
func (s *Store) Findings(ctx context.Context, q FindingQuery) iter.Seq2[finding.Finding, error] {
	return func(yield func(finding.Finding, error) bool) {
		stopped := false
		err := s.view(func(c *conn) error {
			return c.snapshot(func() error {
				return c.findings(ctx, q, func(f finding.Finding) error {
					if stopped = !yield(f, nil); stopped {
						return errStop
					}
					return nil
				})
			})
		})
		if err != nil && !stopped {
			yield(finding.Finding{}, err)
		}
	}
}

func (c *conn) findings(ctx context.Context, q FindingQuery, each func(finding.Finding) error) error {
	run, review, err := c.reviewAt(ctx, q.AsOfRun)
	if err != nil || run == 0 && q.AsOfRun != 0 {
		return err
	}
	from := "finding"
	if q.AsOfRun != 0 {
		from = fmt.Sprintf("(SELECT 0 AS until, * FROM finding WHERE run <= %d UNION ALL SELECT * FROM finding_past WHERE run <= %[1]d AND until > %[1]d)", run)
	}
	where, args := q.where(review)
	return c.eachFinding(ctx, review, each, "SELECT "+readColumns+" FROM "+from+" f JOIN rule r ON r.id = f.rule WHERE "+where+
		" ORDER BY r.rank DESC, r.rule, f.account, f.region, f.file, f.type, f.resource, f.line, f.id", args...)
}

// reviewAt is the last review of a run or before it; 0 where there was none.
func (c *conn) reviewAt(ctx context.Context, asOf int64) (run, at int64, err error) {
	r, err := c.one(ctx, "SELECT run, at FROM review WHERE ?1 = 0 OR run <= ?1 ORDER BY run DESC LIMIT 1", asOf)
	if err != nil || r == nil {
		return 0, 0, err
	}
	return r.int(0), r.int(1), nil
}

func (q FindingQuery) where(review int64) (string, []driver.Value) {
	clauses := []string{"1"}
	var args []driver.Value
	in := func(column, list string) {
		if list != "" {
			clauses = append(clauses, column+" IN (SELECT value FROM json_each(?))")
			args = append(args, list)
		}
	}
	in("f.verdict", listed(q.Verdicts))
	in("r.severity", listed(q.Severities))
	in("r.rule", listed(q.Rules))
	in("f.account", listed(q.Accounts))
	in("f.region", listed(q.Regions))
	in("f.type", listed(q.Types))
	in("f.kind", listed(q.Kinds))
	in(fmt.Sprintf("CASE WHEN f.status IN ('new', 'reopened') AND f.opened < %d THEN 'open' ELSE f.status END", review), listed(q.Statuses))
	return strings.Join(clauses, " AND "), args
}

func (c *conn) eachFinding(ctx context.Context, review int64, each func(finding.Finding) error, sql string, args ...driver.Value) error {
	return c.eachRow(ctx, review, func(f finding.Finding, _ row) error { return each(f) }, sql, args...)
}

// eachRow hands over the row too, for what a query asks besides readColumns.
func (c *conn) eachRow(ctx context.Context, review int64, each func(finding.Finding, row) error, sql string, args ...driver.Value) error {
	practices := map[string][]string{}
	return c.query(ctx, func(r row) error {
		list, ok := practices[r.text(6)]
		if !ok {
			if err := json.Unmarshal([]byte(r.text(6)), &list); err != nil {
				return err
			}
			practices[r.text(6)] = list
		}
		f := finding.Finding{
			ID: hex.EncodeToString(r.blob(0)), Verdict: finding.Verdict(r.text(1)),
			Rule: r.text(2), Title: r.text(3), Severity: finding.Severity(r.text(4)), Objective: r.text(5), Practices: list,
			Type: r.text(7), Resource: r.text(8), ARN: r.text(9), Account: r.text(10), Region: r.text(11),
			File: r.text(12), Line: int(r.int(13)), Column: int(r.int(14)),
			Message: r.text(15), Exception: r.text(16), PreventedBy: r.text(17),
		}
		p := packed{statusCode(finding.Status(r.text(18))), r.int(19), r.int(20), r.int(21), r.int(22), r.int(23)}
		if f.Kind = finding.Kind(r.text(24)); f.Kind == finding.Detection {
			f.Alerts, f.Playbook = int(r.int(25)), r.text(27)
			if text := r.text(26); text != "" {
				if err := json.Unmarshal([]byte(text), &f.Techniques); err != nil {
					return err
				}
			}
			f.State = p.unpackDetected(review)
			return each(f, r)
		}
		f.State = p.unpack(f.Verdict, review)
		return each(f, r)
	}, sql, args...)
}

// Finding is the latest state of one finding, by its id or the start of it.
func (s *Store) Finding(ctx context.Context, prefix string) (finding.Finding, error) {
	low, high, err := prefixRange(prefix)
	if err != nil {
		return finding.Finding{}, err
	}
	var list []finding.Finding
	err = s.view(func(c *conn) error {
		return c.snapshot(func() error {
			_, review, err := c.reviewAt(ctx, 0)
			if err != nil {
				return err
			}
			return c.eachFinding(ctx, review, func(f finding.Finding) error { list = append(list, f); return nil },
				"SELECT "+readColumns+" FROM finding f JOIN rule r ON r.id = f.rule WHERE f.id BETWEEN ? AND ? ORDER BY f.id LIMIT 4", low, high)
		})
	})
	if err != nil {
		return finding.Finding{}, err
	}
	switch len(list) {
	case 0:
		return finding.Finding{}, say(ErrNotFound, nil, "no finding has an id that begins with %q; list them with holdfast findings list", prefix)
	case 1:
		return list[0], nil
	}
	var ids []string
	for _, f := range list[:min(3, len(list))] {
		ids = append(ids, f.ID)
	}
	more := ""
	if len(list) > 3 {
		more = ", …"
	}
	return finding.Finding{}, say(ErrAmbiguous, nil, "several findings have ids that begin with %q (%s%s); give more of the id", prefix, strings.Join(ids, ", "), more)
}

// prefixRange is the least and the greatest id that begin with a prefix.
func prefixRange(prefix string) (low, high []byte, err error) {
	prefix = strings.ToLower(prefix)
	pad := func(digit string) []byte {
		var b []byte
		if len(prefix) <= 32 {
			b, err = hex.DecodeString(prefix + strings.Repeat(digit, 32-len(prefix)))
		}
		return b
	}
	low, high = pad("0"), pad("f")
	if err != nil || prefix == "" || low == nil {
		return nil, nil, say(ErrInput, nil, "%q is not the id of a finding or the start of one: up to 32 hexadecimal digits", prefix)
	}
	return low, high, nil
}

// Change is one entry of a finding's history: what a review, or a recording of a
// detection, made of it.
type Change struct {
	Run     int64
	At      time.Time
	Status  finding.Status
	Verdict finding.Verdict
	Message string
}

// FindingHistory lists the changes of one finding, the first one first.
func (s *Store) FindingHistory(ctx context.Context, id string) ([]Change, error) {
	key, err := parseID(strings.ToLower(id))
	if err != nil {
		return nil, err
	}
	var list []Change
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			list = append(list, Change{r.int(0), timeAt(r.int(1)), finding.Status(r.text(2)), finding.Verdict(r.text(3)), r.text(4)})
			return nil
		}, `SELECT h.run, CASE WHEN h.kind = '' THEN review.at ELSE h.at END, h.status, h.verdict, h.message FROM (
			SELECT 0 AS now, rowid AS n, run, status, verdict, message, kind, at FROM finding_past WHERE id = ?1
			UNION ALL SELECT 1, 0, run, status, verdict, message, kind, at FROM finding WHERE id = ?1) h
			LEFT JOIN review ON review.run = h.run WHERE h.kind <> '' OR review.run IS NOT NULL ORDER BY h.now, h.n`, key[:])
	})
	if err == nil && len(list) == 0 {
		return nil, say(ErrNotFound, nil, "there is no finding %q; list them with holdfast findings list", id)
	}
	return list, err
}
