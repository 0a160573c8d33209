package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// hasRules tells whether the balancer's listeners can have rules: those of the
// other kinds have their default actions and nothing else.
func hasRules(b types.LoadBalancer) bool {
	return b.Type != types.LoadBalancerTypeEnumNetwork && b.Type != types.LoadBalancerTypeEnumGateway
}

// listenerRules leaves out the default rule, which is the listener's
// DefaultActions told again.
func listenerRules(ctx context.Context, s *aws.Session, client *elbv2.Client, listener *string) error {
	err := aws.Pages(ctx, s, elb, "DescribeRules", client.DescribeRules, &elbv2.DescribeRulesInput{ListenerArn: listener, PageSize: sdk.Int32(400)},
		func(in *elbv2.DescribeRulesInput, out *elbv2.DescribeRulesOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *elbv2.DescribeRulesOutput) error {
			for _, r := range out.Rules {
				if !flag(r.IsDefault) {
					ruleDraft(s, text(listener), r).emit()
				}
			}
			return nil
		})
	if aws.Is(err, "ListenerNotFound", "ListenerNotFoundException") {
		return nil
	}
	return err
}

func ruleDraft(s *aws.Session, listener string, r types.Rule) *draft {
	d := newDraft(s, "AWS::ElasticLoadBalancingV2::ListenerRule", text(r.RuleArn), text(r.RuleArn))
	d.p["ListenerArn"] = listener
	setInt(d.p, "Priority", text(r.Priority)) // a number in the schema
	d.list("Conditions", each(r.Conditions, func(c types.RuleCondition) any { return shape(c, nil) }))
	d.list("Actions", each(r.Actions, func(a types.Action) any { return routed(a) }))
	d.list("Transforms", each(r.Transforms, func(t types.RuleTransform) any { return shape(t, nil) }))
	d.unasked("elasticloadbalancing:DescribeTags is not asked for listener rules", "Tags")
	return d
}

// routed is the action of a listener or a rule, without its secret.
func routed(a types.Action) map[string]any {
	m := shape(a, nil)
	if oidc, ok := m["AuthenticateOidcConfig"].(map[string]any); ok && oidc["ClientSecret"] != nil {
		oidc["ClientSecret"] = hidden("client secrets are not collected")
	}
	return m
}
