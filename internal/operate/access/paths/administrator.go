package paths

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Administrator implements escalate.Judge. An administrator is allowed everything
// by its own policies and boundary: also an action that no policy can have been
// thinking of. Service control policies may take away much of that and leave it
// the administrator of its account, as long as it can change who is allowed what
// there. Denials of single things do not count, and neither does what a principal
// could make of itself: that is a hop.
func (j *judge) Administrator(who escalate.Who) kleene.Value {
	st := j.stance(who)
	if st.principal.ServiceLinked() {
		return kleene.False
	}
	own := *st
	own.policies.SCPs = nil
	all := j.probe(&own, "holdfast:DoWhateverThereIs", "arn:aws:holdfast:{region}:{account}:thing/one")
	if all == kleene.False {
		return kleene.False
	}
	rule := kleene.False
	for _, power := range powers {
		if rule = rule.Or(j.probe(st, power.action, power.resource)); rule == kleene.True {
			break
		}
	}
	return all.And(rule)
}

// powers are the ways to change who is allowed what; one of them is enough.
var powers = []struct{ action, resource string }{
	{"iam:AttachRolePolicy", "arn:aws:iam::{account}:role/holdfast-probe"},
	{"iam:PutRolePolicy", "arn:aws:iam::{account}:role/holdfast-probe"},
	{"iam:CreatePolicyVersion", "arn:aws:iam::{account}:policy/holdfast-probe"},
	{"iam:PutUserPolicy", "arn:aws:iam::{account}:user/holdfast-probe"},
}

func (j *judge) probe(st *stance, action, resource string) kleene.Value {
	resource = strings.ReplaceAll(resource, "{account}", st.principal.Account)
	best := kleene.False
	for _, region := range j.regions(resource) {
		ask := escalate.Ask{Action: action, Target: -1}
		outcome := j.decide(st, &ask, question{action, strings.ReplaceAll(resource, "{region}", either(region, defaultRegion)), region, ""})
		best = best.Or(outcome.Allowed)
		if outcome.Allowed == kleene.True || region == "" && outcome.Allowed == kleene.False {
			break
		}
	}
	return best
}

// Explain implements escalate.Explainer.
func (j *judge) Explain(who escalate.Who, ask escalate.Ask) escalate.Answer {
	out := j.May(who, ask)
	if out.Value == kleene.False {
		return out
	}
	st := j.stance(who)
	for choice := range choices(ask.With) {
		for _, region := range j.regions(out.Resource) {
			request, policies := j.prepare(st, &ask, question{ask.Action, out.Resource, region, choice})
			if request == nil {
				continue
			}
			e := iam.Explain(request, &policies)
			if e.Allowed != out.Value {
				continue
			}
			out.By, out.Why = allowing(e), why(e)
			return out
		}
	}
	return out
}

// allowing are the statements that allow, or may.
func allowing(e *iam.Explanation) []iam.Ref {
	var out []iam.Ref
	for _, layer := range []iam.Layer{iam.IdentityLayer, iam.ResourceLayer} {
		for _, l := range e.Layers {
			for _, s := range l.Statements {
				if l.Layer == layer && s.Effect == policy.Allow && s.Matches != kleene.False {
					out = append(out, s.Ref)
				}
			}
		}
	}
	return out
}

// why says what an open answer depends on.
func why(e *iam.Explanation) string {
	if e.Allowed != kleene.Unknown {
		return ""
	}
	if len(e.Missing) > 0 {
		return "depends on " + strings.Join(e.Missing, ", ")
	}
	for _, l := range e.Layers {
		if l.Unseen != "" {
			return l.Unseen
		}
	}
	return "depends on something that was not seen"
}
