package app

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Next is what would change the answer, in one sentence; "" where nothing would.
func (a *Asked) Next() string {
	switch a.Decision {
	case iam.ExplicitlyDenied:
		return a.undeny()
	case iam.ImplicitlyDenied:
		return a.allow(a.Layer)
	case iam.Unknown:
		if a.Allowed == kleene.False {
			return a.allow(a.Refusing())
		}
		return a.settle()
	}
	return ""
}

// undeny says how to get around a statement that denies.
func (a *Asked) undeny() string {
	if len(a.By) == 0 {
		return ""
	}
	t := a.trace(a.By[0])
	if t != nil {
		if c := escape(t); c != nil {
			return fmt.Sprintf("it is denied as long as %s; change that, or narrow the statement", conditionText(c))
		}
	}
	if len(a.By) > 1 {
		return fmt.Sprintf("%d statements deny it, and all of them have to be narrowed; no Allow outweighs a Deny", len(a.By))
	}
	return "narrow the statement that denies it; no Allow outweighs a Deny"
}

// escape is a condition of a denying statement that the caller can change.
func escape(t *iam.StatementTrace) *iam.ConditionTrace {
	for i := range t.Conditions {
		key := strings.ToLower(t.Conditions[i].Key)
		for _, fixed := range []string{"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:resourceaccount", "aws:resourceorgid"} {
			if key == fixed {
				return nil
			}
		}
	}
	if len(t.Conditions) > 0 {
		return &t.Conditions[0]
	}
	return nil
}

// conditionText is a condition with what the request has for it.
func conditionText(c *iam.ConditionTrace) string {
	switch c.State {
	case iam.Absent:
		return c.Key + " is absent"
	case iam.Known:
		return fmt.Sprintf("%s is %s", c.Key, strings.Join(c.Got, ", "))
	}
	return fmt.Sprintf("%s %s %s", c.Key, c.Operator, strings.Join(c.Want, ", "))
}

// allow says which policy has to allow what.
func (a *Asked) allow(layer iam.Layer) string {
	what := fmt.Sprintf("%s on %s", a.Request.Action, a.Request.Resource)
	if near := a.nearly(layer); near != nil {
		return fmt.Sprintf("statement %d of %q would allow it if %s", near.Statement+1, near.Policy, wanted(near))
	}
	switch layer {
	case iam.IdentityLayer:
		return fmt.Sprintf("allow %s in a policy of the principal", what)
	case iam.BoundaryLayer:
		return fmt.Sprintf("allow %s in the permissions boundary too: it limits what other policies grant", what)
	case iam.SessionLayer:
		return fmt.Sprintf("start the session with a policy that allows %s", what)
	case iam.ResourceLayer:
		return fmt.Sprintf("allow %s in the policy of the resource, and name the principal or its account there", what)
	case iam.SCPLayer, iam.RCPLayer:
		return fmt.Sprintf("attach an %s that allows %s at %s: every level has to allow it", strings.ToUpper(layer.String()), a.Request.Action, a.silent(layer))
	case iam.EndpointLayer:
		return fmt.Sprintf("allow %s in the policy of the VPC endpoint, or do not go through it", what)
	case iam.PublicAccessLayer:
		return "S3 Block Public Access takes the public grant away; name the principal or its account in the bucket policy"
	case iam.ServiceLayer:
		if a.Request.Principal.Kind == iam.KindRoot {
			return "the root user cannot assume roles; ask for a user or role of its account, such as arn:aws:iam::" + a.Request.Principal.Account + ":role/NAME"
		}
		return "only AWS itself may change this"
	}
	return ""
}

// silent is the first level that does not allow.
func (a *Asked) silent(layer iam.Layer) string {
	for _, l := range a.Layers {
		if l.Layer == layer && l.Allows == kleene.False {
			return l.Node
		}
	}
	return "some level"
}

// nearly is a statement of the layer that blocks which all but its conditions
// make match.
func (a *Asked) nearly(layer iam.Layer) *iam.StatementTrace {
	for i := range a.Layers {
		l := &a.Layers[i]
		for j := range l.Statements {
			t := &l.Statements[j]
			if l.Layer == layer && t.Effect == policy.Allow && t.Principal == kleene.True && t.Resource == kleene.True && len(t.Conditions) > 0 {
				return t
			}
		}
	}
	return nil
}

// wanted are the conditions that did not hold.
func wanted(t *iam.StatementTrace) string {
	var out []string
	for i := range t.Conditions {
		if c := &t.Conditions[i]; c.Holds != kleene.True {
			out = append(out, ConditionWanted(c))
		}
	}
	return strings.Join(out, " and ")
}

// ConditionWanted says what a condition asks for, in words where that is easy.
func ConditionWanted(c *iam.ConditionTrace) string {
	want := strings.Join(c.Want[:min(len(c.Want), 3)], " or ")
	if len(c.Want) > 3 {
		want += fmt.Sprintf(" or %d others", len(c.Want)-3)
	}
	op, ok := policy.ParseOperator(c.Operator)
	if !ok || op.Set != policy.Plain {
		return fmt.Sprintf("%s (%s) were %s", c.Key, c.Operator, want)
	}
	switch op.Base {
	case policy.Null:
		if len(c.Want) == 1 && strings.EqualFold(c.Want[0], "true") {
			return c.Key + " were absent"
		}
		return c.Key + " were there"
	case policy.StringEquals, policy.Bool, policy.ArnEquals, policy.NumericEquals, policy.StringEqualsIgnoreCase:
		return c.Key + " were " + want
	case policy.StringLike, policy.ArnLike:
		return c.Key + " were like " + want
	case policy.IPAddress:
		return c.Key + " were in " + want
	}
	if op.Base.Negated() {
		return c.Key + " were not " + want
	}
	return fmt.Sprintf("%s were %s %s", c.Key, c.Operator, want)
}

// settle says what would make the answer known.
func (a *Asked) settle() string {
	switch unseen := a.Unseen(); {
	case len(a.Missing) > 0:
		return fmt.Sprintf("say what %s is (--context %s=…, or --absent)", strings.Join(a.Missing[:min(len(a.Missing), 3)], ", "), a.Missing[0])
	case len(unseen) > 0:
		return "collect what was not seen, or take it for not there with --alone"
	}
	return ""
}

// trace is the statement that a reference means.
func (a *Asked) trace(r iam.Ref) *iam.StatementTrace {
	for i := range a.Layers {
		for j := range a.Layers[i].Statements {
			if t := &a.Layers[i].Statements[j]; t.Ref == r {
				return t
			}
		}
	}
	return nil
}

// Why says in a few words what decided.
func (a *Asked) Why() string {
	var parts []string
	if len(a.By) > 0 {
		r := a.By[0]
		text := fmt.Sprintf("%s %q, statement %d", r.Layer, r.Policy, r.Statement+1)
		if r.Sid != "" {
			text += " (" + r.Sid + ")"
		}
		parts = append(parts, text)
	} else if a.Layer != iam.NoLayer {
		what := "decided by " + a.Layer.String()
		if a.Decision == iam.ImplicitlyDenied {
			what = "nothing in the " + a.Layer.String() + " layer allows it"
		}
		parts = append(parts, what)
	}
	if len(a.Missing) > 0 && a.Decision == iam.Unknown {
		parts = append(parts, "depends on "+strings.Join(a.Missing, ", "))
	}
	return strings.Join(append(parts, a.Unseen()...), "; ")
}
