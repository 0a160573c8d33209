package unused

import (
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Uses are the latest uses that CloudTrail knows of, by principal and action. The
// zero Uses knows of none, and so does nil.
type Uses struct {
	principals map[string]time.Time
	actions    map[[2]string]time.Time // principal and action in lower case
}

// Add takes one call of a principal, named by its ARN or that of one of its
// sessions; action is empty where it is not known. A call that was denied is no
// use of the action, so it is added without.
func (u *Uses) Add(arn, action string, at time.Time) {
	key := person(arn)
	if key == "" || at.IsZero() {
		return
	}
	if u.principals == nil {
		u.principals, u.actions = map[string]time.Time{}, map[[2]string]time.Time{}
	}
	if at.After(u.principals[key]) {
		u.principals[key] = at
	}
	if action == "" {
		return
	}
	if pair := [2]string{key, strings.ToLower(action)}; at.After(u.actions[pair]) {
		u.actions[pair] = at
	}
}

// Principal is when somebody was last seen; zero where never.
func (u *Uses) Principal(arn string) time.Time {
	if u == nil {
		return time.Time{}
	}
	return u.principals[person(arn)]
}

// Action is when somebody was last seen doing something; zero where never.
func (u *Uses) Action(arn, action string) time.Time {
	if u == nil {
		return time.Time{}
	}
	return u.actions[[2]string{person(arn), strings.ToLower(action)}]
}

// person is a key that a role has in common with its sessions, whose ARNs leave
// the path of the role out: account/role/name, account/user/name.
func person(arn string) string {
	a, ok := policy.SplitARN(arn)
	if !ok {
		return ""
	}
	names := strings.Split(a.Resource, "/")
	switch {
	case a.Service == "sts" && names[0] == "assumed-role" && len(names) >= 2:
		return a.Account + "/role/" + names[1]
	case a.Service == "iam" && (names[0] == "role" || names[0] == "user") && len(names) >= 2:
		return a.Account + "/" + names[0] + "/" + names[len(names)-1]
	}
	return a.Account + "/" + a.Resource
}
