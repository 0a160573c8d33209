package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// rdsParameterCollector reads parameter groups and what was changed in them.
func rdsParameterCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "rds-parameters", Service: "rds", Scope: aws.Regional,
		Types:   []string{"AWS::RDS::DBParameterGroup"},
		Collect: collectParameterGroups,
	}, "rds", "DescribeDBParameterGroups", "DescribeDBParameters", "ListTagsForResource")
}

func collectParameterGroups(ctx context.Context, s *aws.Session) error {
	client := rds.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "rds", "DescribeDBParameterGroups", client.DescribeDBParameterGroups, &rds.DescribeDBParameterGroupsInput{MaxRecords: sdk.Int32(100)},
		func(in *rds.DescribeDBParameterGroupsInput, out *rds.DescribeDBParameterGroupsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBParameterGroupsOutput) error {
			return aws.Each(ctx, out.DBParameterGroups, func(ctx context.Context, g types.DBParameterGroup) error {
				readDBParameters(ctx, s, client, g)
				return nil
			})
		})
}

func readDBParameters(ctx context.Context, s *aws.Session, client *rds.Client, g types.DBParameterGroup) {
	d := newDraft(s, "AWS::RDS::DBParameterGroup", text(g.DBParameterGroupName), text(g.DBParameterGroupArn))
	d.pick(g, "DBParameterGroupName", "Description")
	d.put("Family", g.DBParameterGroupFamily)
	parameters := map[string]any{}
	// Those that nobody set have the engine's default and stand in no template either.
	in := &rds.DescribeDBParametersInput{DBParameterGroupName: g.DBParameterGroupName, Source: sdk.String("user"), MaxRecords: sdk.Int32(100)}
	err := aws.Pages(ctx, s, "rds", "DescribeDBParameters", client.DescribeDBParameters, in,
		func(in *rds.DescribeDBParametersInput, out *rds.DescribeDBParametersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker)
		},
		func(out *rds.DescribeDBParametersOutput) error {
			for _, p := range out.Parameters {
				if p.ParameterValue != nil {
					parameters[text(p.ParameterName)] = text(p.ParameterValue)
				}
			}
			return nil
		})
	switch {
	case aws.Is(err, "DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"):
		return
	case err != nil:
		d.lost(err, "Parameters")
	default:
		d.object("Parameters", parameters)
	}
	if tags, err := aws.Call(ctx, s, "rds", "ListTagsForResource", client.ListTagsForResource, &rds.ListTagsForResourceInput{ResourceName: g.DBParameterGroupArn}); err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(tags.TagList)
	}
	d.emit()
}
