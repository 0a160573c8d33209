package collect

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

var (
	errNotAnswered = errors.New("the answer lacks what was asked for")
	errNested      = errors.New("the organisation is nested deeper than AWS admits")
)

// policies emits the policies of every enabled type, and learns from their
// targets what is attached where: one listing a policy, not one an account.
func (o *orgWalk) policies(ctx context.Context) {
	if !o.typesKnown {
		o.hide(evidence.Unknown{Reason: "the enabled policy types are not known"})
		return
	}
	for _, t := range o.types {
		var list []types.PolicySummary
		err := aws.Pages(ctx, o.s, "organizations", "ListPolicies", o.client.ListPolicies, &organizations.ListPoliciesInput{Filter: types.PolicyType(t)},
			func(in *organizations.ListPoliciesInput, out *organizations.ListPoliciesOutput) bool {
				return aws.NextToken(&in.NextToken, out.NextToken)
			},
			func(page *organizations.ListPoliciesOutput) error { list = append(list, page.Policies...); return nil })
		if err != nil {
			o.s.Gap("organizations", "ListPolicies", err, []string{typeOrgPolicy}, "")
			o.hide(o.s.Unknown("organizations", "ListPolicies", err))
		}
		for _, p := range list {
			o.policy(ctx, p)
		}
	}
}

func (o *orgWalk) policy(ctx context.Context, summary types.PolicySummary) {
	id := text(summary.Id)
	p := map[string]any{"Observed": map[string]any{"AwsManaged": summary.AwsManaged, "Id": id}}
	set(p, "Name", text(summary.Name))
	set(p, "Description", text(summary.Description))
	set(p, "Type", string(summary.Type))
	out, err := aws.Call(ctx, o.s, "organizations", "DescribePolicy", o.client.DescribePolicy, &organizations.DescribePolicyInput{PolicyId: &id})
	if err == nil && out.Policy != nil {
		set(p, "Content", document(out.Policy.Content))
	}
	o.lost(p, "Content", "DescribePolicy", err, typeOrgPolicy, id)

	targets, err := o.targets(ctx, id)
	slices.Sort(targets)
	p["TargetIds"] = strs(targets)
	o.lost(p, "TargetIds", "ListTargetsForPolicy", err, typeOrgPolicy, id)
	if err != nil {
		o.hide(o.s.Unknown("organizations", "ListTargetsForPolicy", err))
	}
	for _, target := range targets {
		o.attached[target] = append(o.attached[target], map[string]any{
			"AwsManaged": summary.AwsManaged, "Id": id, "Name": text(summary.Name), "Type": string(summary.Type),
		})
	}
	var tags map[string]string
	if !summary.AwsManaged { // AWS refuses to list tags of its own policies
		tags = o.tags(ctx, id, typeOrgPolicy, p)
	}
	o.s.Emit(evidence.Resource{Type: typeOrgPolicy, ID: id, ARN: text(summary.Arn), Account: o.management, Tags: tags, Properties: p})
}

func (o *orgWalk) targets(ctx context.Context, policy string) ([]string, error) {
	var targets []string
	err := aws.Pages(ctx, o.s, "organizations", "ListTargetsForPolicy", o.client.ListTargetsForPolicy,
		&organizations.ListTargetsForPolicyInput{PolicyId: &policy},
		func(in *organizations.ListTargetsForPolicyInput, out *organizations.ListTargetsForPolicyOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(page *organizations.ListTargetsForPolicyOutput) error {
			for _, t := range page.Targets {
				targets = append(targets, text(t.TargetId))
			}
			return nil
		})
	return targets, err
}

// hide keeps the first reason why the attachments are not all known.
func (o *orgWalk) hide(u evidence.Unknown) {
	if !o.partial {
		o.partial, o.hidden = true, u
	}
}

// policiesOf is what is attached directly. Half of a list would look like all
// of it, so one policy that hides its targets makes every list unknown.
func (o *orgWalk) policiesOf(target string) any {
	if o.partial {
		return o.hidden
	}
	list := slices.Concat([]any{}, o.attached[target])
	slices.SortFunc(list, func(a, b any) int {
		x, y := a.(map[string]any)["Id"].(string), b.(map[string]any)["Id"].(string)
		return cmp.Compare(x, y)
	})
	return list
}
