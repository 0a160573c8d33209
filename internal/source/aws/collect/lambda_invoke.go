package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// eventInvokeConfigs emits what a function does with events that nobody waits
// for, one per version or alias that has settings of its own.
func eventInvokeConfigs(ctx context.Context, s *aws.Session, client *lambda.Client, function string) error {
	err := aws.Pages(ctx, s, "lambda", "ListFunctionEventInvokeConfigs", client.ListFunctionEventInvokeConfigs, &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: &function, MaxItems: sdk.Int32(50)},
		func(in *lambda.ListFunctionEventInvokeConfigsInput, out *lambda.ListFunctionEventInvokeConfigsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *lambda.ListFunctionEventInvokeConfigsOutput) error {
			for _, c := range out.FunctionEventInvokeConfigs {
				eventInvokeDraft(s, function, c).emit()
			}
			return nil
		})
	if aws.Is(err, "ResourceNotFoundException") {
		return nil // the function is gone since it was listed
	}
	return err
}

func eventInvokeDraft(s *aws.Session, function string, c types.FunctionEventInvokeConfig) *draft {
	_, qualifier := splitQualifier(text(c.FunctionArn))
	if qualifier == "" {
		qualifier = "$LATEST"
	}
	d := newDraft(s, "AWS::Lambda::EventInvokeConfig", function+"|"+qualifier, "")
	d.p["FunctionName"] = function
	d.p["Qualifier"] = qualifier
	d.pick(c, "MaximumEventAgeInSeconds", "MaximumRetryAttempts")
	if c.DestinationConfig != nil {
		// AWS answers an empty OnFailure where there is none, which must not
		// pass for a destination.
		m := map[string]any{}
		if to := picked(c.DestinationConfig.OnFailure, "Destination"); to != nil {
			m["OnFailure"] = to
		}
		if to := picked(c.DestinationConfig.OnSuccess, "Destination"); to != nil {
			m["OnSuccess"] = to
		}
		d.object("DestinationConfig", m)
	}
	return d
}
