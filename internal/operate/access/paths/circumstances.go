package paths

import (
	"iter"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// defaultRegion is where things are made when nothing speaks against it.
const defaultRegion = "us-east-1"

// regions are those to try for a resource: first none in particular, since mostly
// it makes no difference. IAM has only one.
func (j *judge) regions(resource string) []string {
	if strings.HasPrefix(resource, "arn:aws:iam:") {
		return []string{defaultRegion}
	}
	if a, ok := policy.SplitARN(resource); ok && a.Region != "" && a.Region != "{region}" {
		return []string{a.Region}
	}
	return j.surveyed.regions
}

// choices are the combinations of values that the caller may choose from, each as
// key=value pairs with a tab between.
func choices(with []escalate.Choice) iter.Seq[string] {
	if len(with) == 0 {
		return noChoice
	}
	return func(yield func(string) bool) { combine(with, "", yield) }
}

func noChoice(yield func(string) bool) { yield("") }

func combine(with []escalate.Choice, chosen string, yield func(string) bool) bool {
	if len(with) == 0 {
		return yield(chosen)
	}
	for _, v := range with[0].Values {
		if !combine(with[1:], chosen+with[0].Key+"="+v+"\t", yield) {
			return false
		}
	}
	return true
}

// context is what is known of the circumstances.
func (j *judge) context(ask *escalate.Ask, q question) *iam.Context {
	c := &iam.Context{Open: true}
	c.Set("aws:ViaAWSService", "false")
	c.Mark("aws:CalledVia", iam.Absent)
	c.Mark("aws:CalledViaFirst", iam.Absent)
	c.Mark("aws:CalledViaLast", iam.Absent)
	c.Set("aws:SecureTransport", "true")
	if q.region != "" {
		c.Set("aws:RequestedRegion", q.region)
	}
	if ask.Target >= 0 {
		j.about(c, ask)
	}
	if ask.Action == "iam:DetachUserPolicy" || ask.Action == "iam:DetachRolePolicy" {
		// With several it depends on each, so the key stays open.
		s := j.subjects[ask.Target]
		if attached, _ := j.facts.denials(s); len(attached) == 1 {
			c.Set("iam:PolicyARN", s.Sources[attached[0]].ARN)
		}
	}
	for pair := range strings.SplitSeq(q.choice, "\t") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			c.Set(key, value)
		}
	}
	return c
}

// about is what is known of the user or role that something is done to: its tags,
// and the boundary that it has (iam:PermissionsBoundary, which many policies ask
// for before they let anybody change a role).
func (j *judge) about(c *iam.Context, ask *escalate.Ask) {
	target := j.subjects[ask.Target]
	if p := target.Principal; p.TagsSeen {
		for _, key := range j.surveyed.tags {
			c.Mark(key, iam.Absent)
		}
		for name, value := range p.Tags {
			c.Set("aws:ResourceTag/"+name, value)
			c.Set("iam:ResourceTag/"+name, value)
		}
	}
	switch b := target.Boundary; {
	case b == nil:
		c.Mark("iam:PermissionsBoundary", iam.Absent)
	case len(b.Policies) == 1:
		c.Set("iam:PermissionsBoundary", b.Policies[0].Name)
	}
}

// most is how many ways are tried to fill the places of one form.
const most = 16

// resources are the ARNs that the caller may mean: the resource itself, or where
// its name is the caller's choice, names that the caller's policies speak of.
func (j *judge) resources(st *stance, ask *escalate.Ask) []string {
	resource := strings.ReplaceAll(ask.Resource, "{account}", st.principal.Account)
	if !strings.Contains(resource, "{name}") {
		return []string{resource}
	}
	out := []string{strings.ReplaceAll(resource, "{name}", "holdfast")}
	loose := strings.NewReplacer("{region}", "*", "{name}", "*").Replace(resource)
	action := strings.ToLower(ask.Action)
	for _, p := range st.policies.Identity.Policies {
		for i := range p.Doc.Statements {
			s := &p.Doc.Statements[i]
			if s.Effect != policy.Allow || !mayConcern(s, action) {
				continue
			}
			for _, r := range s.Resources {
				if len(out) == most {
					return out
				}
				if one := fill(r, st, p.Doc.Variables(), loose); one != "" && !slices.Contains(out, one) {
					out = append(out, one)
				}
			}
		}
	}
	return out
}

// fill is an ARN that fits both what a policy says and a form; "" where none does
// that the form's own name does not.
func fill(r policy.Text, st *stance, variables bool, loose string) string {
	if r.Partial || r.Value == "*" {
		return ""
	}
	value := r.Value
	if variables {
		value = strings.ReplaceAll(value, "${aws:username}", st.principal.Name)
		value = strings.ReplaceAll(value, "${aws:PrincipalAccount}", st.principal.Account)
	}
	one, ok := glob.ArnWitness(value, loose)
	if !ok {
		return ""
	}
	// The shortest text that fits may leave places empty, which no ARN does.
	parts := strings.SplitN(one, ":", 6)
	if len(parts) == 6 && parts[3] == "" && strings.Contains(loose, ":*:") {
		parts[3] = defaultRegion
	}
	if strings.HasSuffix(value, "*") && strings.HasSuffix(loose, "*") {
		parts[len(parts)-1] += "holdfast"
	}
	return strings.Join(parts, ":")
}
