// Package generate makes the least policy that covers what CloudTrail shows of a
// principal. A Log gathers the calls; Policy writes the documents, and puts every
// success that was observed to the engine with those documents as the only identity
// policies before it hands them out. What is wider than what was seen (a resource
// that the record did not name, more ids of one kind than are worth listing) is
// marked with the reason, and so is what was seen and is not covered.
//
// A policy never has more than was observed because of denied calls; calls that
// failed otherwise count, since they were authorized or may have been.
package generate

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Options say how narrow the policy is.
type Options struct {
	// MaxResources is how many resources of one kind an action lists before they
	// become a wildcard. 0 is DefaultMaxResources.
	MaxResources int
	// AnyAccount leaves the account and the Region of resources open, for a policy
	// that is to be used in several accounts.
	AnyAccount bool
	// Limit is how many characters without white space a document may have. 0 is the
	// quota of managed policies.
	Limit int
}

// DefaultMaxResources keeps lists short enough to read.
const DefaultMaxResources = 15

// Log is what was seen of one principal. Make it with NewLog.
type Log struct {
	who     *iam.Principal
	calls   map[key]*seen
	kinds   map[kind]int     // how many resources of a kind are listed
	rest    map[kind]*seen   // what all further ones of a kind have in common
	lost    map[string]*Lost // by event name and reason
	skipped map[activity.Skip]int
	maybe   map[Possible]bool
	data    map[string]bool // services with data events in the logs, of whoever
	events  int
	first   time.Time
	last    time.Time
}

// key is what tells apart the permissions that were needed.
type key struct {
	action, resource string
	partial          bool
	conditions       string
}

// seen is one of them.
type seen struct {
	call      activity.Call
	succeeded int
	failed    int
	denied    int
	derived   bool            // never recorded by itself
	because   map[string]bool // events it was derived from
	errors    map[string]bool // codes of failures
}

// NewLog makes the log of a user or a role. The ARN of a session stands for its role.
func NewLog(arn string) (*Log, error) {
	p, err := iam.ParsePrincipal(arn)
	if err != nil {
		return nil, fmt.Errorf("%w; --list names the principals of the logs", err)
	}
	switch p.Kind {
	case iam.KindUser, iam.KindRole:
	case iam.KindSession:
		if p, err = iam.ParsePrincipal(p.Role); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("%s is no user and no role; policies can be generated for these only", arn)
	}
	return &Log{who: p, calls: map[key]*seen{}, kinds: map[kind]int{}, rest: map[kind]*seen{}, lost: map[string]*Lost{}, skipped: map[activity.Skip]int{}, data: map[string]bool{}, maybe: map[Possible]bool{}}, nil
}

// Principal is whose log it is.
func (l *Log) Principal() string { return l.who.ARN }

// Concerns tells whether the principal of a record is the log's. A role covers its
// sessions; the path of a role does not count, since session ARNs leave it out.
func (l *Log) Concerns(p *iam.Principal) bool {
	if p == nil || p.Account != l.who.Account {
		return false
	}
	if l.who.Kind == iam.KindUser {
		return p.Kind == iam.KindUser && p.ARN == l.who.ARN
	}
	if p.Kind != iam.KindSession && p.Kind != iam.KindRole {
		return false
	}
	return p.Role == l.who.ARN || p.Role[strings.LastIndexByte(p.Role, '/')+1:] == l.who.Name
}

// MayConcern is a quick look at the ARN in a record: false where it cannot be the
// log's principal.
func (l *Log) MayConcern(arn string) bool {
	if l.who.Kind == iam.KindUser {
		return arn == l.who.ARN
	}
	return strings.Contains(arn, l.who.Account) && strings.Contains(arn, "/"+l.who.Name)
}

// Saw notes that the logs hold data events of a service, whoever caused them.
func (l *Log) Saw(service string) { l.data[service] = true }

// Event notes that the principal made a recorded call at that time.
func (l *Log) Event(at time.Time) {
	l.events++
	if at.IsZero() {
		return
	}
	if l.first.IsZero() || at.Before(l.first) {
		l.first = at
	}
	if at.After(l.last) {
		l.last = at
	}
}

// Skip notes an event of the principal that asks nothing of IAM, or of which it is
// not known what.
func (l *Log) Skip(name string, why activity.Skip) {
	l.skipped[why]++
	if why == activity.Unmapped || why == activity.Unreadable {
		l.lose(Lost{Event: name, Why: string(why)}, 1)
	}
}

func (l *Log) lose(lost Lost, n int) {
	k := lost.Event + "\x00" + lost.Action + "\x00" + lost.Resource + "\x00" + lost.Why
	if l.lost[k] == nil {
		l.lost[k] = &lost
	}
	l.lost[k].Count += n
}

// kind is an action on the resources of one type in one place.
type kind struct{ action, kind, place, conditions string }

// mostListed bounds how many resources of a kind are remembered one by one. Of
// further ones only their common start is, which is what they would become anyway.
const mostListed = 10_000

// entry is what stands for a call, made where there is none yet.
func (l *Log) entry(c activity.Call) *seen {
	q := &c.Request
	conditions := fmt.Sprint(c.Conditions)
	k := key{q.Action, q.Resource, q.Partial, conditions}
	if s := l.calls[k]; s != nil {
		return s
	}
	made := &seen{call: c, derived: true, because: map[string]bool{}, errors: map[string]bool{}}
	of := kind{q.Action, c.Type, placeOf(q.Resource, c.Type), conditions}
	if l.kinds[of]++; l.kinds[of] <= mostListed {
		l.calls[k] = made
		return made
	}
	s := l.rest[of]
	switch {
	case s == nil && c.Denied:
		return made // refused, and one too many to name
	case s == nil:
		made.call.Request.Partial = true
		made.call.Assumed = fmt.Sprintf("more than %d resources of one kind", mostListed)
		l.rest[of] = made
		return made
	case !c.Denied:
		s.call.Request.Resource = shared(s.call.Request.Resource, q.Resource)
	}
	return s
}

// shared is what two texts start with alike.
func shared(a, b string) string {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// Add notes what an event of the principal asked.
func (l *Log) Add(calls []activity.Call) {
	for _, c := range calls {
		if c.Maybe {
			if !c.Denied {
				l.maybe[Possible{c.Request.Action, c.Request.Resource, c.Name}] = true
			}
			continue
		}
		s := l.entry(c)
		if c.Derived {
			s.because[c.Name] = true
		} else {
			s.derived = false
		}
		switch {
		case c.Denied:
			s.denied++
		case c.Error != "":
			s.failed++
			s.errors[c.Error] = true
		default:
			s.succeeded++
		}
	}
}

// needed are the permissions that were used, in order; those that were only ever
// denied are not among them.
//
// A call that failed and named no resource needs nothing where others of its kind
// succeeded: it would only widen what they need.
func (l *Log) needed() []*seen {
	done := map[[2]string]bool{}
	for s := range l.all() {
		if s.succeeded > 0 {
			done[[2]string{s.call.Request.Action, s.call.Type}] = true
			done[[2]string{s.call.Request.Action, ""}] = true // for calls of which not even the kind is known
		}
	}
	var out []*seen
	for s := range l.all() {
		vain := s.succeeded == 0 && s.call.Request.Partial && done[[2]string{s.call.Request.Action, s.call.Type}]
		if s.succeeded+s.failed > 0 && !vain {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, compareSeen)
	return out
}

// all is everything that was seen, in no order.
func (l *Log) all() iter.Seq[*seen] {
	return func(yield func(*seen) bool) {
		for _, m := range []iter.Seq[*seen]{maps.Values(l.calls), maps.Values(l.rest)} {
			for s := range m {
				if !yield(s) {
					return
				}
			}
		}
	}
}

func compareSeen(a, b *seen) int {
	x, y := &a.call.Request, &b.call.Request
	return cmp.Or(cmp.Compare(x.Action, y.Action), cmp.Compare(x.Resource, y.Resource), cmp.Compare(fmt.Sprint(a.call.Conditions), fmt.Sprint(b.call.Conditions)),
		compareBool(x.Partial, y.Partial))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Policy writes the least policy and proves it.
func (l *Log) Policy(o Options) (*Result, error) {
	if o.MaxResources <= 0 {
		o.MaxResources = DefaultMaxResources
	}
	if o.Limit <= 0 {
		if q, ok := policy.QuotaFor("managed"); ok {
			o.Limit = q.Limit
		} else {
			o.Limit = 6144
		}
	}
	needed := l.needed()
	r := l.report(needed)
	grants := l.grants(needed, o, r)
	documents, err := pack(statements(grants), o.Limit)
	if err != nil {
		return nil, err
	}
	r.Policies = documents
	l.verify(needed, r)
	for _, k := range slices.Sorted(maps.Keys(l.lost)) {
		r.Uncovered = append(r.Uncovered, *l.lost[k])
	}
	return r, nil
}
