package collect

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

func TestCopyFieldsOwnsUpToAMissingField(t *testing.T) {
	type answer struct {
		Told   *string
		Empty  *string
		Silent *bool
	}
	told, empty := "x", ""
	m := map[string]any{}
	copyFields(m, &answer{Told: &told, Empty: &empty}, []string{"Told", "Empty", "Silent", "Gone"})
	want := map[string]any{"Told": "x", "Gone": evidence.Unknown{Reason: `the SDK's *collect.answer has no field "Gone"`}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if got := picked((*answer)(nil), "Told"); got != nil {
		t.Errorf("a nil struct gave %v", got)
	}
}

func TestPlaceAndObserve(t *testing.T) {
	d := newDraft(&aws.Session{}, "AWS::X::Y", "id", "")
	d.unasked("why", "A", "B/C", "Observed/State")
	d.observe("Empty", "")
	d.observe("Flag", false)
	u := evidence.Unknown{Reason: "why"}
	want := map[string]any{"A": u, "B": map[string]any{"C": u}, "Observed": map[string]any{"State": u, "Flag": false}}
	if diff := cmp.Diff(want, d.p); diff != "" {
		t.Error(diff)
	}
}

func TestRespelling(t *testing.T) {
	for in, want := range map[string]string{
		"2026-06-01T10:00:00.000+0000": "2026-06-01T10:00:00Z", "2026-02-01T02:00:00.5+02:00": "2026-02-01T00:00:00Z", "never": "never", "": "",
	} {
		if got := rfc3339(in); got != want {
			t.Errorf("rfc3339(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"vpc-1": "VPC", "tgw-attach-1": "TransitGatewayAttachment", "tgw-1": "TransitGateway", "": ""} {
		if got := flowLogSubject(in); got != want {
			t.Errorf("flowLogSubject(%q) = %q, want %q", in, got, want)
		}
	}
	m := map[string]any{}
	setBool(m, "yes", "true")
	setBool(m, "odd", "perhaps")
	setInt(m, "n", "30")
	setInt(m, "none", "")
	if m["yes"] != true || m["n"] != int64(30) || len(m) != 3 {
		t.Errorf("attributes read as %v", m)
	}
	if u, ok := m["odd"].(evidence.Unknown); !ok || !u.Present {
		t.Errorf("%q was read as %v", "perhaps", m["odd"])
	}
}

// TestBrokenPolicyIsUnknown: a policy that is no JSON is neither a policy nor
// the absence of one.
func TestBrokenPolicyIsUnknown(t *testing.T) {
	for _, c := range []struct {
		collector aws.Collector
		operation string
		field     []string
		typ, name string
	}{
		{kmsCollector(), "kms.GetKeyPolicy", []string{"Policy"}, "AWS::KMS::Key", "KeyPolicy"},
		{snsCollector(), "sns.GetTopicAttributes", []string{"Attributes", "Policy"}, "AWS::SNS::TopicPolicy", "PolicyDocument"},
		{sqsCollector(), "sqs.GetQueueAttributes", []string{"Attributes", "Policy"}, "AWS::SQS::QueuePolicy", "PolicyDocument"},
		{ecrCollector(), "ecr.GetRepositoryPolicy", []string{"policyText"}, "AWS::ECR::Repository", "RepositoryPolicyText"},
		{lambdaCollector(), "lambda.GetPolicy", []string{"Policy"}, "AWS::Lambda::Permission", "Principal"},
		{s3Collector(), "s3.GetBucketPolicy", []string{"Policy"}, "AWS::S3::BucketPolicy", "PolicyDocument"},
		{lambdaLayerCollector(), "lambda.GetLayerVersionPolicy", []string{"Policy"}, layerPermission, "Principal"},
		{dynamoDBCollector(), "dynamodb.GetResourcePolicy", []string{"Policy"}, "AWS::DynamoDB::Table", "ResourcePolicy"},
	} {
		t.Run(c.collector.Name, func(t *testing.T) {
			out := awstest.Run(t.Context(), t, []aws.Collector{c.collector}, saved(t, c.collector), breaking(c.operation, c.field))
			unknown := 0
			for _, b := range out.Batches {
				if len(b.Gaps) == 0 {
					t.Error("no gap says that the policy is broken")
				}
				for _, r := range b.Resources {
					if r.Type == c.typ && holdsUnknown(r.Properties[c.name]) {
						unknown++
					}
				}
			}
			if unknown == 0 {
				t.Errorf("no %s has an unknown %s", c.typ, c.name)
			}
		})
	}
}

func holdsUnknown(v any) bool {
	switch v := v.(type) {
	case evidence.Unknown:
		return true
	case map[string]any:
		for _, e := range v {
			if holdsUnknown(e) {
				return true
			}
		}
	}
	return false
}

// breaking puts text that is no JSON where an operation answers a document.
func breaking(operation string, field []string) func(awstest.Answer) awstest.Answer {
	return func(next awstest.Answer) awstest.Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			v, err := next(ctx, r)
			if err != nil || r.Service+"."+r.Operation != operation {
				return v, err
			}
			return replaced(v, field), nil
		}
	}
}

func replaced(v any, field []string) any {
	if len(field) == 0 {
		return "{broken"
	}
	out := map[string]any{}
	if m, ok := v.(map[string]any); ok {
		for k, e := range m {
			out[k] = e
		}
	}
	out[field[0]] = replaced(out[field[0]], field[1:])
	return out
}

// TestCloudFrontPartitions: where there is no CloudFront, nothing is asked and
// nothing is missing.
func TestCloudFrontPartitions(t *testing.T) {
	if err := collectCloudFront(t.Context(), &aws.Session{Partition: "aws-us-gov"}); err != nil {
		t.Error(err)
	}
}

func TestCloudControlSplitsGlobalTypes(t *testing.T) {
	got := generic()
	if len(got) != 2 || !slices.Equal(got[0].Types, []string{"AWS::Athena::WorkGroup", "AWS::StepFunctions::StateMachine"}) ||
		got[0].Scope != aws.Regional || !slices.Equal(got[1].Types, []string{"AWS::Route53::HostedZone"}) || got[1].Scope != aws.GlobalScope {
		t.Errorf("got %+v", got)
	}
	if none := CloudControl(nil); none != nil {
		t.Errorf("no types gave %v", none)
	}
}

// TestBatchesThatLeaveSomethingOut: ECS answers what it could not read beside
// what it could.
func TestBatchesThatLeaveSomethingOut(t *testing.T) {
	c := ecsCollector()
	out := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), func(next awstest.Answer) awstest.Answer {
		return func(ctx context.Context, r *aws.Request) (any, error) {
			if r.Operation == "DescribeClusters" {
				return map[string]any{"Failures": []any{
					map[string]any{"Arn": "arn:a", "Reason": "MISSING"}, map[string]any{"Arn": "arn:b", "Reason": "ACCESS"},
				}}, nil
			}
			return next(ctx, r)
		}
	})
	for _, b := range out.Batches {
		if len(b.Gaps) != 1 || b.Gaps[0].Operation != "DescribeClusters" || slices.Contains(b.Complete, "AWS::ECS::Cluster") {
			t.Errorf("gaps %+v, complete %q", b.Gaps, b.Complete)
		}
	}
}

func FuzzPermissionStatement(f *testing.F) {
	f.Add([]byte(`{"Sid":"a","Principal":{"AWS":["*"]},"Action":"lambda:*","Condition":{"StringEquals":{"aws:PrincipalOrgID":["o-1"]},"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}`))
	f.Add([]byte(`{"Principal":{"AWS":{"x":1}},"Condition":{"a":["b"],"StringNotEquals":{"AWS:SourceArn":null}}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		statement, err := new(evidence.Decoder).DecodeObject(in)
		if err != nil {
			return
		}
		rest := map[string]any{}
		out := permissionConditions(statement["Condition"], rest)
		all := map[string]any{"properties": out, "rest": rest, "principals": append([]any{}, principalsOf(statement["Principal"])...)}
		if _, err := evidence.Append(nil, all); err != nil && len(in) < 100 {
			t.Fatalf("%q gave what evidence cannot hold: %v", in, err)
		}
	})
}

// TestPermissionConditionsThatDoNotNarrow: an operator that does not compare the
// key with what may pass says nothing of the property; "Null" even says that the
// key is not there.
func TestPermissionConditionsThatDoNotNarrow(t *testing.T) {
	for operator, kept := range map[string]bool{
		"StringEquals": true, "ArnLike": true, "arnlike": true, "StringLike": true, "ForAnyValue:StringEquals": true,
		"Null": false, "StringNotEquals": false, "stringnotlike": false, "StringEqualsIfExists": false, "ForAllValues:StringEquals": false, "Made:Up": false,
	} {
		rest := map[string]any{}
		got := permissionConditions(map[string]any{operator: map[string]any{"aws:SourceArn": "true"}}, rest)
		if _, told := got["SourceArn"]; told != kept || (len(rest) == 0) != kept {
			t.Errorf("%s: %v, and for the reader %v", operator, got, rest)
		}
	}
}

// TestPermissionConditionsAreInOrder: two conditions on one key both have to
// hold, and which of them is shown must not change from run to run.
func TestPermissionConditionsAreInOrder(t *testing.T) {
	condition := map[string]any{"StringLike": map[string]any{"aws:SourceArn": "b"}, "ArnLike": map[string]any{"AWS:SourceArn": "a1", "aws:SourceArn": "a2"}}
	for range 50 {
		if got := permissionConditions(condition, map[string]any{})["SourceArn"]; got != "a1" {
			t.Fatalf("%v", got)
		}
	}
}
