package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

// kmsCollector emits the keys AWS manages too: a control that follows a KmsKeyId
// has to find them.
func kmsCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "kms", Service: "kms", Scope: aws.Regional,
		Types:   []string{"AWS::KMS::Key", "AWS::KMS::Alias"},
		Collect: collectKMS,
	}, "kms", "ListKeys", "DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags", "ListAliases")
}

func collectKMS(ctx context.Context, s *aws.Session) error {
	client := kms.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "kms", "ListKeys", client.ListKeys, &kms.ListKeysInput{Limit: sdk.Int32(1000)},
		func(in *kms.ListKeysInput, out *kms.ListKeysOutput) bool {
			return out.Truncated && aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *kms.ListKeysOutput) error {
			return aws.Each(ctx, out.Keys, func(ctx context.Context, key types.KeyListEntry) error {
				readKey(ctx, s, client, key)
				return nil
			})
		})
	unlisted(s, err, "AWS::KMS::Key")
	err = aws.Pages(ctx, s, "kms", "ListAliases", client.ListAliases, &kms.ListAliasesInput{Limit: sdk.Int32(100)},
		func(in *kms.ListAliasesInput, out *kms.ListAliasesOutput) bool {
			return out.Truncated && aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *kms.ListAliasesOutput) error {
			for _, a := range out.Aliases {
				if text(a.TargetKeyId) == "" {
					continue // an AWS alias whose key nobody has used yet
				}
				d := newDraft(s, "AWS::KMS::Alias", text(a.AliasName), text(a.AliasArn))
				d.pick(a, "AliasName", "TargetKeyId")
				d.emit()
			}
			return nil
		})
	unlisted(s, err, "AWS::KMS::Alias")
	return nil
}

func readKey(ctx context.Context, s *aws.Session, client *kms.Client, key types.KeyListEntry) {
	d := newDraft(s, "AWS::KMS::Key", text(key.KeyId), text(key.KeyArn))
	out, err := aws.Call(ctx, s, "kms", "DescribeKey", client.DescribeKey, &kms.DescribeKeyInput{KeyId: key.KeyId})
	switch {
	case aws.Is(err, "NotFoundException"):
		return
	case err != nil:
		d.lost(err, "Description", "Enabled", "KeySpec", "KeyUsage", "MultiRegion", "Origin", "PendingWindowInDays",
			"Observed/KeyManager", "Observed/KeyState", "Observed/Origin", "Observed/DeletionDate")
		readKeyPolicy(ctx, d, client)
		readKeyRotation(ctx, d, client)
		readKeyTags(ctx, d, client)
	case out.KeyMetadata != nil:
		describeKey(d, out.KeyMetadata)
		readKeyPolicy(ctx, d, client)
		if rotates(out.KeyMetadata) {
			readKeyRotation(ctx, d, client)
		}
		if out.KeyMetadata.KeyManager != types.KeyManagerTypeAws {
			readKeyTags(ctx, d, client)
		}
	}
	d.emit()
}

func describeKey(d *draft, k *types.KeyMetadata) {
	d.pick(k, "Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
	d.put("PendingWindowInDays", k.PendingDeletionWindowInDays)
	// Enabled is false as well while a key waits for its deletion.
	d.p["Enabled"] = k.Enabled
	d.observe("KeyManager", k.KeyManager)
	d.observe("KeyState", k.KeyState)
	d.observe("Origin", k.Origin)
	d.observe("DeletionDate", k.DeletionDate)
}

// rotates tells whether AWS answers for the key's rotation at all: it does for
// symmetric encryption keys whose material KMS holds.
func rotates(k *types.KeyMetadata) bool {
	return (k.KeySpec == types.KeySpecSymmetricDefault || k.KeySpec == "") && (k.Origin == types.OriginTypeAwsKms || k.Origin == types.OriginTypeExternal)
}

func readKeyPolicy(ctx context.Context, d *draft, client *kms.Client) {
	out, err := aws.Call(ctx, d.s, "kms", "GetKeyPolicy", client.GetKeyPolicy, &kms.GetKeyPolicyInput{KeyId: &d.id, PolicyName: sdk.String("default")})
	if err != nil {
		d.lost(err, "KeyPolicy")
		return
	}
	d.policy("KeyPolicy", "kms", "GetKeyPolicy", out.Policy)
}

func readKeyRotation(ctx context.Context, d *draft, client *kms.Client) {
	out, err := aws.Call(ctx, d.s, "kms", "GetKeyRotationStatus", client.GetKeyRotationStatus, &kms.GetKeyRotationStatusInput{KeyId: &d.id})
	switch {
	case aws.Is(err, "UnsupportedOperationException"): // this kind of key cannot rotate by itself
	case err != nil:
		d.lost(err, "EnableKeyRotation", "RotationPeriodInDays")
	default:
		d.p["EnableKeyRotation"] = out.KeyRotationEnabled
		d.put("RotationPeriodInDays", out.RotationPeriodInDays)
	}
}

func readKeyTags(ctx context.Context, d *draft, client *kms.Client) {
	var tags []types.Tag
	err := aws.Pages(ctx, d.s, "kms", "ListResourceTags", client.ListResourceTags, &kms.ListResourceTagsInput{KeyId: &d.id},
		func(in *kms.ListResourceTagsInput, out *kms.ListResourceTagsOutput) bool {
			return out.Truncated && aws.NextToken(&in.Marker, out.NextMarker)
		},
		func(out *kms.ListResourceTagsOutput) error { tags = append(tags, out.Tags...); return nil })
	if err != nil {
		d.lost(err, "Tags")
		return
	}
	d.tagged(tags)
}
