package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
)

// Bounds of what is remembered of one finding.
const (
	dayKeys    = 4096 // alerts of one day told apart by their events
	keptAlerts = 20   // alerts kept whole, the latest
	keySize    = 8
	textSize   = 4 << 10 // bytes of one text of an alert; the rest is cut off
)

// discriminator tells findings of detections from those of a control that has the
// same name.
const discriminator = "alert"

// FindingOf is the id of the finding that an alert belongs to.
func FindingOf(a finding.Alert) string {
	return finding.Identify(a.Rule, a.Account, a.Region, a.Resource, discriminator)
}

// alerts adds the recording's alerts to their findings.
func (w *recorder) alerts(ctx context.Context) error {
	review, err := w.c.one(ctx, "SELECT max(at) FROM review")
	if err != nil {
		return err
	}
	w.last = review.int(0)
	groups := map[string][]Alert{}
	var order []string
	for i := range w.rec.Alerts {
		a := w.rec.Alerts[i]
		if a.Rule == "" || a.Severity.Rank() == 0 || a.Time.IsZero() {
			return say(ErrInput, nil, "an alert of rule %q with severity %q at %s cannot be stored: each needs a rule, a known severity and a time", a.Rule, a.Severity, a.Time.Format(time.RFC3339))
		}
		shortenAlert(&a)
		id := FindingOf(a.Alert)
		if groups[id] == nil {
			order = append(order, id)
		}
		groups[id] = append(groups[id], a)
	}
	for n, id := range order {
		if n%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := w.add(ctx, id, groups[id]); err != nil {
			return fmt.Errorf("alerts of %s about %q: %w", groups[id][0].Rule, groups[id][0].Resource, err)
		}
	}
	return nil
}

// shortenAlert bounds the texts, which come out of records that anybody may fill.
func shortenAlert(a *Alert) {
	for _, s := range []*string{&a.EventID, &a.Account, &a.Region, &a.Service, &a.Name, &a.Principal, &a.SourceIP, &a.UserAgent, &a.Error, &a.Resource, &a.Message, &a.Title} {
		if len(*s) > textSize {
			*s = strings.ToValidUTF8((*s)[:textSize], "") + "…"
		}
	}
}

// add takes alerts, all of one finding, into it.
func (w *recorder) add(ctx context.Context, id string, alerts []Alert) error {
	key, err := parseID(id)
	if err != nil {
		return err
	}
	before, err := w.stored(ctx, key)
	if err != nil {
		return err
	}
	slices.SortStableFunc(alerts, func(a, b Alert) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.EventID, b.EventID)) })
	if before.k == 0 {
		blank := finding.Finding{Severity: alerts[0].Severity}
		describe(&blank, alerts[0])
		if before.k, err = w.begin(key, blank); err != nil {
			return err
		}
	}
	fresh, err := w.fresh(ctx, before.k, alerts)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		if before.Live() {
			w.changes.Unchanged++
		}
		return nil
	}
	after := w.sum(before.Finding, fresh)
	after.ID = id
	w.count(before.State, after.State, true)
	return w.update(before, after)
}

// sum is a finding after alerts that it did not have yet, in the order of time.
func (w *recorder) sum(f finding.Finding, fresh []Alert) finding.Finding {
	newest := fresh[len(fresh)-1]
	first, last := newest.Time, newest.Time
	severity, uncovered, exception := finding.Severity(""), false, ""
	for _, a := range fresh {
		if a.First.IsZero() {
			a.First = a.Time
		}
		if a.First.Before(first) {
			first = a.First
		}
		if a.Last.After(last) {
			last = a.Last
		}
		if a.Severity.Rank() > severity.Rank() {
			severity = a.Severity
		}
		if a.Exception == "" {
			uncovered = true
		} else {
			exception = a.Exception
		}
	}
	lived, latest := f.Live(), f.LastSeen
	if lived && f.Severity.Rank() > severity.Rank() {
		severity = f.Severity
	}
	f.State = finding.Alerted(f.State, severity, first, last, w.at)
	f.Alerts += len(fresh)
	if f.Live() {
		f.Severity = severity
		switch {
		case uncovered || lived && f.Verdict == finding.Fail:
			f.Verdict, f.Exception = finding.Fail, ""
		default:
			f.Verdict, f.Exception = finding.Excepted, exception
		}
	}
	if f.Rule == "" || !newest.Time.Before(latest) {
		describe(&f, newest)
	}
	return f
}

// describe gives a finding the texts of an alert.
func describe(f *finding.Finding, a Alert) {
	f.Kind, f.Rule, f.Title, f.Objective, f.Practices = finding.Detection, a.Rule, a.Title, a.Objective, a.Practices
	f.Type, f.Resource, f.Account, f.Region = a.Type, a.Resource, a.Account, a.Region
	f.ARN = ""
	if strings.HasPrefix(a.Resource, "arn:") {
		f.ARN = a.Resource
	}
	f.Message, f.Techniques, f.Playbook = a.Message, a.Techniques, a.Playbook
}

// fresh gives the alerts that a finding did not have, and remembers them.
func (w *recorder) fresh(ctx context.Context, k int64, alerts []Alert) ([]Alert, error) {
	var out []Alert
	for from := 0; from < len(alerts); {
		day, to := dayOf(alerts[from].Time), from+1
		for to < len(alerts) && dayOf(alerts[to].Time) == day {
			to++
		}
		more, err := w.freshOfDay(ctx, k, day, alerts[from:to])
		if err != nil {
			return nil, err
		}
		out, from = append(out, more...), to
	}
	return out, w.keepLatest(k, out)
}

func (w *recorder) freshOfDay(ctx context.Context, k, day int64, alerts []Alert) ([]Alert, error) {
	row, err := w.c.one(ctx, "SELECT alerts, newest, known FROM alert_day WHERE k = ? AND day = ?", k, day)
	if err != nil {
		return nil, err
	}
	var count, newest int64
	var known []byte
	if row != nil {
		count, newest, known = row.int(0), row.int(1), slices.Clone(row.blob(2))
	}
	set := make(map[[keySize]byte]bool, len(known)/keySize)
	for key := range slices.Chunk(known, keySize) {
		if len(key) == keySize {
			set[[keySize]byte(key)] = true
		}
	}
	var out []Alert
	for _, a := range alerts {
		key, at := keyOf(a.Alert), a.Time.UnixNano()
		switch {
		case set[key]:
			continue
		case len(set) < dayKeys:
			set[key], known = true, append(known, key[:]...)
		case at <= newest:
			continue // may have been counted
		}
		newest = max(newest, at)
		out = append(out, a)
	}
	if len(out) == 0 {
		return nil, nil
	}
	_, err = w.c.exec("INSERT OR REPLACE INTO alert_day (k, day, alerts, newest, known) VALUES (?, ?, ?, ?, ?)", k, day, count+int64(len(out)), newest, known)
	return out, err
}

// keyOf tells alerts of one finding apart: by the event that decided them, and by
// what they say where that has no id.
func keyOf(a finding.Alert) [keySize]byte {
	text := a.EventID
	if text == "" {
		text = fmt.Sprintf("%d %q %q %q %q", a.Time.UnixNano(), a.Principal, a.SourceIP, a.Name, a.Message)
	}
	sum := sha256.Sum256([]byte(text))
	return [keySize]byte(sum[:keySize])
}

// keepLatest stores alerts whole, and drops those that newer ones push out.
func (w *recorder) keepLatest(k int64, alerts []Alert) error {
	if len(alerts) == 0 {
		return nil
	}
	for _, a := range alerts[max(0, len(alerts)-keptAlerts):] {
		body, err := json.Marshal(a.Alert)
		if err != nil {
			return err
		}
		key := keyOf(a.Alert)
		if _, err := w.c.exec("INSERT OR REPLACE INTO alert (k, at, key, body) VALUES (?, ?, ?, ?)", k, a.Time.UnixNano(), key[:], string(body)); err != nil {
			return err
		}
	}
	_, err := w.c.exec(`DELETE FROM alert WHERE k = ?1 AND (at, key) < (SELECT at, key FROM alert WHERE k = ?1 ORDER BY at DESC, key DESC LIMIT 1 OFFSET ?2)`, k, int64(keptAlerts-1))
	return err
}

// Alerts lists the latest alerts of a finding, the newest first; they are kept up
// to a number.
func (s *Store) Alerts(ctx context.Context, id string) ([]finding.Alert, error) {
	key, err := parseID(strings.ToLower(id))
	if err != nil {
		return nil, err
	}
	var list []finding.Alert
	err = s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			list = append(list, finding.Alert{})
			return json.NewDecoder(bytes.NewReader([]byte(r.text(0)))).Decode(&list[len(list)-1])
		}, "SELECT a.body FROM alert a JOIN finding f ON f.k = a.k WHERE f.id = ? ORDER BY a.at DESC, a.key DESC", key[:])
	})
	return list, err
}

func dayOf(t time.Time) int64 {
	n := t.Unix()
	day := n / secondsOfDay
	if n%secondsOfDay < 0 {
		day--
	}
	return day
}

func dayAt(n int64) time.Time { return time.Unix(n*secondsOfDay, 0).UTC() }
