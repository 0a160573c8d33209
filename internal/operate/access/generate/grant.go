package generate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// grant is one action on one resource pattern.
type grant struct {
	action     string
	resource   string
	conditions []activity.Condition
}

// wide is why a pattern is wider than what was seen.
type wide struct {
	resource, why string
}

// grants turns what was needed into patterns, and notes in the report which of them
// are wildcards.
func (l *Log) grants(needed []*seen, o Options, r *Result) []grant {
	marked := map[wide]map[string]bool{}
	mark := func(g grant, why string) {
		w := wide{g.resource, why}
		if marked[w] == nil {
			marked[w] = map[string]bool{}
		}
		marked[w][g.action] = true
	}
	var out []grant
	for _, family := range families(needed) {
		patterns, why := family.patterns(o)
		for _, p := range patterns {
			g := grant{family.action, p, family.conditions}
			out = append(out, g)
			if why != "" {
				mark(g, why)
			}
		}
	}
	for _, w := range slices.SortedFunc(maps.Keys(marked), func(a, b wide) int { return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.why, b.why)) }) {
		r.Wildcards = append(r.Wildcards, Wildcard{slices.Sorted(maps.Keys(marked[w])), w.resource, w.why})
	}
	return out
}

// family is one action on the resources of one kind in one place.
type family struct {
	action     string
	kind       string
	place      string // partition, service, Region and account; the bucket of objects
	conditions []activity.Condition
	partial    bool
	resources  []string
	why        string // the assumption behind what is known in part
}

func families(needed []*seen) []*family {
	byKey := map[string]*family{}
	for _, s := range needed {
		q := &s.call.Request
		f := family{action: q.Action, kind: s.call.Type, place: placeOf(q.Resource, s.call.Type), conditions: s.call.Conditions, partial: q.Partial, why: s.call.Assumed}
		k := fmt.Sprint(f.action, "\x00", f.kind, "\x00", f.place, "\x00", f.conditions, f.partial, f.why)
		if byKey[k] == nil {
			byKey[k] = &f
		}
		byKey[k].resources = append(byKey[k].resources, q.Resource)
	}
	out := make([]*family, 0, len(byKey))
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		out = append(out, byKey[k])
	}
	return out
}

// placeOf is the part of an ARN that things of one kind in one account share.
func placeOf(arn, kind string) string {
	a, ok := policy.SplitARN(arn)
	if !ok {
		return arn
	}
	place := strings.TrimSuffix(arn, a.Resource)
	if a.Service == "s3" && kind == "object" {
		bucket, _, _ := strings.Cut(a.Resource, "/")
		place += bucket + "/"
	}
	return place
}

// patterns are what a statement lists for the family; why is set where they are
// wider than what was seen.
func (f *family) patterns(o Options) (list []string, why string) {
	switch {
	case len(f.resources) > o.MaxResources && strings.Count(f.resources[0], ":") >= 5:
		list = []string{escape(f.stem()) + "*"}
		why = strconv.Itoa(len(f.resources)) + " resources, more than --max-resources " + strconv.Itoa(o.MaxResources)
	case f.partial:
		for _, r := range f.resources {
			list = append(list, started(r))
		}
		why = f.unnamed()
	default:
		for _, r := range f.resources {
			if r == "*" {
				list = append(list, r)
				continue
			}
			list = append(list, escape(r))
		}
	}
	if f.kind == "log-group" {
		for _, p := range slices.Clone(list) {
			if !strings.HasSuffix(p, "*") {
				list = append(list, p+":*") // the form in which Amazon CloudWatch Logs asks for most actions
			}
		}
	}
	if o.AnyAccount {
		for i := range list {
			list[i] = anywhere(list[i])
		}
	}
	return list, why
}

// unnamed says why only the start of the resources is known.
func (f *family) unnamed() string {
	_, name, _ := strings.Cut(f.action, ":")
	switch {
	case f.why != "":
		return f.why
	case strings.EqualFold(f.kind, "secret"):
		return "the record names the secret without the six letters at the end of its ARN"
	case strings.HasPrefix(name, "Create") || strings.HasPrefix(name, "Run") || strings.HasPrefix(name, "Allocate") || strings.HasPrefix(name, "Register"):
		return "AWS gives the id when the thing is made, or the record does not name it"
	}
	return "the record does not name the resource"
}

// started is the pattern of a resource of which only the start is known.
func started(start string) string {
	if strings.Contains(start, ":secretsmanager:") && strings.HasSuffix(start, "-") && strings.Contains(start, ":secret:") {
		return escape(start) + "??????"
	}
	if n := strings.Count(start, ":"); start == "" || n == 0 {
		return "*"
	} else if n < 5 {
		return escape(start) + "*" + strings.Repeat(":*", 5-n)
	}
	return escape(start) + "*"
}

// witness is a resource that the call may have been on, whole: what is put to the
// engine where a start alone would leave open what the pattern was made for.
func witness(q iam.Request) iam.Request {
	if !q.Partial {
		return q
	}
	n := strings.Count(q.Resource, ":")
	switch {
	case strings.HasSuffix(started(q.Resource), "??????"):
		q.Resource, q.Partial = q.Resource+"a1B2c3", false
	case q.Resource != "" && n > 0 && n < 5:
		q.Resource, q.Partial = q.Resource+"x"+strings.Repeat(":x", 5-n), false
	}
	return q
}

// stem is what all resources of the family start with, cut where a name's part
// ends, but no shorter than what all resources of the kind start with.
func (f *family) stem() string {
	start := f.resources[0]
	for _, r := range f.resources[1:] {
		start = shared(start, r)
	}
	floor := f.floor()
	cut := strings.LastIndexAny(start, "/-_.:") + 1
	if cut < len(floor) || strings.Contains(f.place, ":ec2:") && f.kind != "key-pair" { // ids share letters by chance only
		return floor
	}
	return start[:cut]
}

// floor is how resources of the kind start: arn:aws:ssm:eu-west-1:111122223333:parameter/.
func (f *family) floor() string {
	a, ok := action.Lookup(f.action)
	if !ok {
		return f.place
	}
	u, ok := a.Use(f.kind)
	if !ok {
		return f.place
	}
	form, ok := policy.SplitARN(u.Type.ARN)
	if !ok {
		return f.place
	}
	literal, _, _ := strings.Cut(form.Resource, "${")
	if floor := f.place + literal; strings.HasPrefix(f.resources[0], floor) {
		return floor
	}
	return f.place
}

// escape writes what would be a wildcard or a variable as itself.
func escape(arn string) string {
	if !strings.ContainsAny(arn, "*?$") {
		return arn
	}
	var b strings.Builder
	for i := range len(arn) {
		switch c := arn[i]; {
		case c == '*' || c == '?' || c == '$' && i+1 < len(arn) && arn[i+1] == '{':
			b.WriteString("${" + string(c) + "}")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// anywhere leaves the Region and the account of a pattern open, where it has them.
func anywhere(p string) string {
	a, ok := policy.SplitARN(p)
	if !ok {
		return p
	}
	for _, part := range []*string{&a.Region, &a.Account} {
		if *part != "" {
			*part = "*"
		}
	}
	return a.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
