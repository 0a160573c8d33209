package generate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// verify puts every permission that was used to the engine, with the generated
// policies as the only ones of the principal. What the resource's side says is taken
// to hand the decision to the account, as it did when the call was made: a role's
// trust policy, a key's policy, a bucket of another account.
func (l *Log) verify(needed []*seen, r *Result) {
	var identity iam.Set
	for i, d := range r.Policies {
		identity.Policies = append(identity.Policies, iam.Compile(fmt.Sprintf("generated-%d", i+1), d))
	}
	identity.Index() // a thousand questions may follow
	policies := &iam.Policies{Identity: identity, Resource: l.trusting()}
	for _, s := range needed {
		q := witness(s.call.Request)
		if q.Account == "" {
			q.Account = l.who.Account // whose a bucket is does not matter to the identity's side
		}
		count := s.succeeded + s.failed
		lost := Lost{Event: strings.Join(slices.Sorted(maps.Keys(s.because)), ", "), Action: q.Action, Resource: shown(s.call.Request.Resource, s.call.Request.Partial)}
		if lost.Event == "" {
			lost.Event = s.call.Name
		}
		request, err := iam.NewRequest(q)
		if err != nil {
			lost.Why = err.Error()
			l.lose(lost, count)
			continue
		}
		if out := iam.Decide(request, policies); out.Decision != iam.Allowed {
			lost.Why = "the engine says " + out.Decision.String() + " with the generated policy alone"
			l.lose(lost, count)
			continue
		}
		r.Verified++
	}
}

// trusting is a resource policy that leaves the decision to the caller's account.
func (l *Log) trusting() *iam.Set {
	who, _ := policy.SplitARN(l.who.ARN)
	root := policy.ARN{Partition: who.Partition, Service: "iam", Account: l.who.Account, Resource: "root"}
	d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
		Effect: policy.Allow, Actions: texts([]string{"*"}), Resources: texts([]string{"*"}),
		Principals: []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: root.String()})},
	}}}
	return &iam.Set{Policies: []*iam.Policy{iam.Compile("the resource's side", d)}}
}
