package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Result is the policy and what has to be known about it.
type Result struct {
	Principal string             `json:"principal"`
	From      time.Time          `json:"from"` // the first event of the principal
	To        time.Time          `json:"to"`
	Events    int                `json:"events"`
	Policies  []*policy.Document `json:"-"`
	// Verified is how many permissions that were used were put to the engine and
	// found allowed by the policies alone.
	Verified int `json:"verified"`

	Wildcards []Wildcard `json:"wildcards"` // wider than what was seen
	Derived   []Derived  `json:"derived"`   // granted because of other events
	Assumed   []Assumed  `json:"assumed"`   // granted on an assumption
	Failed    []Failed   `json:"failed"`    // granted though only seen to fail
	Denied    []Denied   `json:"denied"`    // seen to be refused, and not granted
	Possible  []Possible `json:"possible"`  // perhaps needed, and not granted
	Uncovered []Lost     `json:"uncovered"` // seen to succeed, and not granted
	Blind     []string   `json:"blind"`     // what the logs cannot show
	Skipped   []Skipped  `json:"skipped"`   // events that asked nothing of IAM
}

// Wildcard is a grant that reaches further than what was seen.
type Wildcard struct {
	Actions  []string `json:"actions"`
	Resource string   `json:"resource"`
	Why      string   `json:"why"`
}

// Derived is a grant that no record shows by itself.
type Derived struct {
	Action    string   `json:"action"`
	Condition string   `json:"condition,omitempty"`
	Resources []string `json:"resources"`
	Events    []string `json:"events"`
}

// Assumed is a grant on a resource of which something was taken for granted.
type Assumed struct {
	Resource string `json:"resource"`
	Why      string `json:"why"`
}

// Failed is a grant for calls that never succeeded.
type Failed struct {
	Action    string   `json:"action"`
	Resources []string `json:"resources"`
	Errors    []string `json:"errors"`
	Count     int      `json:"count"`
}

// Denied is what was refused.
type Denied struct {
	Action    string   `json:"action"`
	Resources []string `json:"resources"`
	Count     int      `json:"count"`
}

// Possible is a permission that an event may have needed: it names a role, and it is
// not known that the call hands it on.
type Possible struct {
	Action   string `json:"action"`
	Resource string `json:"resource"`
	Event    string `json:"event"`
}

// Lost is what was seen and is not covered.
type Lost struct {
	Event    string `json:"event"`
	Action   string `json:"action,omitempty"`
	Resource string `json:"resource,omitempty"`
	Why      string `json:"why"`
	Count    int    `json:"count"`
}

// Skipped counts events that asked nothing of IAM.
type Skipped struct {
	Why   string `json:"why"`
	Count int    `json:"count"`
}

// report fills in what does not depend on the policy.
func (l *Log) report(needed []*seen) *Result {
	r := &Result{
		Principal: l.who.ARN, From: l.first, To: l.last, Events: l.events,
		Policies: []*policy.Document{}, Wildcards: []Wildcard{}, Derived: []Derived{}, Assumed: []Assumed{}, Failed: []Failed{},
		Denied: []Denied{}, Possible: []Possible{}, Uncovered: []Lost{}, Blind: l.blind(), Skipped: []Skipped{},
	}
	used := map[*seen]bool{}
	for _, s := range needed {
		used[s] = true
	}
	for _, s := range slices.SortedFunc(l.all(), compareSeen) {
		if used[s] || s.succeeded+s.failed == 0 {
			r.note(s)
		}
	}
	slices.SortFunc(r.Assumed, func(a, b Assumed) int { return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Why, b.Why)) })
	r.Assumed = slices.Compact(r.Assumed)
	r.Possible = slices.AppendSeq(r.Possible, maps.Keys(l.maybe))
	slices.SortFunc(r.Possible, func(a, b Possible) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Event, b.Event))
	})
	for _, why := range slices.Sorted(maps.Keys(l.skipped)) {
		if why != activity.Unmapped && why != activity.Unreadable {
			r.Skipped = append(r.Skipped, Skipped{string(why), l.skipped[why]})
		}
	}
	return r
}

// note tells of one permission what is not plain to see from the policy.
func (r *Result) note(s *seen) {
	q := &s.call.Request
	resource := shown(q.Resource, q.Partial)
	if s.succeeded+s.failed == 0 {
		if s.derived {
			return // its event was refused, and stands for itself
		}
		d := alikeIn(&r.Denied, func(d *Denied) bool { return d.Action == q.Action })
		d.Action, d.Resources, d.Count = q.Action, append(d.Resources, resource), d.Count+s.denied
		return
	}
	if s.derived {
		condition := conditionText(s.call.Conditions)
		d := alikeIn(&r.Derived, func(d *Derived) bool { return d.Action == q.Action && d.Condition == condition })
		d.Action, d.Condition, d.Resources = q.Action, condition, append(d.Resources, resource)
		d.Events = union(d.Events, s.because)
	} else if s.succeeded == 0 {
		f := alikeIn(&r.Failed, func(f *Failed) bool { return f.Action == q.Action })
		f.Action, f.Resources, f.Count = q.Action, append(f.Resources, resource), f.Count+s.failed
		f.Errors = union(f.Errors, s.errors)
	}
	if s.call.Assumed != "" && !q.Partial {
		r.Assumed = append(r.Assumed, Assumed{q.Resource, s.call.Assumed})
	}
}

// alikeIn is the element that is alike, or a new one at the end.
func alikeIn[T any](list *[]T, alike func(*T) bool) *T {
	for i := range *list {
		if alike(&(*list)[i]) {
			return &(*list)[i]
		}
	}
	var zero T
	*list = append(*list, zero)
	return &(*list)[len(*list)-1]
}

func union(list []string, more map[string]bool) []string {
	for s := range more {
		list = append(list, s)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func shown(resource string, partial bool) string {
	switch {
	case partial && resource == "":
		return "unknown"
	case partial:
		return resource + "…"
	}
	return resource
}

func conditionText(list []activity.Condition) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Key+"="+c.Value)
	}
	return strings.Join(out, ", ")
}

// recorded are the services of which data events are recorded only where a trail
// asks for them, and what goes unseen without.
var recorded = []struct{ service, what string }{
	{"s3", "reading, writing and deleting objects in Amazon S3"},
	{"lambda", "invoking functions of AWS Lambda"},
	{"dynamodb", "reading and writing items of Amazon DynamoDB"},
	{"sqs", "sending and receiving messages of Amazon SQS"},
	{"sns", "publishing to topics of Amazon SNS"},
}

// blind says what the logs cannot show.
func (l *Log) blind() []string {
	out := []string{}
	for _, d := range recorded {
		if !l.data[d.service] {
			out = append(out, "the logs hold no data events of "+d.service+": "+d.what+" would not be seen")
		}
	}
	if !l.data["kms"] {
		out = append(out, "the logs hold no events of kms: the trail may leave them out, and then the use of keys is not seen")
	}
	if !l.first.IsZero() {
		if span := l.last.Sub(l.first); span < 30*24*time.Hour {
			out = append(out, "the events span "+spanText(span)+": what happens less often is not seen")
		}
	}
	return out
}

func spanText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int(d/time.Hour), "hour")
	}
	return plural(int(d/(24*time.Hour)), "day")
}
