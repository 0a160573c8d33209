package collect

import (
	"context"
	"errors"
	"strconv"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const layerPermission = "AWS::Lambda::LayerVersionPermission"

// lambdaLayerCollector reads whom the versions of layers are shared with. Every
// version has a policy of its own, and old ones stay shared.
func lambdaLayerCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "lambda-layers", Service: "lambda", Scope: aws.Regional,
		Types:   []string{layerPermission},
		Collect: collectLayers,
	}, "lambda", "ListLayers", "ListLayerVersions", "GetLayerVersionPolicy")
}

func collectLayers(ctx context.Context, s *aws.Session) error {
	client := lambda.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "lambda", "ListLayers", client.ListLayers, &lambda.ListLayersInput{MaxItems: sdk.Int32(50)},
		func(in *lambda.ListLayersInput, out *lambda.ListLayersOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *lambda.ListLayersOutput) error {
			return aws.Each(ctx, out.Layers, func(ctx context.Context, l types.LayersListItem) error {
				unlisted(s, layerVersions(ctx, s, client, text(l.LayerName)), layerPermission)
				return nil
			})
		})
}

func layerVersions(ctx context.Context, s *aws.Session, client *lambda.Client, layer string) error {
	return aws.Pages(ctx, s, "lambda", "ListLayerVersions", client.ListLayerVersions, &lambda.ListLayerVersionsInput{LayerName: &layer, MaxItems: sdk.Int32(50)},
		func(in *lambda.ListLayerVersionsInput, out *lambda.ListLayerVersionsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *lambda.ListLayerVersionsOutput) error {
			return aws.Each(ctx, out.LayerVersions, func(ctx context.Context, v types.LayerVersionsListItem) error {
				readLayerPolicy(ctx, s, client, layer, v)
				return nil
			})
		})
}

// readLayerPolicy emits the statements of a version's policy as the permissions
// they were added as.
func readLayerPolicy(ctx context.Context, s *aws.Session, client *lambda.Client, layer string, v types.LayerVersionsListItem) {
	arn := text(v.LayerVersionArn)
	out, err := aws.Call(ctx, s, "lambda", "GetLayerVersionPolicy", client.GetLayerVersionPolicy, &lambda.GetLayerVersionPolicyInput{LayerName: &layer, VersionNumber: &v.Version})
	if aws.Is(err, "ResourceNotFoundException") {
		return // not shared
	}
	var policy map[string]any
	if err == nil {
		var ok bool
		if policy, ok = document(out.Policy).(map[string]any); !ok {
			err = &aws.CallError{Service: "lambda", Operation: "GetLayerVersionPolicy", Err: errors.New("the policy is not a JSON object")}
		}
	}
	if err != nil {
		d := newDraft(s, layerPermission, arn+"#*", "")
		d.p["LayerVersionArn"] = arn
		d.lost(err, "Action", "OrganizationId", "Principal")
		s.Incomplete(d.typ) // this stands for any number of permissions
		d.emit()
		return
	}
	for i, statement := range listOf(policy["Statement"]) {
		if m, ok := statement.(map[string]any); ok && m["Effect"] == "Allow" {
			emitLayerPermissions(s, arn, i, m)
		}
	}
}

// emitLayerPermissions writes one permission per principal. AWS knows no condition
// on layers but the organisation; another one may narrow it, too.
func emitLayerPermissions(s *aws.Session, arn string, index int, statement map[string]any) {
	sid, _ := statement["Sid"].(string)
	if sid == "" {
		sid = strconv.Itoa(index)
	}
	rest := map[string]any{}
	organisation := permissionConditions(statement["Condition"], rest)["PrincipalOrgID"]
	if organisation == nil && statement["Condition"] != nil {
		organisation = evidence.Unknown{Reason: "the permission has a condition that layers were not known to have"}
	}
	for n, principal := range principalsOf(statement["Principal"]) {
		id := arn + "#" + sid
		if n > 0 {
			id += "|" + strconv.Itoa(n+1)
		}
		d := newDraft(s, layerPermission, id, "")
		d.p["LayerVersionArn"] = arn
		set(d.p, "Principal", principal)
		set(d.p, "Action", single(statement["Action"]))
		set(d.p, "OrganizationId", organisation)
		d.emit()
	}
}
