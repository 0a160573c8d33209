package exposure

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// deed is what a visitor tries to do.
type deed struct{ action, resource string }

// maxDeeds bounds the deeds of one statement that are tried one by one. They
// stand for all that it allows, so that only a document which takes very many
// actions and resources apart is cut short.
const maxDeeds = 256

// telling are the actions that say most plainly what it means to be let in, by
// service. They make answers readable; nothing hangs on the list.
var telling = map[string]string{
	"s3": "GetObject", "sqs": "ReceiveMessage", "sns": "Subscribe", "kms": "Decrypt", "lambda": "InvokeFunction",
	"secretsmanager": "GetSecretValue", "ecr": "BatchGetImage", "elasticfilesystem": "ClientMount", "es": "ESHttpGet",
	"dynamodb": "GetItem", "kinesis": "GetRecords", "backup": "CopyIntoBackupVault", "logs": "PutLogEvents", "sts": "AssumeRole",
	"events": "PutEvents",
}

// deeds are those that the target allows and the Deny statements tell apart,
// without those that more of them are about than about others.
func (s *search) deeds(v *visitor, denies []policy.Statement) []deed {
	var out []deed
	resources := s.resources(v, denies)
	for _, a := range s.actions(denies) {
		for _, r := range resources {
			if len(out) == maxDeeds {
				s.tally.overrun = true
				break
			}
			out = append(out, deed{a, r})
		}
	}
	if len(denies) == 0 {
		return out // nothing tells them apart
	}
	return s.lightest(v, out, denies)
}

// lightest drops deeds that the target does not allow, and those about which no
// fewer Deny statements are than about another.
func (s *search) lightest(v *visitor, list []deed, denies []policy.Statement) []deed {
	about := make([]*iam.Policies, 0, len(denies)+1)
	target := s.target
	if s.hazy() || target.Actions == nil && target.NotActions == nil {
		target = policy.Statement{}
	}
	about = append(about, s.aboutOnly(&target))
	for i := range denies {
		about = append(about, s.aboutOnly(&denies[i]))
	}
	ctx := s.sample(v)
	var kept []deed
	var signs [][]kleene.Value
	for _, d := range list {
		if s.decide(v.principal, d, ctx, about[0]) == kleene.False {
			continue
		}
		sign := make([]kleene.Value, len(denies))
		for i := range denies {
			sign[i] = s.decide(v.principal, d, ctx, about[i+1])
		}
		kept, signs = append(kept, d), append(signs, sign)
	}
	return undominated(kept, signs)
}

// aboutOnly keeps of a statement what it is about, and lets everybody do that.
func (s *search) aboutOnly(st *policy.Statement) *iam.Policies {
	only := policy.Statement{
		Effect: policy.Allow, Principals: []policy.Principal{{Kind: policy.Everyone, Name: policy.Text{Value: "*"}}},
		Actions: spelt(st.Actions), NotActions: st.NotActions, Resources: st.Resources, NotResources: st.NotResources,
		Unseen: st.Unseen & (policy.ActionPart | policy.ResourcePart),
	}
	if only.Actions == nil && only.NotActions == nil {
		only.Actions = []policy.Text{{Value: "*"}}
	}
	doc := &policy.Document{Version: s.version, Statements: []policy.Statement{only}}
	return &iam.Policies{Identity: everything, Resource: &iam.Set{Policies: []*iam.Policy{iam.Compile("", doc)}}}
}

// sample is a context in which every key that a variable may need has a value.
func (s *search) sample(v *visitor) *iam.Context {
	ctx := &iam.Context{}
	for key := range s.keys {
		if r := v.reach(key, s); len(r.own) > 0 {
			ctx.Set(key, plain(r.own[0]))
		}
	}
	return ctx
}

// partitionOf is the partition that the document speaks of.
func partitionOf(doc *policy.Document, zone Zone) string {
	for _, partition := range []string{"aws-cn", "aws-us-gov"} {
		if strings.HasPrefix(zone.Resource, "arn:"+partition+":") || namesText(doc, "arn:"+partition+":") {
			return partition
		}
	}
	return "aws"
}
