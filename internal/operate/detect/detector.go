package detect

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Detector has many detections compiled together. What workers do at the same time is
// Look; everything else belongs to one goroutine.
type Detector struct {
	o         Options
	engine    *sigma.Engine
	state     *sigma.State
	speakers  map[*sigma.Rule]*speaker // rules that make alerts
	carries   map[*sigma.Rule][]string // parts of correlations, and the paths whose values go along with their events
	analytics []*speaker
	all       []*speaker
	logs      []string // that came by
	newest    time.Time

	scratch []byte

	// of the call that runs
	yield   func(finding.Alert) error
	err     error
	current *speaker
	signal  func(analytic.Signal)
	hit     func(sigma.Hit)
}

// speaker is a detection at work.
type speaker struct {
	*Detection
	analytic   analytic.Analytic
	severity   finding.Severity
	techniques []string
	message    template
	off        string // why it does not speak
	switched   bool   // because somebody decided so
}

const mostAnalytics = 64 // as many as a Seen has bits

// New compiles detections of one log; those of the other logs that Holdfast reads are
// left to detectors of their own. Sigma rules that cannot be honoured come out as
// refusals.
func New(detections []Detection, o Options) (*Detector, []sigma.Refusal, error) {
	if o.Log == (sigma.LogSource{}) {
		o.Log = Trail
	}
	if o.State.Entries == 0 {
		o.State.Entries = 200_000 // each carries what its alert will say
	}
	d := &Detector{o: o, speakers: map[*sigma.Rule]*speaker{}, carries: map[*sigma.Rule][]string{}}
	d.hit = d.correlated
	d.signal = d.signalled
	var rules []*sigma.Rule
	var faults []error
	for i := range detections {
		s, err := d.speaker(&detections[i])
		if err != nil {
			faults = append(faults, err)
		}
		if s != nil {
			d.all = append(d.all, s)
			rules = append(rules, s.Parts...)
		}
	}
	faults = append(faults, o.check(detections)...)
	if err := errors.Join(faults...); err != nil {
		return nil, nil, err
	}
	var refusals []sigma.Refusal
	d.engine, refusals = sigma.Compile(rules, sigma.Options{Sources: []sigma.LogSource{o.Log}, Placeholders: o.Placeholders})
	d.state = d.engine.NewState(o.State)
	d.connect(refusals)
	return d, refusals, nil
}

// speaker prepares a detection; nil where it is for another log.
func (d *Detector) speaker(x *Detection) (*speaker, error) {
	if log := x.Log(); log != (sigma.LogSource{}) && !d.o.Log.Within(log) && isKnownLog(log) {
		return nil, nil
	}
	message, err := parseTemplate(x.Message)
	if err != nil {
		return nil, fmt.Errorf("%s:%d: message: %w", x.File, x.Line, err)
	}
	s := &speaker{Detection: x, severity: x.Severity(), message: message}
	if severity, ok := d.o.Severity[x.Name]; ok {
		s.severity = severity
	}
	s.techniques, _ = d.o.Attack.Techniques(x)
	s.off, s.switched = d.o.switchedOff(x.Name)
	if x.Analytic == "" || s.off != "" {
		return s, nil
	}
	setup := analytic.Setup{Params: merged(x.Params, d.o.Params[x.Name]), World: d.o.World}
	if s.analytic, err = analytic.New(x.Analytic, setup); err != nil {
		return nil, fmt.Errorf("%s:%d: detection %q: %w", x.File, x.Line, x.Name, err)
	}
	if len(d.analytics) == mostAnalytics {
		return nil, fmt.Errorf("%s:%d: more than %d analytics at a time", x.File, x.Line, mostAnalytics)
	}
	d.analytics = append(d.analytics, s)
	return s, nil
}

func isKnownLog(log sigma.LogSource) bool {
	return log.Product == "aws" && slices.ContainsFunc([]sigma.LogSource{Trail, Flows, Lookups}, func(known sigma.LogSource) bool { return known == log })
}

func merged(under, over map[string]any) map[string]any {
	out := map[string]any{}
	for _, m := range []map[string]any{under, over} {
		for name, v := range m {
			out[name] = v
		}
	}
	return out
}

// connect finds out who speaks for what.
func (d *Detector) connect(refusals []sigma.Refusal) {
	compiled := map[*sigma.Rule]bool{}
	byReference := map[string]*sigma.Rule{}
	note := func(r *sigma.Rule) {
		compiled[r] = true
		byReference[r.ID], byReference[r.Name] = r, r
	}
	for _, c := range d.engine.Rules() {
		note(c.Rule)
	}
	for _, r := range d.engine.Correlations() {
		note(r)
	}
	for _, s := range d.all {
		if s.Analytic != "" {
			continue
		}
		if !compiled[s.Rule] && s.Rule.Filter == nil {
			s.off, s.switched = "it was refused", false
			for _, f := range refusals {
				if f.File == s.Rule.File && f.Rule == s.Rule.Handle() {
					s.off = "it was refused: " + f.Reason
				}
			}
			continue
		}
		d.speakers[s.Rule] = s
		if s.Rule.Correlation != nil {
			d.carry(s.Rule, slices.Concat(s.Resource, s.message.paths), byReference, map[*sigma.Rule]bool{})
		}
	}
}

// carry notes for the rules whose events a correlation has, also by way of others, what
// it wants to know of them. Several correlations may share a rule.
func (d *Detector) carry(r *sigma.Rule, paths []string, byReference map[string]*sigma.Rule, been map[*sigma.Rule]bool) {
	if been[r] {
		return
	}
	been[r] = true
	if r.Correlation == nil {
		for _, path := range paths {
			if !slices.Contains(d.carries[r], path) {
				d.carries[r] = append(d.carries[r], path)
			}
		}
		if d.carries[r] == nil {
			d.carries[r] = []string{}
		}
		return
	}
	for _, reference := range r.Correlation.Rules {
		if part := byReference[reference]; part != nil {
			d.carry(part, paths, byReference, been)
		}
	}
}

// check refuses decisions about detections that are not there: they would be without
// effect.
func (o *Options) check(detections []Detection) (faults []error) {
	names := make([]string, len(detections))
	for i := range detections {
		names[i] = detections[i].Name
	}
	known := func(setting, name string) {
		if !slices.Contains(names, name) {
			faults = append(faults, fmt.Errorf("%s: there is no detection %q%s", setting, name, meant(name, names)))
		}
	}
	for _, s := range o.Switched {
		known("detect.off", s.Rule)
	}
	for _, name := range sortedKeys(o.Severity) {
		known("detect.severity", name)
	}
	for _, name := range sortedKeys(o.Params) {
		known("detect.params", name)
		if i := slices.Index(names, name); i >= 0 && detections[i].Analytic == "" {
			faults = append(faults, fmt.Errorf("detect.params: %q is no analytic and has no parameters", name))
		}
	}
	return faults
}

// Take takes one event in its turn: it makes the alerts of the rules that matched, and
// feeds correlations and analytics. Events that were taken before have to be left out.
// An error of yield ends the call and is given back.
func (d *Detector) Take(i int, e Event, seen *Seen, yield func(finding.Alert) error) error {
	if len(seen.logs) > 0 {
		d.sawLogs(seen.logs)
		seen.logs = seen.logs[:0]
	}
	s := seen.of(i)
	if s == nil {
		return nil
	}
	a := &s.activity
	a.Record = e.Record()
	if a.Time.IsZero() {
		a.Time = d.newest // a record without a time is no reason to stay quiet
	}
	if a.Time.After(d.newest) {
		d.newest = a.Time
	}
	d.yield, d.err = yield, nil
	for _, c := range seen.rules[s.from:s.to] {
		// A correlation silences its parts, as Sigma says. One of the user's that takes a
		// detection of the catalogue as its part must not take that one's voice.
		if speaks := d.speakers[c.Rule]; speaks != nil && (c.Alone || speaks.Catalogue) {
			d.speak(speaks, d.alert(speaks, a))
		}
		if paths, part := d.carries[c.Rule]; part {
			d.state.Observe(c, e, a.Time, d.reference(paths, a), d.hit)
		}
	}
	for wants := s.wants; wants != 0; wants &= wants - 1 {
		d.current = d.analytics[bits.TrailingZeros64(wants)]
		d.current.analytic.Observe(a, d.signal)
	}
	return d.done()
}

// Advance says that nothing older than the instant, less the tolerance, is to come.
func (d *Detector) Advance(at time.Time, yield func(finding.Alert) error) error {
	d.yield, d.err = yield, nil
	d.state.Advance(at, d.hit)
	for _, s := range d.analytics {
		d.current = s
		s.analytic.Advance(at, d.signal)
	}
	return d.done()
}

// Flush says that nothing is to come at all: what was held back is judged.
func (d *Detector) Flush(yield func(finding.Alert) error) error {
	d.yield, d.err = yield, nil
	d.state.Flush(d.hit)
	for _, s := range d.analytics {
		d.current = s
		s.analytic.Advance(d.newest.Add(sigma.DefaultState.Tolerance), d.signal)
	}
	return d.done()
}

func (d *Detector) done() error {
	err := d.err
	d.yield, d.err, d.current = nil, nil, nil
	return err
}

// speak hands an alert over, marked where somebody decided to live with it: with each
// of the events that it stands on, as far as these are known.
func (d *Detector) speak(s *speaker, a finding.Alert, of ...carried) {
	if s.off != "" || d.err != nil {
		return
	}
	a.Exception = d.o.decided(&a)
	for i := 0; i < len(of) && a.Exception != ""; i++ {
		if one := of[i].within(a); d.o.decided(&one) == "" {
			a.Exception = ""
		}
	}
	d.err = d.yield(a)
}

func (d *Detector) sawLogs(names []string) {
	for _, name := range names {
		if !slices.Contains(d.logs, name) {
			d.logs = append(d.logs, name)
			slices.Sort(d.logs)
		}
	}
}

// Logs are the kinds of logs that came by, as needs name them.
func (d *Detector) Logs() []string { return slices.Clone(d.logs) }

// Stats tell how the correlations fared.
func (d *Detector) Stats() sigma.StateStats { return d.state.Stats() }

// Count is how many detections are at work.
func (d *Detector) Count() (n int) {
	for _, s := range d.all {
		if s.off == "" && s.Rule.Filter == nil {
			n++
		}
	}
	return n
}

// Engine is the compiled rules; its Paths are what events are asked for.
func (d *Detector) Engine() *sigma.Engine { return d.engine }
