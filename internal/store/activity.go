package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Types of the resources that say how far activity was read, and by what: one of an
// account and Region, one of an account. docs/evidence-types.md describes them.
const (
	TypeActivity  = "Holdfast::Activity::RegionStatus"
	TypeDetecting = "Holdfast::Activity::AccountStatus"
)

// typeRegion is the type of the Regions that an account has enabled.
const typeRegion = "Holdfast::Region"

// window is how many days back a TypeActivity looks.
const window = 30

// activity adds what was read and what could not be to the store, and brings the
// resources that tell of it up to date.
func (w *recorder) activity(ctx context.Context) error {
	places := map[place]bool{}
	days := map[placeDay]int{}
	for _, r := range w.rec.Read {
		if err := w.read(ctx, r); err != nil {
			return err
		}
		places[place{r.Account, r.Region}] = true
	}
	gaps := map[placeDay][]evidence.Gap{}
	for _, g := range w.rec.Gaps {
		at := placeDay{place{g.Account, g.Region}, w.dayOfFile(g.Resource)}
		gaps[at] = append(gaps[at], g)
		days[at]++
		if g.Account != "" && g.Region != "" {
			places[at.place] = true
		}
	}
	for at, n := range days {
		if err := w.fault(ctx, at, int64(n)); err != nil {
			return err
		}
	}
	if err := w.openGaps(ctx, gaps); err != nil {
		return err
	}
	accounts := map[string]bool{}
	for p := range places {
		accounts[p.account] = p.account != ""
	}
	for _, account := range slices.Sorted(maps.Keys(accounts)) {
		if !accounts[account] {
			continue
		}
		if err := w.silent(ctx, account, places); err != nil {
			return err
		}
		if err := w.detecting(ctx, account); err != nil {
			return err
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(places), place.compare) {
		if err := w.status(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// silent adds the enabled Regions of an account to those whose status is told:
// where others of the account were read, one without events needs an explanation.
func (w *recorder) silent(ctx context.Context, account string, places map[place]bool) error {
	return w.c.query(ctx, func(r row) error { places[place{account, r.text(0)}] = true; return nil },
		"SELECT v.id FROM scope s JOIN version v ON v.scope = s.id WHERE s.type = ? AND s.account = ? AND v.valid_from <= ?3 AND v.valid_to > ?3", typeRegion, account, w.now)
}

// detecting writes the resource that tells which logs of an account are looked at,
// and which detections are off.
func (w *recorder) detecting(ctx context.Context, account string) error {
	row, err := w.c.one(ctx, "SELECT group_concat(logs, ' ') FROM activity WHERE account = ? AND day >= ?", account, dayOf(w.at)-window)
	if err != nil {
		return err
	}
	off := []any{}
	for _, o := range w.rec.Off {
		off = append(off, map[string]any{"Rule": o.Rule, "Reason": o.Reason, "Needs": values(o.Needs)})
	}
	r := &evidence.Resource{Type: TypeDetecting, ID: account, Account: account, Region: evidence.Global, Source: "detect",
		Properties: map[string]any{"Logs": values(distinct(strings.Fields(row.text(0)))), "DetectionsOff": off}}
	if same, err := w.looksSame(ctx, r); err != nil || same {
		return err
	}
	return w.evidence(ctx, Batch{Account: account, Unit: "detecting", Resources: []*evidence.Resource{r}})
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// values are texts as a property.
func values(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

type place struct{ account, region string }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.account, o.account), cmp.Compare(p.region, o.region))
}

type placeDay struct {
	place
	day int64
}

// read adds one reading. What a chain of recordings reads adds up; of several
// chains, which may have read the same files, the greatest counts.
func (w *recorder) read(ctx context.Context, r Reading) error {
	if r.Events < 0 || r.Day.IsZero() {
		return say(ErrInput, nil, "a reading of %d events of account %s in %s on %s cannot be stored", r.Events, r.Account, r.Region, r.Day.Format(time.DateOnly))
	}
	first, err := optional(r.First)
	if err != nil {
		return err
	}
	last, err := optional(r.Last)
	if err != nil {
		return err
	}
	row, err := w.c.one(ctx, "SELECT events, first, last, logs, faults, chain, counting FROM activity WHERE account = ? AND region = ? AND day = ? AND source = ?", r.Account, r.Region, dayOf(r.Day), w.rec.Source)
	if err != nil {
		return err
	}
	events, counting, faults, logs := int64(0), int64(r.Events), int64(0), slices.Clone(r.Logs)
	if row != nil {
		events, logs = row.int(0), append(logs, strings.Fields(row.text(3))...)
		first, last = least(first, row.int(1)), max(last, row.int(2))
		if row.int(5) == w.chain {
			counting, faults = counting+row.int(6), row.int(4)
		}
	}
	_, err = w.c.exec("INSERT OR REPLACE INTO activity (account, region, day, source, events, first, last, logs, faults, chain, counting) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.Account, r.Region, dayOf(r.Day), w.rec.Source, max(events, counting), first, last, strings.Join(distinct(logs), " "), faults, w.chain, counting)
	return err
}

func least(a, b int64) int64 {
	if a == noTime || b != noTime && b < a {
		return b
	}
	return a
}

// fault counts files of a day that could not be read.
func (w *recorder) fault(_ context.Context, at placeDay, n int64) error {
	_, err := w.c.exec(`INSERT INTO activity (account, region, day, source, events, first, last, logs, faults, chain, counting) VALUES (?1, ?2, ?3, ?4, 0, 0, 0, '', ?5, ?6, 0)
		ON CONFLICT DO UPDATE SET faults = CASE WHEN chain = ?6 THEN faults + ?5 ELSE ?5 END, counting = CASE WHEN chain = ?6 THEN counting ELSE 0 END, chain = ?6`,
		at.account, at.region, at.day, w.rec.Source, n, w.chain)
	return err
}

// fileDay is the time of delivery in the name of a log file.
var fileDay = regexp.MustCompile(`[_/]([0-9]{8})T[0-9]{4}Z[_.]`)

// dayOfFile is the day that a file is of, by its name; that of the recording where
// the name does not say.
func (w *recorder) dayOfFile(name string) int64 {
	if m := fileDay.FindStringSubmatch(name); m != nil {
		if t, err := time.Parse("20060102", m[1]); err == nil {
			return dayOf(t)
		}
	}
	return dayOf(w.at)
}

// gapUnit names the unit of work whose gaps are those of one day.
func (w *recorder) gapUnit(day int64) string {
	return fmt.Sprintf("activity/%s/%s", dayAt(day).Format(time.DateOnly), w.rec.Source)
}

// openGaps brings the gaps up to date: those of the days that were read whole this
// time end, and so do those that lie too far back to matter.
func (w *recorder) openGaps(ctx context.Context, gaps map[placeDay][]evidence.Gap) error {
	ended := map[placeDay]bool{}
	oldest := w.gapUnit(dayOf(w.at) - window)
	err := w.c.query(ctx, func(r row) error {
		unit, day, ok := r.text(2), int64(0), false
		if parts := strings.SplitN(unit, "/", 3); len(parts) == 3 && parts[2] == w.rec.Source {
			t, err := time.Parse(time.DateOnly, parts[1])
			day, ok = dayOf(t), err == nil
		}
		at := placeDay{place{r.text(0), r.text(1)}, day}
		if ok && (unit < oldest || w.again(at)) && gaps[at] == nil {
			ended[at] = true
		}
		return nil
	}, "SELECT DISTINCT account, region, unit FROM gap WHERE valid_to = ? AND unit >= 'activity/' AND unit < 'activity0'", int64(never))
	if err != nil {
		return err
	}
	if w.rec.After != 0 { // more files of a day do not undo what its others lack
		for at := range gaps {
			if err := w.withOpen(ctx, at, gaps); err != nil {
				return err
			}
		}
	}
	for at := range ended {
		gaps[at] = nil
	}
	for _, at := range slices.SortedFunc(maps.Keys(gaps), func(a, b placeDay) int { return cmp.Or(a.compare(b.place), cmp.Compare(a.day, b.day)) }) {
		if err := w.evidence(ctx, Batch{Account: at.account, Region: at.region, Unit: w.gapUnit(at.day), Gaps: gaps[at]}); err != nil {
			return err
		}
	}
	return nil
}

// again tells whether a day is read from the start this time.
func (w *recorder) again(at placeDay) bool {
	return w.rec.After == 0 && slices.ContainsFunc(w.rec.Read, func(r Reading) bool {
		return r.Account == at.account && r.Region == at.region && dayOf(r.Day) == at.day
	})
}

// withOpen adds the gaps of a day that are open already.
func (w *recorder) withOpen(ctx context.Context, at placeDay, gaps map[placeDay][]evidence.Gap) error {
	return w.c.query(ctx, func(r row) error {
		var g evidence.Gap
		err := json.Unmarshal([]byte(r.text(0)), &g)
		gaps[at] = append(gaps[at], g)
		return err
	}, "SELECT body FROM gap WHERE account = ? AND region = ? AND unit = ? AND valid_to = ?", at.account, at.region, w.gapUnit(at.day), int64(never))
}

// evidence applies a batch within the recording's own transaction.
func (w *recorder) evidence(ctx context.Context, b Batch) error {
	a := &applier{c: w.c, run: w.run, at: w.now, batch: b, scopes: map[scopeKey]*scope{}}
	return a.apply(ctx)
}

// status writes the resource that tells how far a Region's activity was read. It
// changes once a day, however often something is recorded.
func (w *recorder) status(ctx context.Context, p place) error {
	if p.account == "" || p.region == "" {
		return nil
	}
	s := regionStatus{today: dayOf(w.at)}
	err := w.c.query(ctx, s.add, "SELECT day, sum(events), group_concat(logs, ' '), min(faults) FROM activity WHERE account = ? AND region = ? AND day >= ? GROUP BY day ORDER BY day",
		p.account, p.region, s.today-window)
	if err != nil {
		return err
	}
	r := &evidence.Resource{Type: TypeActivity, ID: p.region, Account: p.account, Region: p.region, Properties: s.properties(p.region), Source: "detect"}
	if same, err := w.looksSame(ctx, r); err != nil || same {
		return err
	}
	return w.evidence(ctx, Batch{Account: p.account, Region: p.region, Unit: "activity", Resources: []*evidence.Resource{r}, Complete: []string{TypeActivity}})
}

// looksSame tells whether a resource is stored as it looks now. Who follows a trail
// records every few minutes, and what it says changes once a day.
func (w *recorder) looksSame(ctx context.Context, r *evidence.Resource) (bool, error) {
	body, err := evidence.AppendResource(nil, r)
	if err != nil {
		return false, err
	}
	row, err := w.c.one(ctx, `SELECT v.digest FROM scope s JOIN version v ON v.scope = s.id
		WHERE s.type = ? AND s.account = ? AND s.region = ? AND v.id = ? AND v.valid_from <= ? AND v.valid_to > ?5`, r.Type, r.Account, r.Region, r.ID, w.now)
	if err != nil || row == nil {
		return false, err
	}
	digest := sha256.Sum256(body)
	return bytes.Equal(row.blob(0), digest[:]), nil
}

// regionStatus sums up the days of one Region.
type regionStatus struct {
	today, first, last, days int64
	logs                     []string
	faulty                   []string
	faults                   int64
}

func (s *regionStatus) add(r row) error {
	if day := r.int(0); r.int(1) > 0 {
		if s.days++; s.first == 0 {
			s.first = day
		}
		s.last = max(s.last, day)
	}
	if r.int(3) > 0 {
		s.faulty, s.faults = append(s.faulty, dayAt(r.int(0)).Format(time.DateOnly)), s.faults+r.int(3)
	}
	s.logs = append(s.logs, strings.Fields(r.text(2))...)
	return nil
}

func (s *regionStatus) properties(region string) map[string]any {
	p := map[string]any{"Name": region, "DaysRead": s.days, "Logs": values(distinct(s.logs)), "Whole": any(true)}
	if s.days > 0 {
		p["FirstDay"], p["LastDay"] = dayAt(s.first).Format(time.RFC3339), dayAt(s.last).Format(time.RFC3339)
	} else {
		p["LastDay"] = evidence.Unknown{Reason: "no event of the Region was in the logs of the last 30 days that were read: it is silent, or its logs do not come in"}
	}
	if s.faults > 0 {
		p["Whole"] = evidence.Unknown{Reason: fmt.Sprintf("%d log file%s of %s could not be read", s.faults, plural(s.faults), strings.Join(s.faulty, ", "))}
	}
	return p
}

func plural(n int64) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// Activity is what was read of one account, Region and day, by whatever source.
type Activity struct {
	Reading
	Faults int // files that could not be read
}

// Activity lists what was read of the days from one to another, both in, in the
// order of account, Region and day.
func (s *Store) Activity(ctx context.Context, from, to time.Time) ([]Activity, error) {
	var list []Activity
	err := s.view(func(c *conn) error {
		return c.query(ctx, func(r row) error {
			logs := distinct(strings.Fields(r.text(6)))
			list = append(list, Activity{Reading{r.text(0), r.text(1), dayAt(r.int(2)), int(r.int(3)), optionalAt(r.int(4)), optionalAt(r.int(5)), logs}, int(r.int(7))})
			return nil
		}, `SELECT account, region, day, max(events), coalesce(min(nullif(first, 0)), 0), max(last), group_concat(logs, ' '), min(faults) FROM activity
			WHERE day BETWEEN ? AND ? GROUP BY account, region, day ORDER BY account, region, day`, dayOf(from), dayOf(to))
	})
	return list, err
}
