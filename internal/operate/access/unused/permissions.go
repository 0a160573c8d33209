package unused

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/evidence"
)

// permissions judges the services and actions that a principal may use.
func (f *finder) permissions(r *evidence.Resource) {
	if !f.wants(Service) && !f.wants(Action) {
		return
	}
	report := f.accessed[r.ARN]
	item := Item{Account: r.Account, Principal: r.ARN}
	switch why := f.unreported(r, report); {
	case why != "":
		item.Kind, item.Verdict, item.Reason = Service, Unknown, why
		if !f.wants(Service) {
			item.Kind = Action
		}
		f.add(item)
		return
	}
	until := f.since(r.Account, typeLastAccessed, report)
	granted, whole := f.granted(r.ARN)
	for _, s := range list(report.Properties["Services"]) {
		name, _ := s["ServiceNamespace"].(string)
		if name == "" || whole && f.withdrawn(granted, name) {
			continue
		}
		item := item
		item.What = name
		u := useAt(s["LastAuthenticated"]).also(use{last: f.useOfService(r.ARN, name, granted)})
		floor := until.Add(-tracked)
		item.LastUsed, item.Since = u.last, latest(u.last, floor)
		switch {
		case f.idle(item.Since, until) && u.unseen != "":
			item.Kind, item.Verdict, item.Reason, item.Since = Service, Unknown, u.unseen, time.Time{}
			f.add(item)
			continue
		case f.idle(item.Since, until):
			item.Kind, item.Verdict, item.Reason = Service, Unused, tracking(u.last)
			f.add(item)
		case granted != nil:
			f.actions(item, s, granted, until)
		}
		f.judged(Service)
	}
}

// unreported is why there is no data of last access; "" where there is.
func (f *finder) unreported(r, report *evidence.Resource) string {
	if report == nil {
		return f.gap(r.Account, typeLastAccessed, r.ARN, "last-accessed data was not collected")
	}
	if u, unknown := report.Properties["Services"].(evidence.Unknown); unknown {
		return u.Reason
	}
	return ""
}

func tracking(last time.Time) string {
	if last.IsZero() {
		return "no use in the 400 days that AWS keeps track of"
	}
	return "last used " + date(last)
}

// granted is what the identity policies allow, nil where that is nothing or was
// not seen, and whether it is all they allow.
func (f *finder) granted(arn string) (granted actionSet, whole bool) {
	if f.from.Identity == nil {
		return nil, false
	}
	set, ok := f.from.Identity(arn)
	if !ok {
		return nil, false
	}
	return f.grants.of(set), set.Unseen == ""
}

// withdrawn tells that nothing of a service is granted any more: AWS reports what
// was granted at some time.
func (f *finder) withdrawn(granted actionSet, service string) bool {
	_, known := action.Find(service)
	return known && len(f.grants.service(granted, service)) == 0
}

// useOfService is the latest call to a service that CloudTrail knows of.
func (f *finder) useOfService(arn, service string, granted actionSet) (last time.Time) {
	if f.from.Uses == nil {
		return last
	}
	for _, a := range f.grants.service(granted, service) {
		last = latest(last, f.from.Uses.Action(arn, a.String()))
	}
	return last
}

// actions judges the actions of a service that is in use: those that AWS keeps
// track of, or that CloudTrail saw. Of the others it is not known.
func (f *finder) actions(item Item, service map[string]any, granted actionSet, until time.Time) {
	all := f.grants.service(granted, item.What)
	if len(all) == 0 {
		return
	}
	item.Kind, item.Granted, item.LastUsed, item.Since = Action, len(all), time.Time{}, time.Time{}
	tracked := trackedActions(service)
	idle, untracked := []string{}, []string{}
	for _, a := range all {
		t, is := tracked[strings.ToLower(a.Name)]
		t = latest(t, f.from.Uses.Action(item.Principal, a.String()))
		switch {
		case !t.IsZero() && !f.idle(t, until):
		case is:
			idle = append(idle, a.Name)
		default:
			untracked = append(untracked, a.Name)
		}
	}
	if f.wants(Action) {
		f.report.Judged[Action] += len(all) - len(untracked)
	}
	f.addActions(item, Unused, idle, fmt.Sprintf("%d of %d actions it may do were not used", len(idle), len(all)))
	f.addActions(item, Unknown, untracked, "AWS does not keep track of these actions")
}

func (f *finder) addActions(item Item, v Verdict, names []string, reason string) {
	if len(names) == 0 {
		return
	}
	item.Verdict, item.Actions, item.Reason = v, slices.Clip(names), reason
	f.add(item)
}

// trackedActions are the actions that AWS keeps track of for this principal, in
// lower case, with their last use.
func trackedActions(service map[string]any) map[string]time.Time {
	out := map[string]time.Time{}
	for _, a := range list(service["Actions"]) {
		name, _ := a["ActionName"].(string)
		name = name[strings.LastIndexByte(name, ':')+1:]
		if last := useAt(a["LastAccessedTime"]); name != "" && last.unseen == "" {
			out[strings.ToLower(name)] = last.last
		}
	}
	return out
}
