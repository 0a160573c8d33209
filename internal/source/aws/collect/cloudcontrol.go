package collect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol"
	"github.com/aws/aws-sdk-go-v2/service/cloudcontrol/types"

	"holdfast.dev/holdfast/internal/evidence/schema"
	"holdfast.dev/holdfast/internal/source/aws"
)

// CloudControl reads types that have no collector of their own through the
// Cloud Control API, which answers in CloudFormation shape already. Types of
// services that live in no Region get a collector that runs once per account.
//
// Cloud Control reads with the caller's rights: besides the actions named here
// the caller needs the read actions of each service asked for.
func CloudControl(typeNames []string) []aws.Collector {
	var regional, global []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(typeNames))) {
		if livesNowhere(name) {
			global = append(global, name)
		} else {
			regional = append(regional, name)
		}
	}
	var out []aws.Collector
	if len(regional) > 0 {
		out = append(out, cloudControl("cloudcontrol", aws.Regional, regional))
	}
	if len(global) > 0 {
		out = append(out, cloudControl("cloudcontrol-global", aws.GlobalScope, global))
	}
	return out
}

// livesNowhere tells types whose every Region answers the same.
func livesNowhere(name string) bool {
	for _, service := range []string{
		"AWS::IAM::", "AWS::Organizations::", "AWS::CloudFront::", "AWS::Route53::", "AWS::GlobalAccelerator::", "AWS::Shield::",
		"AWS::Budgets::", "AWS::CE::", "AWS::NetworkManager::", "AWS::Route53RecoveryControl::", "AWS::Route53RecoveryReadiness::",
	} {
		if strings.HasPrefix(name, service) {
			return true
		}
	}
	return false
}

func cloudControl(name string, scope aws.Scope, typeNames []string) aws.Collector {
	return reading(aws.Collector{
		Name: name, Service: "cloudcontrol", Scope: scope, Types: typeNames,
		Collect: func(ctx context.Context, s *aws.Session) error {
			client := cloudcontrol.NewFromConfig(s.Config)
			return aws.Each(ctx, typeNames, func(ctx context.Context, typ string) error {
				unlisted(s, readType(ctx, s, client, typ), typ)
				return nil
			})
		},
	}, "cloudformation", "ListResources", "GetResource")
}

func readType(ctx context.Context, s *aws.Session, client *cloudcontrol.Client, typ string) error {
	return aws.Pages(ctx, s, "cloudcontrol", "ListResources", client.ListResources, &cloudcontrol.ListResourcesInput{TypeName: &typ},
		func(in *cloudcontrol.ListResourcesInput, out *cloudcontrol.ListResourcesOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *cloudcontrol.ListResourcesOutput) error {
			for _, listed := range out.ResourceDescriptions {
				if err := readGeneric(ctx, s, client, typ, listed); err != nil {
					return err
				}
			}
			return nil
		})
}

// readGeneric asks for the whole resource: a listing may hold the identifier
// alone.
func readGeneric(ctx context.Context, s *aws.Session, client *cloudcontrol.Client, typ string, listed types.ResourceDescription) error {
	d := newDraft(s, typ, text(listed.Identifier), "")
	out, err := aws.Call(ctx, s, "cloudcontrol", "GetResource", client.GetResource, &cloudcontrol.GetResourceInput{TypeName: &typ, Identifier: listed.Identifier})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return nil
	case err != nil:
		if d.p = jsonObject(listed.Properties); d.p == nil {
			d.p = map[string]any{}
		}
		names, ok := propertiesOf(typ)
		if !ok {
			return err // nothing is known of the type, so nothing can be called unknown
		}
		names = slices.DeleteFunc(names, func(name string) bool { _, told := d.p[name]; return told })
		d.lost(err, names...)
	case out.ResourceDescription != nil:
		if d.p = jsonObject(out.ResourceDescription.Properties); d.p == nil {
			s.Gap("cloudcontrol", "GetResource", fmt.Errorf("the properties of %q are not a JSON object", d.id), []string{typ}, "")
			return nil
		}
	}
	d.arn = genericARN(d)
	d.tags = genericTags(d.p)
	d.emit()
	return nil
}

func jsonObject(p *string) map[string]any {
	m, ok := document(p).(map[string]any)
	if !ok {
		return nil
	}
	return aws.Hide(m)
}

func propertiesOf(typ string) ([]string, bool) {
	t, ok := schema.Lookup(typ)
	if !ok {
		return nil, false
	}
	return slices.Collect(t.Properties()), true
}

func genericARN(d *draft) string {
	if strings.HasPrefix(d.id, "arn:") && !strings.Contains(d.id, "|") {
		return d.id
	}
	arn, _ := d.p["Arn"].(string)
	if strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return ""
}

// genericTags reads both spellings: a list of {Key, Value} and a map.
func genericTags(p map[string]any) map[string]string {
	tags := map[string]string{}
	switch v := p["Tags"].(type) {
	case []any:
		for _, e := range v {
			m, _ := e.(map[string]any)
			key, _ := m["Key"].(string)
			val, _ := m["Value"].(string)
			if key != "" {
				tags[key] = val
			}
		}
	case map[string]any:
		for k, e := range v {
			if text, ok := e.(string); ok {
				tags[k] = text
			}
		}
	}
	if len(tags) == 0 {
		return nil
	}
	return tags
}
