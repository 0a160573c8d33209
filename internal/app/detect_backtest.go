package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store/lake"
)

// BacktestOptions say which detections are tried on which recorded activity.
type BacktestOptions struct {
	Detections DetectSources
	Names      []string // only these; none is all
	// Source is where log files lie; without a path the event lake in Lake is read.
	Source TrailSource
	Lake   string
	// Undecided leaves the workspace's decisions out: exceptions, trusted networks and
	// severities. Detections that are switched off are tried in any case.
	Undecided bool
}

// Backtest is what detections would have alerted on.
type Backtest struct {
	Events      int
	First, Last time.Time
	Rules       []BacktestRule // those that alert the most first, those that do not at the end
	Refused     []sigma.Refusal
	Off         []detect.Off
	Faults      []error // what could not be read: the first thousand
	Faulty      int
}

// BacktestRule is what one detection would have alerted on.
type BacktestRule struct {
	Rule, Title string
	Severity    finding.Severity
	Alerts      int // those that a decision covers too
	Excepted    int // covered by a decision
	Findings    int // rule and resource: what somebody would have had to look at
	Days        map[string]int
	Accounts    map[string]int
	Principals  []Ranked // those with the most alerts
	Resources   []Ranked
	Examples    []finding.Alert // the first few, each of another resource
}

// Ranked is something with the number of alerts about it.
type Ranked struct {
	Name   string
	Alerts int
}

// Bounds of what is remembered for each detection.
const (
	backtestNames    = 10_000
	backtestTop      = 5
	backtestExamples = 3
)

// DaysSpanned is how many days the events lie in, the first and the last included.
func (b *Backtest) DaysSpanned() int {
	if b.Events == 0 {
		return 0
	}
	day := 24 * time.Hour
	return int(b.Last.UTC().Truncate(day).Sub(b.First.UTC().Truncate(day))/day) + 1
}

// Opening counts the alerts that no decision covers.
func (r *BacktestRule) Opening() int { return r.Alerts - r.Excepted }

// Busiest is the day with the most alerts.
func (r *BacktestRule) Busiest() (day string, alerts int) {
	for _, d := range slices.Sorted(maps.Keys(r.Days)) {
		if r.Days[d] > alerts {
			day, alerts = d, r.Days[d]
		}
	}
	return day, alerts
}

// Backtest runs detections over recorded activity and records nothing.
func (a *App) Backtest(ctx context.Context, w Workspace, o BacktestOptions) (*Backtest, error) {
	loaded, err := LoadDetections(w, o.Detections.lean())
	if err != nil {
		return nil, err
	}
	chosen, err := loaded.Named(o.Names)
	if err != nil {
		return nil, err
	}
	options, err := a.backtestOptions(w, loaded, chosen, o)
	if err != nil {
		return nil, err
	}
	detector, refused, err := detect.New(chosen, options)
	if err != nil {
		return nil, Usage(err)
	}
	t := newBacktesting(chosen, append(slices.Clone(loaded.Refusals), refused...), detector, options)
	if len(o.Source.Paths) > 0 || o.Source.Queue != "" {
		err = t.files(ctx, a, o.Source)
	} else {
		err = t.lake(ctx, a, o)
	}
	if err == nil {
		err = detector.Flush(t.alert)
	}
	if err != nil {
		return nil, err
	}
	return t.result(), nil
}

func (a *App) backtestOptions(w Workspace, loaded *Detections, chosen []detect.Detection, o BacktestOptions) (detect.Options, error) {
	options, err := a.detectOptions(w, loaded)
	if err != nil {
		return options, err
	}
	options.Switched = nil
	if o.Undecided {
		options.Exceptions, options.Trusted, options.World.Trusted, options.Severity = nil, nil, nil, nil
	}
	// What is decided about detections that are left out here has nothing to bear on; what
	// is said about none at all is refused still.
	leftOut := func(name string) bool {
		is := func(x detect.Detection) bool { return x.Name == name }
		return slices.ContainsFunc(loaded.All, is) && !slices.ContainsFunc(chosen, is)
	}
	maps.DeleteFunc(options.Severity, func(name string, _ finding.Severity) bool { return leftOut(name) })
	maps.DeleteFunc(options.Params, func(name string, _ map[string]any) bool { return leftOut(name) })
	return options, nil
}

// backtesting is one backtest.
type backtesting struct {
	out      *Backtest
	detector *detect.Detector
	rules    map[string]*tested
}

// tested is what is counted of one detection.
type tested struct {
	BacktestRule
	findings, principals, resources map[string]int
}

func newBacktesting(chosen []detect.Detection, refused []sigma.Refusal, d *detect.Detector, o detect.Options) *backtesting {
	t := &backtesting{out: &Backtest{Refused: refused}, detector: d, rules: map[string]*tested{}}
	for i := range chosen {
		if x := &chosen[i]; x.Rule.Filter == nil && detect.Trail.Within(x.Log()) {
			t.rules[x.Name] = newTested(x.Name, x.Rule.Title, cmp.Or(o.Severity[x.Name], x.Severity()))
		}
	}
	return t
}

func newTested(name, title string, severity finding.Severity) *tested {
	return &tested{BacktestRule{Rule: name, Title: title, Severity: severity, Days: map[string]int{}, Accounts: map[string]int{}},
		map[string]int{}, map[string]int{}, map[string]int{}}
}

// files reads log files, as trail detect does.
func (t *backtesting) files(ctx context.Context, a *App, source TrailSource) error {
	finder, err := a.trailFinder(ctx, &source)
	if err != nil {
		return err
	}
	files, err := finder.Find(ctx, time.Time{})
	if err != nil {
		return unlisted(ctx, err)
	}
	if len(files) == 0 {
		return Usage(fmt.Errorf("there is no log file in %s, or none of the accounts, Regions and time that are asked for", source.String()))
	}
	engine := t.detector.Engine()
	worker, event, taker := t.detector.Worker(), newTrailEvent(engine), newTrailEvent(engine)
	accounts, regions := set(source.Accounts), set(source.Regions)
	wants := func(r *cloudtrail.Record) bool {
		return (len(accounts) == 0 || accounts[string(r.Account())]) && (len(regions) == 0 || regions[string(r.Text(cloudtrail.AWSRegion))])
	}
	// One worker is enough: a backtest is run now and then, and reading stays the same.
	reader := &cloudtrail.Reader{Files: files, Since: source.Since, Until: source.Until, Workers: 1}
	return cloudtrail.Each(ctx, reader, func(_ int, b *cloudtrail.Batch) *detect.Seen {
		seen := &detect.Seen{}
		for i := range b.Records {
			if wants(&b.Records[i]) {
				event.reset(&b.Records[i])
				worker.Look(i, event, seen)
			}
		}
		return seen
	}, func(b *cloudtrail.Batch, seen *detect.Seen) error {
		if b.Fault != nil {
			t.fault(b.Fault)
		}
		for i := range b.Records {
			r := &b.Records[i]
			if r.Duplicate() || !wants(r) {
				continue
			}
			t.saw(r.Time())
			taker.reset(r)
			if err := t.detector.Take(i, taker, seen, t.alert); err != nil {
				return err
			}
		}
		return nil
	})
}

// lake reads the event lake.
func (t *backtesting) lake(ctx context.Context, a *App, o BacktestOptions) error {
	l, err := a.OpenLake(o.Lake)
	if err != nil {
		return err
	}
	worker, seen := t.detector.Worker(), &detect.Seen{}
	query := lake.Query{Since: o.Source.Since, Until: o.Source.Until, Accounts: o.Source.Accounts, Regions: o.Source.Regions, Raw: true}
	for event, err := range l.Events(ctx, query) {
		var fault *lake.Fault
		switch {
		case errors.As(err, &fault):
			t.fault(fault)
			continue
		case err != nil:
			return lakeUsage(err)
		}
		t.saw(event.Time)
		raw := detect.NewRaw(event.Raw)
		seen.Reset()
		worker.Look(0, raw, seen)
		if err := t.detector.Take(0, raw, seen, t.alert); err != nil {
			return err
		}
	}
	if t.out.Events == 0 {
		return Usage(errors.New("the event lake has no event of the accounts, Regions and time that are asked for; `holdfast trail import` fills it"))
	}
	return nil
}

func (t *backtesting) fault(err error) {
	if t.out.Faulty++; len(t.out.Faults) < mostKept {
		t.out.Faults = append(t.out.Faults, err)
	}
}

func (t *backtesting) saw(at time.Time) {
	t.out.Events++
	if at.IsZero() {
		return
	}
	if t.out.First.IsZero() || at.Before(t.out.First) {
		t.out.First = at
	}
	if at.After(t.out.Last) {
		t.out.Last = at
	}
}

func (t *backtesting) alert(a finding.Alert) error {
	r := t.rules[a.Rule]
	if r == nil {
		r = newTested(a.Rule, a.Title, a.Severity)
		t.rules[a.Rule] = r
	}
	r.Alerts++
	r.Days[a.Time.UTC().Format(time.DateOnly)]++
	bump(r.Accounts, cmp.Or(a.Account, "unknown"))
	bump(r.principals, cmp.Or(a.Principal, "unknown"))
	bump(r.resources, cmp.Or(a.Resource, "unknown"))
	if a.Exception != "" {
		r.Excepted++
		return nil
	}
	id := strings.Join([]string{a.Account, a.Region, a.Resource}, "\n")
	if bump(r.findings, id); r.findings[id] == 1 && len(r.Examples) < backtestExamples {
		r.Examples = append(r.Examples, a)
	}
	return nil
}

// bump counts a name. Beyond a bound new names are not told apart any more.
func bump(counts map[string]int, name string) {
	if _, known := counts[name]; !known && len(counts) >= backtestNames {
		name = "others"
	}
	counts[name]++
}

func (t *backtesting) result() *Backtest {
	for _, r := range t.rules {
		r.Findings, r.Principals, r.Resources = len(r.findings), ranked(r.principals), ranked(r.resources)
		t.out.Rules = append(t.out.Rules, r.BacktestRule)
	}
	slices.SortFunc(t.out.Rules, func(a, b BacktestRule) int {
		return cmp.Or(cmp.Compare(b.Opening(), a.Opening()), cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(a.Rule, b.Rule))
	})
	for _, o := range t.detector.Off() {
		if o.Why != detect.Partly {
			t.out.Off = append(t.out.Off, o)
		}
	}
	return t.out
}

// ranked gives the names with the most alerts.
func ranked(counts map[string]int) []Ranked {
	out := make([]Ranked, 0, len(counts))
	for name, n := range counts {
		out = append(out, Ranked{name, n})
	}
	slices.SortFunc(out, func(a, b Ranked) int { return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(a.Name, b.Name)) })
	return out[:min(len(out), backtestTop)]
}
