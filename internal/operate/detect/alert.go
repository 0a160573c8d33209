package detect

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// head is what all alerts of a detection have in common.
func (s *speaker) head() finding.Alert {
	return finding.Alert{
		Rule: s.Name, Title: s.Rule.Title, Severity: s.severity,
		Techniques: s.techniques, Objective: s.Objective, Playbook: s.Playbook,
	}
}

// about fills in the event that decided. Its texts are cloned: they are views.
func about(a *finding.Alert, x *analytic.Activity) {
	a.EventID, a.Time = strings.Clone(x.ID), x.Time
	a.Account, a.Region = strings.Clone(x.Account), strings.Clone(x.Region)
	a.Service, a.Name = strings.Clone(x.Service), strings.Clone(x.Name)
	a.Principal, a.Session = strings.Clone(whoDid(x)), strings.Clone(sessionOf(x))
	a.SourceIP, a.UserAgent, a.Error = strings.Clone(x.SourceIP), strings.Clone(x.UserAgent), strings.Clone(x.Error)
}

// whoDid is the best name that a record has for who did it. Sign-ins that failed,
// callers from other accounts and anonymous ones have no ARN.
func whoDid(x *analytic.Activity) string {
	if who := cmp.Or(x.Principal, x.ARN, x.InvokedBy); who != "" || x.Record == nil {
		return who
	}
	if x.PrincipalType == "Root" {
		return x.PrincipalType // its principal id is the number of the account
	}
	id, _, _ := strings.Cut(x.Record.Text("userIdentity.principalId"), ":") // behind it is the session
	return cmp.Or(x.Record.Text("userIdentity.userName"), id, accessKeyOf(x.AccessKey), x.PrincipalType)
}

// sessionOf is the ARN with the session of a role, which often tells the person.
func sessionOf(x *analytic.Activity) string {
	if x.ARN == x.Principal || x.PrincipalType != "AssumedRole" {
		return ""
	}
	return x.ARN
}

func accessKeyOf(id string) string {
	if id == "" {
		return ""
	}
	return "access key " + id
}

// alert is that of a rule about single events.
func (d *Detector) alert(s *speaker, x *analytic.Activity) finding.Alert {
	a := s.head()
	about(&a, x)
	a.Resource = stable(firstOf(s.Resource, x.Record), a)
	a.Message = s.says(func(path string) string { return x.Record.Text(path) })
	a.Count, a.First, a.Last, a.Events = 1, a.Time, a.Time, []string{a.EventID}
	return a
}

// firstOf is the value at the first path that has one.
func firstOf(paths []string, r analytic.Record) string {
	for _, path := range paths {
		if v := r.Text(path); v != "" {
			return v
		}
	}
	return ""
}

const mostResource = 512 // bytes

// stable is a resource as it is told apart from others: without the session of a role.
// Where there is none, the alert is about who did it.
func stable(resource string, a finding.Alert) string {
	resource = strings.TrimSpace(resource)
	if resource == "" {
		resource = cmp.Or(a.Principal, a.SourceIP, a.Account)
	}
	return cut(analytic.RoleOf(resource), mostResource)
}

func (s *speaker) says(value func(path string) string) string {
	if s.Message == "" {
		return s.Rule.Title
	}
	return s.message.fill(value)
}

// correlated makes the alert of a correlation that came true.
func (d *Detector) correlated(h sigma.Hit) {
	s := d.speakers[h.Rule]
	if s == nil || len(h.Events) == 0 {
		return
	}
	a := s.head()
	all := make([]carried, len(h.Events))
	for i, ref := range h.Events {
		id, data, _ := strings.Cut(ref, carriedMark)
		a.Events, all[i] = append(a.Events, id), readCarried(data)
	}
	c := &all[len(all)-1]
	a.EventID = a.Events[len(a.Events)-1]
	a.Time, a.First, a.Last, a.Count = h.Last, h.First, h.Last, h.Count
	a.Account, a.Region, a.Service, a.Name = c.Account, c.Region, c.Service, c.Name
	a.Principal, a.Session, a.SourceIP, a.UserAgent, a.Error = c.Principal, c.Session, c.SourceIP, c.UserAgent, c.Error
	a.Resource = stable(firstField(s.Resource, c.Fields), a)
	group := map[string]string{"count": fmt.Sprint(h.Count), "value": fmt.Sprint(h.Value)}
	for _, g := range h.Group {
		group[g.Field] = g.Value
	}
	a.Message = s.says(func(path string) string { return cmp.Or(group[path], c.Fields[path]) })
	d.speak(s, a, all[:len(all)-1]...)
}

func firstField(paths []string, fields map[string]string) string {
	for _, path := range paths {
		if fields[path] != "" {
			return fields[path]
		}
	}
	return ""
}

// signalled makes the alert of an analytic.
func (d *Detector) signalled(x analytic.Signal) {
	s := d.current
	a := s.head()
	about(&a, &x.At)
	a.Resource = stable(x.Resource, a)
	a.Message = cmp.Or(x.Message, s.Rule.Title)
	a.Count, a.First, a.Last, a.Events = max(1, x.Count), x.First, x.Last, x.Events
	if len(a.Events) == 0 {
		a.Events = []string{a.EventID}
	}
	if a.First.IsZero() {
		a.First, a.Last = a.Time, a.Time
	}
	a.Severity = shifted(a.Severity, x.Steps)
	if len(x.Techniques) > 0 {
		a.Techniques = x.Techniques
	}
	d.speak(s, a)
}

// shifted is a severity so many steps graver, or milder.
func shifted(s finding.Severity, steps int) finding.Severity {
	i := slices.Index(finding.Severities[:], s)
	if i < 0 {
		return s
	}
	return finding.Severities[min(max(i-steps, 0), len(finding.Severities)-1)]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
