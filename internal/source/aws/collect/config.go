package collect

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeConfigStatus   = "Holdfast::Config::RegionStatus"
	typeRecorder       = "AWS::Config::ConfigurationRecorder"
	typeConfigDelivery = "AWS::Config::DeliveryChannel"
	typeConfigRule     = "AWS::Config::ConfigRule"
)

func configCollector() aws.Collector {
	return aws.Collector{
		Name: "config", Service: "configservice", Scope: aws.Regional,
		Types: []string{typeConfigStatus, typeRecorder, typeConfigDelivery, typeConfigRule},
		Actions: []string{
			"config:DescribeConfigRules", "config:DescribeConfigurationRecorderStatus", "config:DescribeConfigurationRecorders",
			"config:DescribeDeliveryChannelStatus", "config:DescribeDeliveryChannels",
		},
		Operations: []string{
			"configservice.DescribeConfigRules", "configservice.DescribeConfigurationRecorderStatus", "configservice.DescribeConfigurationRecorders",
			"configservice.DescribeDeliveryChannelStatus", "configservice.DescribeDeliveryChannels",
		},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &configWalk{s: s, client: configservice.NewFromConfig(s.Config), status: map[string]any{}}
			w.recorders(ctx)
			w.channels(ctx)
			s.Emit(evidence.Resource{Type: typeConfigStatus, ID: s.Region, Properties: w.status})
			w.rules(ctx)
			return ctx.Err()
		},
	}
}

type configWalk struct {
	s      *aws.Session
	client *configservice.Client
	status map[string]any // of Holdfast::Config::RegionStatus
}

// lost makes attributes of the Region's status Unknown.
func (w *configWalk) lost(operation string, err error, typ string, names ...string) {
	for _, name := range names {
		w.status[name] = w.s.Unknown("configservice", operation, err)
	}
	w.s.Gap("configservice", operation, err, []string{typeConfigStatus}, w.s.Region)
	if typ != "" {
		w.s.Gap("configservice", operation, err, []string{typ}, "")
	}
}

func (w *configWalk) recorders(ctx context.Context) {
	out, err := aws.Call(ctx, w.s, "configservice", "DescribeConfigurationRecorders", w.client.DescribeConfigurationRecorders, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		w.lost("DescribeConfigurationRecorders", err, typeRecorder, "AllSupported", "IncludeGlobalResourceTypes", "RecordingStrategy", "ResourceTypes", "ServiceLinkedRole")
	} else {
		w.status["ServiceLinkedRole"] = false
		for _, r := range out.ConfigurationRecorders {
			w.recorder(r)
		}
	}
	w.recording(ctx)
}

// recorder emits one recorder. The Region's status follows the customer's own:
// those that AWS services keep for themselves record for nobody else.
func (w *configWalk) recorder(r types.ConfigurationRecorder) {
	p := shape(r, map[string]string{"ServicePrincipal": "", "RecordingScope": "", "Arn": "", "ConnectorArn": "", "ScopeConfiguration": ""})
	w.s.Emit(evidence.Resource{Type: typeRecorder, ID: text(r.Name), ARN: text(r.Arn), Properties: p})
	if text(r.ServicePrincipal) != "" {
		return
	}
	w.status["ServiceLinkedRole"] = strings.Contains(text(r.RoleARN), "/aws-service-role/config.")
	g := r.RecordingGroup
	if g == nil {
		g = &types.RecordingGroup{AllSupported: true} // what AWS takes where nothing is said
	}
	w.status["AllSupported"], w.status["IncludeGlobalResourceTypes"] = g.AllSupported, g.IncludeGlobalResourceTypes
	w.status["ResourceTypes"] = strs(g.ResourceTypes)
	if g.RecordingStrategy != nil {
		set(w.status, "RecordingStrategy", string(g.RecordingStrategy.UseOnly))
	}
}

func (w *configWalk) recording(ctx context.Context) {
	out, err := aws.Call(ctx, w.s, "configservice", "DescribeConfigurationRecorderStatus", w.client.DescribeConfigurationRecorderStatus, &configservice.DescribeConfigurationRecorderStatusInput{})
	if err != nil {
		w.lost("DescribeConfigurationRecorderStatus", err, "", "Recording", "LastStatus")
		return
	}
	w.status["Recording"] = false
	for _, r := range out.ConfigurationRecordersStatus {
		if text(r.ServicePrincipal) == "" {
			w.status["Recording"] = r.Recording
			set(w.status, "LastStatus", string(r.LastStatus))
		}
	}
}

func (w *configWalk) channels(ctx context.Context) {
	out, err := aws.Call(ctx, w.s, "configservice", "DescribeDeliveryChannels", w.client.DescribeDeliveryChannels, &configservice.DescribeDeliveryChannelsInput{})
	if err != nil {
		w.lost("DescribeDeliveryChannels", err, typeConfigDelivery, "DeliveryChannel")
	} else {
		w.status["DeliveryChannel"] = len(out.DeliveryChannels) > 0
		for _, c := range out.DeliveryChannels {
			w.s.Emit(evidence.Resource{Type: typeConfigDelivery, ID: text(c.Name), Properties: shape(c, nil)})
		}
	}
	status, err := aws.Call(ctx, w.s, "configservice", "DescribeDeliveryChannelStatus", w.client.DescribeDeliveryChannelStatus, &configservice.DescribeDeliveryChannelStatusInput{})
	if err != nil {
		w.lost("DescribeDeliveryChannelStatus", err, "", "DeliveryStatus")
		return
	}
	for _, c := range status.DeliveryChannelsStatus {
		if c.ConfigHistoryDeliveryInfo != nil {
			set(w.status, "DeliveryStatus", string(c.ConfigHistoryDeliveryInfo.LastStatus))
		}
		// What is streamed right now outweighs the last history file.
		if c.ConfigStreamDeliveryInfo != nil && c.ConfigStreamDeliveryInfo.LastStatus != types.DeliveryStatusNotApplicable {
			set(w.status, "DeliveryStatus", string(c.ConfigStreamDeliveryInfo.LastStatus))
		}
	}
}

func (w *configWalk) rules(ctx context.Context) {
	err := aws.Pages(ctx, w.s, "configservice", "DescribeConfigRules", w.client.DescribeConfigRules, &configservice.DescribeConfigRulesInput{},
		func(in *configservice.DescribeConfigRulesInput, out *configservice.DescribeConfigRulesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *configservice.DescribeConfigRulesOutput) error {
			for _, r := range out.ConfigRules {
				p := shape(r, map[string]string{"ConfigRuleArn": "Arn", "ConfigRuleState": "", "RuleEvaluationVisibility": ""})
				if r.InputParameters != nil {
					delete(p, "InputParameters")
					set(p, "InputParameters", document(r.InputParameters))
				}
				w.s.Emit(evidence.Resource{Type: typeConfigRule, ID: text(r.ConfigRuleName), ARN: text(r.ConfigRuleArn), Properties: p})
			}
			return nil
		})
	w.s.Gap("configservice", "DescribeConfigRules", err, []string{typeConfigRule}, "")
}
