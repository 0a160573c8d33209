package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

// lambdaCollector leaves lambda:GetFunction alone, though it would save calls:
// it hands out the code, and nobody should have to grant that for a review.
func lambdaCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "lambda", Service: "lambda", Scope: aws.Regional,
		Types:   []string{"AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url"},
		Collect: collectLambda,
	}, "lambda", "ListFunctions", "ListTags", "GetPolicy", "ListFunctionUrlConfigs", "ListFunctionEventInvokeConfigs",
		"GetFunctionConcurrency", "GetFunctionCodeSigningConfig")
}

func collectLambda(ctx context.Context, s *aws.Session) error {
	client := lambda.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "lambda", "ListFunctions", client.ListFunctions, &lambda.ListFunctionsInput{MaxItems: sdk.Int32(50)},
		func(in *lambda.ListFunctionsInput, out *lambda.ListFunctionsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *lambda.ListFunctionsOutput) error {
			return aws.Each(ctx, out.Functions, func(ctx context.Context, f types.FunctionConfiguration) error {
				readFunction(ctx, s, client, f)
				return nil
			})
		})
}

func readFunction(ctx context.Context, s *aws.Session, client *lambda.Client, f types.FunctionConfiguration) {
	d := functionDraft(s, f)
	if out, err := aws.Call(ctx, s, "lambda", "ListTags", client.ListTags, &lambda.ListTagsInput{Resource: f.FunctionArn}); err != nil {
		d.lost(err, "Tags")
	} else {
		d.tagged(out.Tags)
	}
	if out, err := aws.Call(ctx, s, "lambda", "GetFunctionConcurrency", client.GetFunctionConcurrency, &lambda.GetFunctionConcurrencyInput{FunctionName: f.FunctionName}); err != nil {
		d.lost(err, "ReservedConcurrentExecutions")
	} else {
		d.put("ReservedConcurrentExecutions", out.ReservedConcurrentExecutions)
	}
	// Images cannot be signed, and AWS refuses the question for them.
	if f.PackageType != types.PackageTypeImage {
		if out, err := aws.Call(ctx, s, "lambda", "GetFunctionCodeSigningConfig", client.GetFunctionCodeSigningConfig, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: f.FunctionName}); err != nil {
			d.lost(err, "CodeSigningConfigArn")
		} else {
			d.put("CodeSigningConfigArn", out.CodeSigningConfigArn)
		}
	}
	d.emit()
	readFunctionPolicy(ctx, s, client, d.id)
	readFunctionURLs(ctx, s, client, d)
	unlisted(s, eventInvokeConfigs(ctx, s, client, d.id), "AWS::Lambda::EventInvokeConfig")
}

func functionDraft(s *aws.Session, f types.FunctionConfiguration) *draft {
	d := newDraft(s, "AWS::Lambda::Function", text(f.FunctionName), text(f.FunctionArn))
	d.pick(f, "Architectures", "Description", "FunctionName", "Handler", "MemorySize", "PackageType", "Role", "Runtime", "Timeout")
	d.put("KmsKeyArn", f.KMSKeyArn)
	d.nest("DeadLetterConfig", f.DeadLetterConfig, "TargetArn")
	d.nest("DurableConfig", f.DurableConfig, "ExecutionTimeout", "KMSKeyArn", "RetentionPeriodInDays")
	d.nest("EphemeralStorage", f.EphemeralStorage, "Size")
	d.nest("LoggingConfig", f.LoggingConfig, "ApplicationLogLevel", "LogFormat", "LogGroup", "SystemLogLevel")
	d.nest("SnapStart", f.SnapStart, "ApplyOn")
	d.nest("TenancyConfig", f.TenancyConfig, "TenantIsolationMode")
	d.nest("TracingConfig", f.TracingConfig, "Mode")
	d.nest("VpcConfig", f.VpcConfig, "Ipv6AllowedForDualStack", "SecurityGroupIds", "SubnetIds")
	if f.ImageConfigResponse != nil {
		d.nest("ImageConfig", f.ImageConfigResponse.ImageConfig, "Command", "EntryPoint", "WorkingDirectory")
	}
	d.list("Layers", each(f.Layers, func(l types.Layer) any { return text(l.Arn) }))
	d.list("FileSystemConfigs", each(f.FileSystemConfigs, func(c types.FileSystemConfig) any { return nested(picked(c, "Arn", "LocalMountPath")) }))
	if f.Environment != nil && len(f.Environment.Variables) > 0 {
		d.p["Environment"] = map[string]any{"Variables": hiddenValues(f.Environment.Variables)}
	}
	d.unasked("function code is not collected", "Code")
	d.unasked("lambda:GetRuntimeManagementConfig is not asked", "RuntimeManagementConfig")
	d.unasked("lambda:GetFunctionRecursionConfig is not asked", "RecursiveLoop")
	d.observe("LastModified", rfc3339(text(f.LastModified)))
	if f.State == "" {
		d.unasked("lambda:ListFunctions does not tell the state", "Observed/State")
	}
	d.observe("State", f.State)
	return d
}

// hiddenValues keeps the names of environment variables: their values are
// where secrets lie.
func hiddenValues(variables map[string]string) map[string]any {
	out := make(map[string]any, len(variables))
	for name := range variables {
		out[name] = hidden("environment values are not collected")
	}
	return out
}

func hidden(why string) evidence.Unknown { return evidence.Unknown{Reason: why, Present: true} }

func readFunctionURLs(ctx context.Context, s *aws.Session, client *lambda.Client, function *draft) {
	err := aws.Pages(ctx, s, "lambda", "ListFunctionUrlConfigs", client.ListFunctionUrlConfigs, &lambda.ListFunctionUrlConfigsInput{FunctionName: &function.id},
		func(in *lambda.ListFunctionUrlConfigsInput, out *lambda.ListFunctionUrlConfigsOutput) bool {
			return aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *lambda.ListFunctionUrlConfigsOutput) error {
			for _, u := range out.FunctionUrlConfigs {
				urlDraft(s, u).emit()
			}
			return nil
		})
	if err != nil && !aws.Is(err, "ResourceNotFoundException") {
		d := newDraft(s, "AWS::Lambda::Url", function.arn, "")
		d.p["TargetFunctionArn"] = function.arn
		d.lost(err, "AuthType", "Cors", "InvokeMode", "Qualifier")
		s.Incomplete(d.typ) // this stands for any number of URLs
		d.emit()
	}
}

func urlDraft(s *aws.Session, u types.FunctionUrlConfig) *draft {
	d := newDraft(s, "AWS::Lambda::Url", text(u.FunctionArn), "")
	target, qualifier := splitQualifier(text(u.FunctionArn))
	d.p["TargetFunctionArn"] = target
	set(d.p, "Qualifier", qualifier)
	d.pick(u, "AuthType", "InvokeMode")
	d.nest("Cors", u.Cors, "AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge")
	return d
}
