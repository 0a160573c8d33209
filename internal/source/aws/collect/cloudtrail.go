package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const typeTrail = "AWS::CloudTrail::Trail"

func cloudTrailCollector() aws.Collector {
	return aws.Collector{
		Name: "cloudtrail", Service: "cloudtrail", Scope: aws.Regional,
		Types:      []string{typeTrail},
		Actions:    []string{"cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:GetTrailStatus", "cloudtrail:ListTags"},
		Operations: []string{"cloudtrail.DescribeTrails", "cloudtrail.GetEventSelectors", "cloudtrail.GetInsightSelectors", "cloudtrail.GetTrailStatus", "cloudtrail.ListTags"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &trailWalk{s: s, client: cloudtrail.NewFromConfig(s.Config)}
			// Shadow trails are asked for too: an organisation's trail shows in a
			// member account as nothing else. Each is read in its home Region only.
			out, err := aws.Call(ctx, s, "cloudtrail", "DescribeTrails", w.client.DescribeTrails, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: sdk.Bool(true)})
			if err != nil {
				s.Gap("cloudtrail", "DescribeTrails", err, []string{typeTrail}, "")
				return nil
			}
			for _, t := range out.TrailList {
				if home := text(t.HomeRegion); home == "" || home == s.Region {
					w.trail(ctx, t)
				}
			}
			return ctx.Err()
		},
	}
}

type trailWalk struct {
	s      *aws.Session
	client *cloudtrail.Client
}

func (w *trailWalk) trail(ctx context.Context, t types.Trail) {
	name := text(t.Name)
	p := shape(t, map[string]string{
		"Name": "TrailName", "KmsKeyId": "KMSKeyId", "LogFileValidationEnabled": "EnableLogFileValidation",
		"HasCustomEventSelectors": "", "HasInsightSelectors": "", "HomeRegion": "", "TrailARN": "Arn", "SnsTopicARN": "SnsTopicArn",
	})
	observed := map[string]any{"OrganizationTrail": flag(t.IsOrganizationTrail)}
	set(observed, "HomeRegion", text(t.HomeRegion))
	// The ARN, because an organisation's trail belongs to another account.
	arn := t.TrailARN
	if text(arn) == "" {
		arn = t.Name
	}
	status, err := aws.Call(ctx, w.s, "cloudtrail", "GetTrailStatus", w.client.GetTrailStatus, &cloudtrail.GetTrailStatusInput{Name: arn})
	if err != nil {
		u := w.lost("GetTrailStatus", err, name)
		p["IsLogging"], observed["LatestDeliveryTime"], observed["LatestDeliveryError"] = u, u, u
	} else {
		p["IsLogging"] = flag(status.IsLogging)
		set(observed, "LatestDeliveryTime", when(status.LatestDeliveryTime))
		set(observed, "LatestDeliveryError", text(status.LatestDeliveryError))
	}
	w.selectors(ctx, p, arn, name)
	tags := w.tags(ctx, p, arn, name)
	p["Observed"] = observed
	emit(w.s, evidence.Resource{Type: typeTrail, ID: name, ARN: text(t.TrailARN), Tags: tags, Properties: p})
}

func (w *trailWalk) selectors(ctx context.Context, p map[string]any, arn *string, name string) {
	events, err := aws.Call(ctx, w.s, "cloudtrail", "GetEventSelectors", w.client.GetEventSelectors, &cloudtrail.GetEventSelectorsInput{TrailName: arn})
	if err != nil {
		u := w.lost("GetEventSelectors", err, name)
		p["EventSelectors"], p["AdvancedEventSelectors"] = u, u
	} else {
		set(p, "EventSelectors", value(events.EventSelectors))
		set(p, "AdvancedEventSelectors", value(events.AdvancedEventSelectors))
	}
	insights, err := aws.Call(ctx, w.s, "cloudtrail", "GetInsightSelectors", w.client.GetInsightSelectors, &cloudtrail.GetInsightSelectorsInput{TrailName: arn})
	switch {
	case aws.Is(err, "InsightNotEnabledException", "InsightNotEnabled"):
	case err != nil:
		p["InsightSelectors"] = w.lost("GetInsightSelectors", err, name)
	default:
		set(p, "InsightSelectors", value(insights.InsightSelectors))
	}
}

func (w *trailWalk) tags(ctx context.Context, p map[string]any, arn *string, name string) map[string]string {
	var tags map[string]string
	err := aws.Pages(ctx, w.s, "cloudtrail", "ListTags", w.client.ListTags, &cloudtrail.ListTagsInput{ResourceIdList: []string{text(arn)}},
		func(in *cloudtrail.ListTagsInput, out *cloudtrail.ListTagsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudtrail.ListTagsOutput) error {
			for _, r := range out.ResourceTagList {
				for k, v := range tagMap(r.TagsList) {
					if tags == nil {
						tags = map[string]string{}
					}
					tags[k] = v
				}
			}
			return nil
		})
	set(p, "Tags", tagList(tags))
	if err != nil {
		p["Tags"] = w.lost("ListTags", err, name)
	}
	return tags
}

func (w *trailWalk) lost(operation string, err error, name string) evidence.Unknown {
	w.s.Gap("cloudtrail", operation, err, []string{typeTrail}, name)
	return w.s.Unknown("cloudtrail", operation, err)
}
