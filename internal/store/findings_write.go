package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"holdfast.dev/holdfast/internal/finding"
)

const findingColumns = `run, content, rule, verdict, type, resource, arn, account, region, file, line, col, message, exception, prevented_by,
  status, first_seen, last_seen, opened, resolved, due`

// detectionColumns are those that only findings of detections fill.
const detectionColumns = `, kind, alerts, techniques, playbook, at`

func (r *reviewer) insert(id []byte, content, rule int64, f finding.Finding, s packed) error {
	_, err := r.c.exec("INSERT INTO finding (id, "+findingColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		id, r.run, content, rule, string(f.Verdict), f.Type, f.Resource, f.ARN, f.Account, f.Region, f.File, int64(f.Line), int64(f.Column), f.Message, f.Exception, f.PreventedBy,
		string(statuses[s.status]), s.first, s.last, s.opened, s.resolved, s.due)
	return err
}

// archive copies a finding's state to the log before it is replaced.
func (r *reviewer) archive(k int64) error {
	_, err := r.c.exec("INSERT INTO finding_past (until, k, id, "+findingColumns+detectionColumns+") SELECT ?, k, id, "+findingColumns+detectionColumns+" FROM finding WHERE k = ?", r.run, k)
	return err
}

func (r *reviewer) replace(k, content, rule int64, f finding.Finding, s packed) error {
	if err := r.archive(k); err != nil {
		return err
	}
	return r.overwrite(k, content, rule, f, s)
}

func (r *reviewer) overwrite(k, content, rule int64, f finding.Finding, s packed) error {
	_, err := r.c.exec(`UPDATE finding SET run = ?, content = ?, rule = ?, verdict = ?, type = ?, resource = ?, arn = ?, account = ?, region = ?, file = ?, line = ?, col = ?,
		message = ?, exception = ?, prevented_by = ?, status = ?, first_seen = ?, last_seen = ?, opened = ?, resolved = ?, due = ? WHERE k = ?`,
		r.run, content, rule, string(f.Verdict), f.Type, f.Resource, f.ARN, f.Account, f.Region, f.File, int64(f.Line), int64(f.Column), f.Message, f.Exception, f.PreventedBy,
		string(statuses[s.status]), s.first, s.last, s.opened, s.resolved, s.due, k)
	return err
}

// rule is the row of what findings of one control share.
func (r *reviewer) rule(f finding.Finding) (int64, error) {
	practices, err := json.Marshal(f.Practices)
	if err != nil {
		return 0, err
	}
	key := fmt.Sprintf("%q %q %q %q %s", f.Rule, f.Title, f.Severity, f.Objective, practices)
	if id, ok := r.rules[key]; ok {
		return id, nil
	}
	row, err := r.c.one(context.Background(), "SELECT id FROM rule WHERE rule = ? AND title = ? AND severity = ? AND objective = ? AND practices = ?",
		f.Rule, f.Title, string(f.Severity), f.Objective, string(practices))
	if err != nil {
		return 0, err
	}
	id := int64(0)
	if row != nil {
		id = row.int(0)
	} else if id, err = r.c.exec("INSERT INTO rule (rule, title, severity, rank, objective, practices) VALUES (?, ?, ?, ?, ?, ?)",
		f.Rule, f.Title, string(f.Severity), int64(f.Severity.Rank()), f.Objective, string(practices)); err != nil {
		return 0, err
	}
	if len(r.rules) < 1<<16 {
		r.rules[key] = id
	}
	return id, nil
}

// digest tells whether a finding says the same as before, its history aside.
func digest(rule int64, f finding.Finding) int64 {
	b := binary.AppendVarint(make([]byte, 0, 512), rule)
	for _, s := range [...]string{string(f.Verdict), f.Type, f.Resource, f.ARN, f.Account, f.Region, f.File, f.Message, f.Exception, f.PreventedBy} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, int64(f.Line)), int64(f.Column))
	sum := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(sum[:]))
}
