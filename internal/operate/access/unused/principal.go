package unused

import (
	"fmt"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// use is what is known of when something was used.
type use struct {
	last   time.Time // zero: no use is known
	unseen string    // why there may have been others
}

// also takes a second source of the same use.
func (u use) also(v use) use {
	if v.last.After(u.last) {
		u.last = v.last
	}
	if u.unseen == "" {
		u.unseen = v.unseen
	}
	return u
}

// principal judges a role or user and everything it has.
func (f *finder) principal(r *evidence.Resource) {
	until := f.since(r.Account, r.Type, r)
	made, madeUnseen := at(observed(r)["CreateDate"])
	used := f.useOf(r)
	since := latest(used.last, made)
	if r.Type == typeRole {
		since = latest(since, until.Add(-tracked))
	}
	known := !made.IsZero() || !used.last.IsZero()
	idle := known && f.idle(since, until)
	if class, ok := f.class(r, made, until); ok {
		f.report.Excluded = append(f.report.Excluded, Exclusion{Principal: r.ARN, Account: r.Account, Class: class, LastUsed: used.last, Idle: idle && used.unseen == ""})
		return
	}
	kind := User
	if r.Type == typeRole {
		kind = Role
	}
	item := Item{Kind: kind, Verdict: Unused, Account: r.Account, Principal: r.ARN, LastUsed: used.last, Since: since}
	unused := false
	switch why := f.doubt(r, used, madeUnseen, known); {
	case known && !idle && !used.last.IsZero():
		f.judged(kind) // it is in use, whatever was not seen
	case why != "":
		item.Verdict, item.Reason, item.Since = Unknown, why, time.Time{}
		f.add(item)
	case idle:
		unused = true
		f.judged(kind)
		item.Reason = f.reason(kind, used.last, made, until)
		f.add(item)
	}
	if kind == User {
		f.credentials(r.ARN, f.rows[[2]string{r.Account, r.ID}], f.since(r.Account, typeCredentials, r), r)
	}
	if !unused {
		f.permissions(r)
	}
}

// doubt is why nothing can be said against a principal; "" where something can.
func (f *finder) doubt(r *evidence.Resource, used use, madeUnseen string, known bool) string {
	if used.unseen != "" {
		return used.unseen
	}
	if !known {
		if madeUnseen == "" {
			madeUnseen = "when it was made was not seen"
		}
		return madeUnseen
	}
	if u, unknown := r.Properties["Tags"].(evidence.Unknown); unknown {
		return "whether it is kept for emergencies is not known: its tags were not seen: " + u.Reason
	}
	return ""
}

// reason says in words since when there is no use.
func (f *finder) reason(kind Kind, last, made, until time.Time) string {
	switch {
	case !last.IsZero():
		return "last used " + date(last)
	case kind == Role && made.Before(until.Add(-tracked)):
		return "no use in the 400 days that AWS keeps track of; made " + date(made)
	}
	return "never used since it was made " + date(made)
}

// useOf gathers what is known of the use of a role or user from every source.
func (f *finder) useOf(r *evidence.Resource) use {
	var u use
	if r.Type == typeRole {
		u = useAt(observed(r)["LastUsed"])
	} else {
		u = useAt(observed(r)["PasswordLastUsed"]).also(f.useOfKeys(r))
	}
	u = u.also(use{last: f.from.Uses.Principal(r.ARN)})
	if a := f.accessed[r.ARN]; a != nil {
		for _, s := range list(a.Properties["Services"]) {
			u = u.also(use{last: useAt(s["LastAuthenticated"]).last}) // what is unknown here, other sources tell
		}
	}
	return u
}

// useOfKeys is the last use of any key of a user, active or not.
func (f *finder) useOfKeys(r *evidence.Resource) use {
	row := f.rows[[2]string{r.Account, r.ID}]
	if row == nil {
		return use{unseen: f.gap(r.Account, typeCredentials, r.ID, "when its access keys were used is not known: "+f.noRow(r.Account))}
	}
	u := useAt(row.Properties["PasswordLastUsed"])
	if v, unknown := row.Properties["AccessKeys"].(evidence.Unknown); unknown {
		return u.also(use{unseen: v.Reason})
	}
	for _, key := range list(row.Properties["AccessKeys"]) {
		u = u.also(useAt(key["LastUsed"]))
	}
	return u
}

// noRow is why a user has no row in the credential report.
func (f *finder) noRow(account string) string {
	if f.from.Seen != nil && f.from.Seen(account, typeCredentials).IsZero() {
		return "the credential report was not collected"
	}
	return "the credential report has no row for it"
}

// credentials judges the password and the keys in a row of the credential
// report; user is the user itself, nil of the root user.
func (f *finder) credentials(arn string, row *evidence.Resource, until time.Time, user *evidence.Resource) {
	if row == nil {
		for _, kind := range []Kind{Password, AccessKey} {
			f.add(Item{Kind: kind, Verdict: Unknown, Account: user.Account, Principal: arn,
				Reason: f.gap(user.Account, typeCredentials, user.ID, f.noRow(user.Account))})
		}
		return
	}
	p := row.Properties
	if enabled, _ := p["PasswordEnabled"].(bool); enabled {
		u := useAt(p["PasswordLastUsed"])
		if user != nil {
			u = u.also(useAt(observed(user)["PasswordLastUsed"]))
		}
		set, _ := at(p["PasswordLastChanged"])
		if set.IsZero() {
			set, _ = at(p["Created"])
		}
		f.credential(Item{Kind: Password, Account: row.Account, Principal: arn}, u, set, until, "set")
	}
	if v, unknown := p["AccessKeys"].(evidence.Unknown); unknown {
		f.add(Item{Kind: AccessKey, Verdict: Unknown, Account: row.Account, Principal: arn, Reason: v.Reason})
	}
	for _, key := range list(p["AccessKeys"]) {
		if active, _ := key["Active"].(bool); !active {
			continue // it lets nobody in
		}
		made, _ := at(key["LastRotated"])
		f.credential(Item{Kind: AccessKey, Account: row.Account, Principal: arn, What: fmt.Sprintf("key %v", key["Index"])}, useAt(key["LastUsed"]), made, until, "made")
	}
}

// credential judges one password or key.
func (f *finder) credential(i Item, u use, made, until time.Time, verb string) {
	i.LastUsed, i.Since = u.last, latest(u.last, made)
	switch {
	case i.Since.IsZero():
		i.Verdict, i.Reason = Unknown, "when it was "+verb+" was not seen"
	case !f.idle(i.Since, until):
		f.judged(i.Kind)
		return
	case u.unseen != "":
		i.Verdict, i.Reason, i.Since = Unknown, u.unseen, time.Time{}
	case u.last.IsZero():
		i.Verdict, i.Reason = Unused, "never used since it was "+verb+" "+date(made)
	default:
		i.Verdict, i.Reason = Unused, "last used "+date(u.last)
	}
	if i.Verdict == Unused {
		f.judged(i.Kind)
	}
	f.add(i)
}

func observed(r *evidence.Resource) map[string]any {
	m, _ := r.Properties["Observed"].(map[string]any)
	return m
}

// list is a list of objects; what is none is passed over.
func list(v any) []map[string]any {
	items, _ := v.([]any)
	out := make([]map[string]any, 0, len(items))
	for _, e := range items {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// at reads an instant; zero with a reason where it was not seen or is none.
func at(v any) (time.Time, string) {
	switch v := v.(type) {
	case evidence.Unknown:
		return time.Time{}, v.Reason
	case string:
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return time.Time{}, fmt.Sprintf("%q is no instant", v)
		}
		return t.UTC(), ""
	}
	return time.Time{}, ""
}

func useAt(v any) use {
	t, why := at(v)
	return use{last: t, unseen: why}
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// class is why a principal is not judged like others.
func (f *finder) class(r *evidence.Resource, made, until time.Time) (Class, bool) {
	path, _ := r.Properties["Path"].(string)
	switch {
	case strings.HasPrefix(path, "/aws-service-role/") || strings.Contains(r.ARN, ":role/aws-service-role/"):
		return ServiceLinked, true
	case strings.HasPrefix(path, "/aws-reserved/sso.amazonaws.com/") || strings.Contains(r.ARN, ":role/aws-reserved/sso.amazonaws.com/"):
		return IdentityCenter, true
	case f.o.Exempt != nil && f.o.Exempt(r.ARN):
		return Exempt, true
	case f.breakGlass(r.Tags):
		return BreakGlass, true
	case !made.IsZero() && !f.idle(made, until):
		return Young, true
	}
	return "", false
}

func (f *finder) breakGlass(tags map[string]string) bool {
	for key, value := range tags {
		for _, t := range f.o.BreakGlass {
			if !strings.EqualFold(key, t.Key) {
				continue
			}
			if t.Value == value || t.Value == "" && !strings.EqualFold(value, "false") && !strings.EqualFold(value, "no") {
				return true
			}
		}
	}
	return false
}
