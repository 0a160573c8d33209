package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// secretsManagerCollector never asks for a secret's value.
func secretsManagerCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "secretsmanager", Service: "secretsmanager", Scope: aws.Regional,
		Types:   []string{"AWS::SecretsManager::Secret", "AWS::SecretsManager::ResourcePolicy", "AWS::SecretsManager::RotationSchedule"},
		Collect: collectSecrets,
	}, "secretsmanager", "ListSecrets", "GetResourcePolicy")
}

func collectSecrets(ctx context.Context, s *aws.Session) error {
	client := secretsmanager.NewFromConfig(s.Config)
	return aws.Pages(ctx, s, "secretsmanager", "ListSecrets", client.ListSecrets, &secretsmanager.ListSecretsInput{MaxResults: sdk.Int32(100)},
		func(in *secretsmanager.ListSecretsInput, out *secretsmanager.ListSecretsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *secretsmanager.ListSecretsOutput) error {
			return aws.Each(ctx, out.SecretList, func(ctx context.Context, v types.SecretListEntry) error {
				secretDraft(s, v).emit()
				if flag(v.RotationEnabled) {
					rotationDraft(s, v).emit()
				}
				readSecretPolicy(ctx, s, client, text(v.ARN))
				return nil
			})
		})
}

func secretDraft(s *aws.Session, v types.SecretListEntry) *draft {
	d := newDraft(s, "AWS::SecretsManager::Secret", text(v.ARN), text(v.ARN))
	d.pick(v, "Description", "KmsKeyId", "Name", "Type")
	d.unasked("secret values are never read", "SecretString")
	d.unasked("secretsmanager:DescribeSecret is not asked", "ReplicaRegions")
	d.observe("RotationEnabled", flag(v.RotationEnabled))
	d.observe("LastRotatedDate", v.LastRotatedDate)
	d.observe("LastAccessedDate", v.LastAccessedDate)
	d.observe("LastChangedDate", v.LastChangedDate)
	d.observe("CreatedDate", v.CreatedDate)
	d.observe("OwningService", v.OwningService)
	d.tagged(v.Tags)
	return d
}

func rotationDraft(s *aws.Session, v types.SecretListEntry) *draft {
	d := newDraft(s, "AWS::SecretsManager::RotationSchedule", text(v.ARN), "")
	d.put("SecretId", v.ARN)
	d.pick(v, "RotationLambdaARN")
	d.nest("RotationRules", v.RotationRules, "AutomaticallyAfterDays", "Duration", "ScheduleExpression")
	return d
}

func readSecretPolicy(ctx context.Context, s *aws.Session, client *secretsmanager.Client, arn string) {
	out, err := aws.Call(ctx, s, "secretsmanager", "GetResourcePolicy", client.GetResourcePolicy, &secretsmanager.GetResourcePolicyInput{SecretId: &arn})
	if aws.Is(err, "ResourceNotFoundException") {
		return
	}
	d := newDraft(s, "AWS::SecretsManager::ResourcePolicy", arn, "")
	d.p["SecretId"] = arn
	if err != nil {
		d.lost(err, "ResourcePolicy")
	} else {
		d.policy("ResourcePolicy", "secretsmanager", "GetResourcePolicy", out.ResourcePolicy)
	}
	if d.p["ResourcePolicy"] != nil {
		d.emit()
	}
}
