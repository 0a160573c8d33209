// Package activity tells what a CloudTrail record asked of IAM: who wanted to do
// which actions, on which resources, in which circumstances. One record gives one
// or more requests that package iam can decide, or the reason why it gives none.
//
// A record says less than IAM saw, and often says it in other words: the event's
// name is not the action's (event.go and table.go), the resource stands in the
// request's parameters (resource.go), permissions that a call needs besides leave
// no record of their own (derived.go), and of many condition keys it is not known
// whether the request had them (context.go). What a record does not tell stays
// unknown: a resource of which only the start is known is Partial, a key of which
// nothing is known is Unseen.
//
// Sources: AWS CloudTrail User Guide, "CloudTrail record contents" and
// "userIdentity element"; Service Authorization Reference (through package
// action); IAM User Guide, "Global condition context keys" and "Granting a user
// permissions to pass a role"; Amazon S3 User Guide, "Required permissions for
// Amazon S3 API operations".
package activity

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// Call is one permission that a recorded event needed.
type Call struct {
	Event   string // id of the event
	Time    time.Time
	Name    string // of the event, with its service: s3.amazonaws.com:ListObjectsV2
	Request iam.Request
	// Type is the resource type in the catalogue of actions; "" where it is not known.
	Type string
	// Derived is set where the event needed the permission but is not its own record:
	// iam:PassRole, tags given at creation.
	Derived bool
	// Maybe is set where a role stands among the parameters of a call of which it is
	// not known that it needs iam:PassRole. Such a call is derived, too.
	Maybe bool
	// Denied is set where AWS refused the event for want of permission.
	Denied bool
	// Error is the error code of an event that failed otherwise; it may have been
	// authorized before it failed.
	Error string
	// Data is set for data events, which trails leave out unless told otherwise.
	Data bool
	// Assumed says what was taken for granted about the resource; "" where nothing was.
	Assumed string
	// Conditions are the context keys whose value is certain because of the event, and
	// which a policy can therefore ask for: iam:PassedToService, ec2:CreateAction.
	Conditions []Condition
}

// Condition is a context key and the one value it had.
type Condition struct{ Key, Value string }

// Skip is why an event asks nothing of IAM, or why it is not known what.
type Skip string

// The reasons. Unmapped and UnseenPrincipal are losses; the others are none,
// since identity policies, SCPs and the rest do not decide such events.
const (
	NoSkip          Skip = ""
	NotACall        Skip = "not an API call"        // AwsServiceEvent, sign-ins, insights
	ByService       Skip = "made by an AWS service" // no identity policy is asked
	ServiceLinked   Skip = "made by a service-linked role"
	NoAction        Skip = "needs no permission" // sts:GetCallerIdentity
	NotIAM          Skip = "made by an identity outside of IAM"
	UnseenPrincipal Skip = "made by a principal the record does not name"
	Unmapped        Skip = "no IAM action is known for it"
	Unreadable      Skip = "cannot be read"
)

// Mapper maps records. It learns from records what later ones leave out: the paths
// of roles, the roles of instance profiles, the tags of sessions. The zero Mapper
// is ready; it is not safe for concurrent use.
type Mapper struct {
	names    names
	sessions map[string]map[string]string // access key → session tags
}

// Of reads a record and maps it.
func (m *Mapper) Of(raw []byte) ([]Call, Skip) {
	r, err := Parse(raw)
	if err != nil {
		return nil, Unreadable
	}
	return m.Map(r)
}

// Map tells what a record asked of IAM; calls are empty exactly when there is a
// Skip. The order of calls is the same each time.
func (m *Mapper) Map(r *Record) ([]Call, Skip) {
	principal, skip := r.Principal()
	if skip != NoSkip {
		return nil, skip
	}
	asked, skip := actionsOf(r)
	if skip != NoSkip {
		return nil, skip
	}
	context := m.contextOf(r)
	base := Call{
		Event: r.EventID, Time: r.Time(), Name: r.EventSource + ":" + r.EventName,
		Denied: r.Denied(), Data: r.Data(),
	}
	if !base.Denied && r.ErrorCode != dryRun {
		base.Error = r.ErrorCode
	}
	var calls []Call
	add := func(name string, t target, conditions []Condition, derived, maybe bool) {
		if t.account == "" {
			t.account = r.owner(t.arn, service(name))
		}
		c := base
		own := context
		if len(conditions) > 0 {
			own = m.contextOf(r) // of its own, since contexts are shared once in use
			for _, k := range conditions {
				own.Set(k.Key, k.Value)
			}
		}
		c.Type, c.Assumed, c.Derived, c.Maybe, c.Conditions = t.kind, t.assumed, derived, maybe, conditions
		c.Request = iam.Request{
			Principal: principal, Action: name, Resource: t.arn, Partial: t.partial,
			Account: t.account, Context: own,
		}
		calls = append(calls, c)
	}
	for _, a := range asked {
		for _, t := range m.targets(r, principal, a) {
			add(a.action.String(), t, r.certain(a.action.String()), false, false)
		}
	}
	for _, d := range m.derived(r, principal, asked) {
		add(d.action, d.target, d.conditions, true, d.maybe)
	}
	slices.SortStableFunc(calls, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Request.Action, b.Request.Action), cmp.Compare(a.Request.Resource, b.Request.Resource))
	})
	calls = slices.CompactFunc(calls, func(a, b Call) bool {
		return a.Request.Action == b.Request.Action && a.Request.Resource == b.Request.Resource && a.Request.Partial == b.Request.Partial && a.Maybe == b.Maybe &&
			slices.Equal(a.Conditions, b.Conditions)
	})
	return calls, NoSkip
}

// certain are the conditions that a policy may ask of the action itself.
func (r *Record) certain(action string) []Condition {
	if service := r.param("aWSServiceName"); action == "iam:CreateServiceLinkedRole" && service != "" {
		return []Condition{{"iam:AWSServiceName", service}}
	}
	return nil
}

// service is the prefix of an action.
func service(action string) string {
	prefix, _, _ := strings.Cut(action, ":")
	return prefix
}

// asked is an action and which of the record's parameters name what it is on.
type asked struct {
	action *action.Action
	// only restricts the parameters looked at: the source of a copy, say.
	only []string
}

// dryRun is the error code of a request that would have succeeded.
const dryRun = "Client.DryRunOperation"

// denials are the error codes of refusals. Source: DOMAIN of this project, from
// recorded events, and the error pages of Amazon EC2 and Amazon SNS.
var denials = []string{
	"AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "UnauthorizedOperation", "Client.UnauthorizedAccess",
	"VpceAccessDenied", "AuthorizationError", "AuthorizationErrorException",
}

// Denied tells whether AWS refused the event for want of permission.
func (r *Record) Denied() bool {
	return slices.Contains(denials, r.ErrorCode) || r.ErrorCode != "" && strings.Contains(r.ErrorMessage, "is not authorized to perform")
}

// Data tells whether the record is a data event.
func (r *Record) Data() bool {
	return r.EventCategory == "Data" || r.EventCategory == "" && r.ManagementEvent != nil && !*r.ManagementEvent
}
