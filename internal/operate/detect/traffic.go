package detect

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/network"
)

// Traffic has the detections of VPC flow logs, or of Resolver query logs, at work.
// It belongs to one goroutine and takes records as they were logged: up to
// network.Tolerance out of order.
type Traffic struct {
	o        Options
	talkers  []*talker
	sides    network.Sides
	threats  *network.Threats
	newest   time.Time
	judged   time.Time // up to where engines were told that nothing older is to come
	seen     bool
	contact  network.Contact
	query    network.Query
	yield    func(finding.Alert) error
	err      error
	current  *talker
	signal   func(network.Signal)
	isLookup bool
}

// talker is a detection of traffic.
type talker struct {
	*Detection
	engine     network.Engine
	flows      network.Flows
	lookups    network.Lookups
	severity   finding.Severity
	techniques []string
	off        *Off
}

// NewTraffic gets the detections of the log of o ready, Flows or Lookups. Lists of
// threats come from outside; nil are none.
func NewTraffic(detections []Detection, o Options, t *network.Threats) (*Traffic, error) {
	if o.Log != Flows && o.Log != Lookups {
		return nil, fmt.Errorf("%s of %s is no log of traffic", o.Log.Service, o.Log.Product)
	}
	if t == nil {
		t = network.NewThreats(nil, nil)
	}
	d := &Traffic{o: o, threats: t, isLookup: o.Log == Lookups}
	d.signal = d.signalled
	var faults []error
	for i := range detections {
		if x := &detections[i]; x.Log() == o.Log {
			w, err := d.talker(x)
			if err != nil {
				faults = append(faults, err)
				continue
			}
			d.talkers = append(d.talkers, w)
		}
	}
	faults = append(faults, o.check(detections)...)
	return d, errors.Join(faults...)
}

func (d *Traffic) talker(x *Detection) (*talker, error) {
	w := &talker{Detection: x, severity: x.Severity()}
	if severity, ok := d.o.Severity[x.Name]; ok {
		w.severity = severity
	}
	w.techniques, _ = d.o.Attack.Techniques(x)
	off := Off{Rule: x.Name, Title: x.Rule.Title}
	if by, switched := d.o.switchedOff(x.Name); switched {
		off.Why, off.Reason = Switched, by
		w.off = &off
	}
	if x.Analytic == "" {
		off.Why, off.Reason = Refused, "over flow and query logs only analytics run, and this is a Sigma rule"
		w.off = &off
		return w, nil
	}
	var err error
	if w.engine, err = network.New(x.Analytic, merged(x.Params, d.o.Params[x.Name]), d.threats); err != nil {
		return nil, fmt.Errorf("%s:%d: detection %q: %w", x.File, x.Line, x.Name, err)
	}
	var fits bool
	if d.isLookup {
		w.lookups, fits = w.engine.(network.Lookups)
	} else {
		w.flows, fits = w.engine.(network.Flows)
	}
	if !fits {
		return nil, fmt.Errorf("%s:%d: detection %q: the analytic %q does not read the log of %s", x.File, x.Line, x.Name, x.Analytic, d.o.Log.Service)
	}
	return w, nil
}

func (d *Traffic) logName() string {
	if d.isLookup {
		return "Route 53 Resolver query logs"
	}
	return "VPC flow logs"
}

// Count is how many detections can speak.
func (d *Traffic) Count() int {
	n := 0
	for _, w := range d.talkers {
		if w.off == nil {
			n++
		}
	}
	return n
}

// Flow takes one flow. An error of yield ends the call and is given back.
func (d *Traffic) Flow(f *evidence.Flow, yield func(finding.Alert) error) error {
	d.sides.Look(f, &d.contact)
	d.contact.Threat = d.threats.Address(d.contact.Peer)
	d.begin(f.Start, yield)
	for _, w := range d.talkers {
		if w.off == nil {
			d.current = w
			w.flows.Observe(&d.contact, d.signal)
		}
	}
	return d.done()
}

// Lookup takes one lookup. An error of yield ends the call and is given back.
func (d *Traffic) Lookup(l *evidence.Lookup, yield func(finding.Alert) error) error {
	network.LookAt(l, d.threats, &d.query)
	d.begin(l.Time, yield)
	for _, w := range d.talkers {
		if w.off == nil {
			d.current = w
			w.lookups.Observe(&d.query, d.signal)
		}
	}
	return d.done()
}

// begin notes the time, and lets engines judge what is over.
func (d *Traffic) begin(at time.Time, yield func(finding.Alert) error) {
	d.yield, d.err, d.seen = yield, nil, true
	if at.After(d.newest) {
		d.newest = at
	}
	if over := d.newest.Add(-network.Tolerance); over.Sub(d.judged) >= time.Minute {
		d.advance(over)
	}
}

func (d *Traffic) advance(at time.Time) {
	d.judged = at
	for _, w := range d.talkers {
		if w.off == nil {
			d.current = w
			w.engine.Advance(at, d.signal)
		}
	}
}

// Flush says that nothing is to come: what was held back is judged.
func (d *Traffic) Flush(yield func(finding.Alert) error) error {
	d.yield, d.err = yield, nil
	if d.seen {
		d.advance(d.newest.Add(2 * network.Tolerance))
	}
	return d.done()
}

func (d *Traffic) done() error {
	err := d.err
	d.yield, d.err, d.current = nil, nil, nil
	return err
}

// signalled makes the alert of a signal.
func (d *Traffic) signalled(s network.Signal) {
	if d.err != nil {
		return
	}
	w := d.current
	a := finding.Alert{
		Rule: w.Name, Title: w.Rule.Title, Severity: w.severity, Techniques: w.techniques, Objective: w.Objective, Playbook: w.Playbook,
		Time: s.Last, Account: s.Account, Region: s.Region, Service: d.o.Log.Service, Name: w.Analytic,
		Resource: cut(s.Resource(), mostResource), Message: s.Message, Count: max(1, s.Count), First: s.First, Last: s.Last, Events: s.Lines,
	}
	if n := len(s.Lines); n > 0 {
		a.EventID = s.Lines[n-1]
	}
	a.Principal, a.SourceIP = a.Resource, s.Own
	if s.Inbound {
		a.Principal, a.SourceIP = s.Counterpart, s.Counterpart
	}
	a.Exception = d.o.decided(&a)
	if other := a; a.Exception == "" && !s.Inbound {
		other.SourceIP = s.Counterpart // a trusted network counts on either side
		a.Exception = d.o.decided(&other)
	}
	if domain, ok := d.threats.Harmless(s.Counterpart); ok && a.Exception == "" {
		a.Exception = "trusted-domain " + domain
	}
	d.err = d.yield(a)
}

// Off lists the detections that say nothing, or less than they could.
func (d *Traffic) Off() (all []Off) {
	for _, w := range d.talkers {
		off := Off{Rule: w.Name, Title: w.Rule.Title}
		switch {
		case w.off != nil:
			off = *w.off
		case !d.seen:
			off.Why, off.Reason, off.Needs = Blind, "needs "+d.logName()+", of which nothing was seen", w.Needs
		case w.engine.Cold() != "":
			off.Why, off.Reason = Cold, w.engine.Cold()
			if strings.HasPrefix(w.Analytic, "listed-") {
				off.Why = Lacking
			}
		case w.engine.Forgot() > 0:
			off.Why, off.Reason = Partly, fmt.Sprintf("%d of the things it watches were dropped for want of room", w.engine.Forgot())
		default:
			continue
		}
		all = append(all, off)
	}
	slices.SortFunc(all, func(a, b Off) int { return cmp.Compare(a.Rule, b.Rule) })
	return all
}

// savedTraffic is the state of Traffic as it is written down.
type savedTraffic struct {
	Version   int             `json:"version"`
	Log       string          `json:"log"`
	Newest    time.Time       `json:"newest"`
	Judged    time.Time       `json:"judged"`
	Seen      bool            `json:"seen"`
	Sides     json.RawMessage `json:"sides"`
	Analytics []savedTalker   `json:"analytics"`
}

type savedTalker struct {
	Name   string          `json:"name"`
	Engine string          `json:"engine"`
	State  json.RawMessage `json:"state"`
}

// Save writes the state down. The same state gives the same bytes.
func (d *Traffic) Save() ([]byte, error) {
	out := savedTraffic{Version: savedVersion, Log: d.o.Log.Service, Newest: d.newest, Judged: d.judged, Seen: d.seen}
	var err error
	if out.Sides, err = d.sides.Save(); err != nil {
		return nil, err
	}
	for _, w := range d.talkers {
		if w.engine == nil {
			continue
		}
		state, err := w.engine.Save()
		if err != nil {
			return nil, fmt.Errorf("writing the state of %q: %w", w.Name, err)
		}
		out.Analytics = append(out.Analytics, savedTalker{w.Name, w.Analytic, state})
	}
	return json.Marshal(out)
}

// Load reads back what Save wrote. What belongs to detections that are gone or mean
// something else now is left out; forgotten names these.
func (d *Traffic) Load(data []byte) (forgotten []string, err error) {
	var in savedTraffic
	if err := json.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("reading the state of detections: %w", err)
	}
	switch {
	case in.Version != savedVersion:
		return nil, fmt.Errorf("the state of detections has version %d; this program writes %d. Start without it", in.Version, savedVersion)
	case in.Log != d.o.Log.Service:
		return nil, fmt.Errorf("the state is of detections over %s, and these read %s", in.Log, d.o.Log.Service)
	}
	if err := d.sides.Load(in.Sides); err != nil {
		return nil, err
	}
	for _, s := range in.Analytics {
		i := slices.IndexFunc(d.talkers, func(w *talker) bool { return w.Name == s.Name && w.Analytic == s.Engine && w.engine != nil })
		if i < 0 {
			forgotten = append(forgotten, s.Name)
			continue
		}
		if err := d.talkers[i].engine.Load(s.State); err != nil {
			return nil, fmt.Errorf("reading the state of %q: %w", s.Name, err)
		}
	}
	d.newest, d.judged, d.seen = in.Newest, in.Judged, in.Seen
	slices.Sort(forgotten)
	return forgotten, nil
}

// isTraffic tells the logs that Traffic reads.
func isTraffic(log sigma.LogSource) bool { return log == Flows || log == Lookups }
