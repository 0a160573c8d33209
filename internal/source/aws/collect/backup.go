package collect

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"

	"holdfast.dev/holdfast/internal/source/aws"
)

func backupCollector() aws.Collector {
	return reading(aws.Collector{
		Name: "backup", Service: "backup", Scope: aws.Regional,
		Types:   []string{"AWS::Backup::BackupVault", "AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection"},
		Collect: collectBackup,
	}, "backup", "ListBackupVaults", "GetBackupVaultAccessPolicy", "ListBackupPlans", "GetBackupPlan", "ListBackupSelections", "GetBackupSelection", "ListTags")
}

func collectBackup(ctx context.Context, s *aws.Session) error {
	client := backup.NewFromConfig(s.Config)
	err := aws.Pages(ctx, s, "backup", "ListBackupVaults", client.ListBackupVaults, &backup.ListBackupVaultsInput{MaxResults: sdk.Int32(1000)},
		func(in *backup.ListBackupVaultsInput, out *backup.ListBackupVaultsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *backup.ListBackupVaultsOutput) error {
			return aws.Each(ctx, out.BackupVaultList, func(ctx context.Context, v types.BackupVaultListMember) error {
				readVault(ctx, s, client, v)
				return nil
			})
		})
	unlisted(s, err, "AWS::Backup::BackupVault")
	err = aws.Pages(ctx, s, "backup", "ListBackupPlans", client.ListBackupPlans, &backup.ListBackupPlansInput{MaxResults: sdk.Int32(1000)},
		func(in *backup.ListBackupPlansInput, out *backup.ListBackupPlansOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *backup.ListBackupPlansOutput) error {
			return aws.Each(ctx, out.BackupPlansList, func(ctx context.Context, p types.BackupPlansListMember) error {
				readPlan(ctx, s, client, p)
				unlisted(s, selections(ctx, s, client, text(p.BackupPlanId)), "AWS::Backup::BackupSelection")
				return nil
			})
		})
	unlisted(s, err, "AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection")
	return nil
}

func readVault(ctx context.Context, s *aws.Session, client *backup.Client, v types.BackupVaultListMember) {
	if v.VaultType != "" && v.VaultType != types.VaultTypeBackupVault {
		return // air-gapped vaults are a type of their own, and locked by nature
	}
	d := newDraft(s, "AWS::Backup::BackupVault", text(v.BackupVaultName), text(v.BackupVaultArn))
	d.pick(v, "BackupVaultName", "EncryptionKeyArn")
	if flag(v.Locked) {
		lock := map[string]any{}
		copyFields(lock, v, []string{"MaxRetentionDays", "MinRetentionDays"})
		if v.LockDate != nil {
			lock["ChangeableForDays"] = hidden("AWS tells the day from which the lock is final, and not the grace it was made with")
		}
		d.p["LockConfiguration"] = lock
		d.observe("LockDate", v.LockDate)
	}
	d.unasked("backup:GetBackupVaultNotifications is not asked", "Notifications")
	out, err := aws.Call(ctx, s, "backup", "GetBackupVaultAccessPolicy", client.GetBackupVaultAccessPolicy, &backup.GetBackupVaultAccessPolicyInput{BackupVaultName: v.BackupVaultName})
	switch {
	case aws.Is(err, "ResourceNotFoundException"): // no policy
	case err != nil:
		d.lost(err, "AccessPolicy")
	default:
		d.policy("AccessPolicy", "backup", "GetBackupVaultAccessPolicy", out.Policy)
	}
	backupTags(ctx, d, client, "BackupVaultTags")
	d.emit()
}

// backupTags puts tags where this service's schemas have them: in a map.
func backupTags(ctx context.Context, d *draft, client *backup.Client, property string) {
	tags := map[string]string{}
	err := aws.Pages(ctx, d.s, "backup", "ListTags", client.ListTags, &backup.ListTagsInput{ResourceArn: &d.arn},
		func(in *backup.ListTagsInput, out *backup.ListTagsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *backup.ListTagsOutput) error {
			for k, v := range out.Tags {
				tags[k] = v
			}
			return nil
		})
	switch {
	case err != nil:
		d.lost(err, property)
	case len(tags) > 0:
		d.tags = tags
		d.put(property, tags)
	}
}

func readPlan(ctx context.Context, s *aws.Session, client *backup.Client, p types.BackupPlansListMember) {
	d := newDraft(s, "AWS::Backup::BackupPlan", text(p.BackupPlanId), text(p.BackupPlanArn))
	out, err := aws.Call(ctx, s, "backup", "GetBackupPlan", client.GetBackupPlan, &backup.GetBackupPlanInput{BackupPlanId: p.BackupPlanId})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
		return
	case err != nil:
		d.object("BackupPlan", picked(p, "BackupPlanName"))
		d.lost(err, "BackupPlan/AdvancedBackupSettings", "BackupPlan/BackupPlanRule", "BackupPlan/ScanSettings")
	default:
		d.object("BackupPlan", shape(out.BackupPlan, planNames))
	}
	backupTags(ctx, d, client, "BackupPlanTags")
	d.emit()
}

var planNames = map[string]string{
	"Rules": "BackupPlanRule", "Rules.TargetBackupVaultName": "TargetBackupVault", "Rules.RuleId": "",
}

func selections(ctx context.Context, s *aws.Session, client *backup.Client, plan string) error {
	var ids []string
	err := aws.Pages(ctx, s, "backup", "ListBackupSelections", client.ListBackupSelections, &backup.ListBackupSelectionsInput{BackupPlanId: &plan, MaxResults: sdk.Int32(1000)},
		func(in *backup.ListBackupSelectionsInput, out *backup.ListBackupSelectionsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *backup.ListBackupSelectionsOutput) error {
			for _, m := range out.BackupSelectionsList {
				ids = append(ids, text(m.SelectionId))
			}
			return nil
		})
	for _, id := range ids {
		d := newDraft(s, "AWS::Backup::BackupSelection", id+"_"+plan, "")
		d.p["BackupPlanId"] = plan
		out, err := aws.Call(ctx, s, "backup", "GetBackupSelection", client.GetBackupSelection, &backup.GetBackupSelectionInput{BackupPlanId: &plan, SelectionId: &id})
		switch {
		case aws.Is(err, "ResourceNotFoundException"):
			continue
		case err != nil:
			d.lost(err, "BackupSelection")
		default:
			d.put("BackupSelection", out.BackupSelection)
		}
		d.emit()
	}
	if aws.Is(err, "ResourceNotFoundException") {
		return nil // the plan is gone
	}
	return err
}
