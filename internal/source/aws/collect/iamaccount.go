package collect

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeSummary        = "Holdfast::IAM::AccountSummary"
	typeCredentials    = "Holdfast::IAM::Credentials"
	typePasswordPolicy = "Holdfast::IAM::PasswordPolicy"
	typeVirtualMFA     = "AWS::IAM::VirtualMFADevice"
)

// iamAccountCollector reads what holds for the account's identities as a
// whole. These stand together because the credential report feeds all of them.
func iamAccountCollector() aws.Collector {
	return aws.Collector{
		Name: "iam-account", Service: "iam", Scope: aws.GlobalScope,
		Types: []string{typeSummary, typeCredentials, typePasswordPolicy, typeVirtualMFA},
		Actions: []string{
			"iam:GenerateCredentialReport", "iam:GetAccountPasswordPolicy", "iam:GetAccountSummary", "iam:GetCredentialReport", "iam:ListVirtualMFADevices",
		},
		Operations: []string{
			"iam.GenerateCredentialReport", "iam.GetAccountPasswordPolicy", "iam.GetAccountSummary", "iam.GetCredentialReport", "iam.ListVirtualMFADevices",
		},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &iamWalk{s: s, client: iam.NewFromConfig(s.Config)}
			withPassword := w.credentials(ctx)
			w.summary(ctx, w.virtualMFA(ctx), withPassword)
			w.passwordPolicy(ctx, withPassword)
			return ctx.Err()
		},
	}
}

// credentials emits the rows of the report and counts the users with a
// password.
func (w *iamWalk) credentials(ctx context.Context) any {
	report, operation, err := w.report(ctx)
	if err != nil {
		w.s.Gap("iam", operation, err, []string{typeCredentials}, "")
		return w.s.Unknown("iam", operation, err)
	}
	count := int64(0)
	for _, row := range report {
		if enabled, _ := row.properties["PasswordEnabled"].(bool); enabled {
			count++
		}
		w.s.Emit(evidence.Resource{Type: typeCredentials, ID: row.user, ARN: row.arn, Properties: row.properties})
	}
	return count
}

func (w *iamWalk) summary(ctx context.Context, rootVirtual, withPassword any) {
	p := map[string]any{"UsersWithPassword": withPassword, "RootVirtualMFA": rootVirtual}
	out, err := aws.Call(ctx, w.s, "iam", "GetAccountSummary", w.client.GetAccountSummary, &iam.GetAccountSummaryInput{})
	var unknown any = evidence.Unknown{Reason: "iam:GetAccountSummary did not tell"}
	summary := map[string]int32{}
	if err != nil {
		unknown = w.s.Unknown("iam", "GetAccountSummary", err)
		w.s.Gap("iam", "GetAccountSummary", err, []string{typeSummary}, w.s.Account)
	} else {
		summary = out.SummaryMap
	}
	for name, key := range map[string]types.SummaryKeyType{
		"RootMFAEnabled": "AccountMFAEnabled", "RootAccessKeysPresent": "AccountAccessKeysPresent",
		"RootPasswordPresent": "AccountPasswordPresent", "RootSigningCertificatesPresent": "AccountSigningCertificatesPresent",
	} {
		p[name] = unknown
		if n, ok := summary[string(key)]; ok {
			p[name] = n > 0
		}
	}
	p["Users"] = unknown
	if n, ok := summary["Users"]; ok {
		p["Users"] = int64(n)
	}
	p["RootMFADevices"] = evidence.Unknown{Reason: "AWS tells whether the root user has a device, not how many"}
	if p["RootMFAEnabled"] == false {
		p["RootMFADevices"] = int64(0)
	}
	w.s.Emit(evidence.Resource{Type: typeSummary, ID: w.s.Account, Properties: p})
}

// virtualMFA emits the virtual devices and tells whether one is the root user's.
func (w *iamWalk) virtualMFA(ctx context.Context) any {
	root := false
	err := aws.Pages(ctx, w.s, "iam", "ListVirtualMFADevices", w.client.ListVirtualMFADevices, &iam.ListVirtualMFADevicesInput{},
		func(in *iam.ListVirtualMFADevicesInput, out *iam.ListVirtualMFADevicesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListVirtualMFADevicesOutput) error {
			for _, d := range out.VirtualMFADevices {
				root = w.device(d) || root
			}
			return nil
		})
	if err != nil {
		w.s.Gap("iam", "ListVirtualMFADevices", err, []string{typeVirtualMFA}, "")
		w.s.Gap("iam", "ListVirtualMFADevices", err, []string{typeSummary}, w.s.Account)
		return w.s.Unknown("iam", "ListVirtualMFADevices", err)
	}
	return root
}

func (w *iamWalk) device(d types.VirtualMFADevice) (root bool) {
	serial := text(d.SerialNumber)
	p := map[string]any{"SerialNumber": serial}
	if _, name, ok := strings.Cut(serial, ":mfa/"); ok {
		p["VirtualMfaDeviceName"] = name[strings.LastIndexByte(name, '/')+1:]
	}
	users := []string{}
	if d.User != nil {
		root = strings.HasSuffix(text(d.User.Arn), ":root")
		if name := text(d.User.UserName); name != "" && !root {
			users = append(users, name)
		}
	}
	root = root || (d.EnableDate != nil && strings.HasSuffix(serial, ":mfa/root-account-mfa-device"))
	p["Users"] = strs(users)
	set(p, "Tags", tagList(tagMap(d.Tags)))
	w.s.Emit(evidence.Resource{Type: typeVirtualMFA, ID: serial, ARN: serial, Tags: tagMap(d.Tags), Properties: p})
	return root
}

func (w *iamWalk) passwordPolicy(ctx context.Context, withPassword any) {
	p := map[string]any{}
	out, err := aws.Call(ctx, w.s, "iam", "GetAccountPasswordPolicy", w.client.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{})
	switch {
	case aws.Is(err, "NoSuchEntity", "NoSuchEntityException"):
		p["Configured"] = false
	case err != nil:
		unknown := w.s.Unknown("iam", "GetAccountPasswordPolicy", err)
		for _, name := range passwordRules {
			p[name] = unknown
		}
		w.s.Gap("iam", "GetAccountPasswordPolicy", err, []string{typePasswordPolicy}, w.s.Account)
	default:
		p = shape(out.PasswordPolicy, nil)
		p["Configured"] = out.PasswordPolicy != nil
	}
	p["UsersWithPassword"] = withPassword
	w.s.Emit(evidence.Resource{Type: typePasswordPolicy, ID: w.s.Account, Properties: p})
}

var passwordRules = []string{
	"Configured", "MinimumPasswordLength", "PasswordReusePrevention", "MaxPasswordAge", "RequireSymbols", "RequireNumbers",
	"RequireUppercaseCharacters", "RequireLowercaseCharacters", "ExpirePasswords", "HardExpiry", "AllowUsersToChangePassword",
}
