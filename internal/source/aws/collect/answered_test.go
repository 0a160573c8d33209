package collect

import (
	"context"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestAnswersThatLackTheirSubject: a success without what was asked for (a proxy's
// page, an emulator's stub, a response saved by hand) tells nothing. It neither
// makes a resource gone nor its properties unset.
func TestAnswersThatLackTheirSubject(t *testing.T) {
	for _, operation := range []string{
		"acm.DescribeCertificate", "cloudcontrol.GetResource", "cloudfront.GetDistributionConfig", "dynamodb.DescribeTable", "ecs.DescribeTaskDefinition",
		"eks.DescribeCluster", "eks.DescribeNodegroup", "elasticloadbalancing.DescribeLoadBalancerAttributes", "kinesis.DescribeStreamSummary",
		"kms.DescribeKey", "rds.DescribeDBSnapshotAttributes", "rds.DescribeDBClusterSnapshotAttributes", "s3control.GetPublicAccessBlock",
		"iam.GetAccountPasswordPolicy", "s3.GetBucketEncryption", "s3.GetPublicAccessBlock", "s3.GetBucketOwnershipControls", "s3.GetObjectLockConfiguration",
	} {
		for _, c := range slices.Concat(All(), CloudControl([]string{"AWS::StepFunctions::StateMachine", "AWS::Athena::WorkGroup"})) {
			if !slices.Contains(c.Operations, operation) {
				continue
			}
			base := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), nil)
			if base.Calls[operation] == 0 {
				continue
			}
			got := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), silent(operation))
			if !slices.ContainsFunc(got.Batches, func(b aws.Batch) bool {
				return slices.ContainsFunc(b.Gaps, func(g evidence.Gap) bool { return strings.HasSuffix(operation, "."+g.Operation) })
			}) {
				t.Errorf("%s: an answer that holds nothing left no gap", operation)
			}
			for _, gone := range lost(base, got) {
				t.Errorf("%s: %s is gone after an answer that holds nothing", operation, gone)
			}
		}
	}
}

func silent(operation string) func(awstest.Answer) awstest.Answer {
	return func(next awstest.Answer) awstest.Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			if r.Service+"."+r.Operation == operation {
				return map[string]any{}, nil
			}
			return next(ctx, r)
		}
	}
}

// lost are the resources that a store would close: those of types that are said
// to be listed whole.
func lost(base, got awstest.Outcome) []string {
	var out []string
	there := map[string]bool{}
	whole := map[string]bool{}
	for _, b := range got.Batches {
		for _, typ := range b.Complete {
			whole[b.Unit.String()+typ] = true
		}
		for i := range b.Resources {
			there[b.Resources[i].Key()] = true
		}
	}
	for _, b := range base.Batches {
		for i := range b.Resources {
			if r := &b.Resources[i]; whole[b.Unit.String()+r.Type] && !there[r.Key()] {
				out = append(out, r.Key())
			}
		}
	}
	return out
}
