package collect

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	macietypes "github.com/aws/aws-sdk-go-v2/service/macie2/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"

	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeSecurityHub = "Holdfast::SecurityHub::RegionStatus"
	typeInspector   = "Holdfast::Inspector::RegionStatus"
	typeMacie       = "Holdfast::Macie::RegionStatus"
)

func securityHubCollector() aws.Collector {
	return aws.Collector{
		Name: "securityhub", Service: "securityhub", Scope: aws.Regional, Types: []string{typeSecurityHub},
		Actions:    []string{"securityhub:DescribeHub", "securityhub:GetAdministratorAccount", "securityhub:GetEnabledStandards"},
		Operations: []string{"securityhub.DescribeHub", "securityhub.GetAdministratorAccount", "securityhub.GetEnabledStandards"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "securityhub", typeSecurityHub)
			securityHub(ctx, st, securityhub.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

// hubOff tells "Security Hub is not on" from a refusal, which has the same code
// (InvalidAccessException): only the text differs, and it has had two forms.
func hubOff(err error) bool {
	message := strings.ToLower(aws.Message(err))
	return aws.Is(err, "InvalidAccessException", "ResourceNotFoundException") &&
		(strings.Contains(message, "is not subscribed to") || strings.Contains(message, "is not enabled for securityhub"))
}

func securityHub(ctx context.Context, st *standing, client *securityhub.Client) {
	hub, err := aws.Call(ctx, st.s, "securityhub", "DescribeHub", client.DescribeHub, &securityhub.DescribeHubInput{})
	switch {
	case hubOff(err):
		st.p["Enabled"] = false
		return
	case err != nil:
		st.lost("DescribeHub", err, "Enabled", "AutoEnableControls", "Standards", "AdministratorAccountId")
		return
	}
	st.p["Enabled"] = text(hub.HubArn) != ""
	set(st.p, "AutoEnableControls", value(hub.AutoEnableControls))
	standards := []string{}
	err = aws.Pages(ctx, st.s, "securityhub", "GetEnabledStandards", client.GetEnabledStandards, &securityhub.GetEnabledStandardsInput{},
		func(in *securityhub.GetEnabledStandardsInput, out *securityhub.GetEnabledStandardsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *securityhub.GetEnabledStandardsOutput) error {
			for _, s := range out.StandardsSubscriptions {
				standards = append(standards, text(s.StandardsArn))
			}
			return nil
		})
	slices.Sort(standards)
	st.p["Standards"] = strs(standards)
	if err != nil {
		st.lost("GetEnabledStandards", err, "Standards")
	}
	admin, err := aws.Call(ctx, st.s, "securityhub", "GetAdministratorAccount", client.GetAdministratorAccount, &securityhub.GetAdministratorAccountInput{})
	if err != nil {
		st.lost("GetAdministratorAccount", err, "AdministratorAccountId")
	} else if admin.Administrator != nil {
		set(st.p, "AdministratorAccountId", text(admin.Administrator.AccountId))
	}
}

func inspectorCollector() aws.Collector {
	return aws.Collector{
		Name: "inspector2", Service: "inspector2", Scope: aws.Regional, Types: []string{typeInspector},
		Actions:    []string{"inspector2:BatchGetAccountStatus", "inspector2:GetDelegatedAdminAccount"},
		Operations: []string{"inspector2.BatchGetAccountStatus", "inspector2.GetDelegatedAdminAccount"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "inspector2", typeInspector)
			inspector(ctx, st, inspector2.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

func inspector(ctx context.Context, st *standing, client *inspector2.Client) {
	out, err := aws.Call(ctx, st.s, "inspector2", "BatchGetAccountStatus", client.BatchGetAccountStatus, &inspector2.BatchGetAccountStatusInput{AccountIds: []string{st.s.Account}})
	switch {
	case err != nil:
	case len(out.Accounts) == 1 && out.Accounts[0].ResourceState != nil:
		state := out.Accounts[0].ResourceState
		for name, s := range map[string]*types.State{"EC2": state.Ec2, "ECR": state.Ecr, "Lambda": state.Lambda, "LambdaCode": state.LambdaCode} {
			if s != nil {
				set(st.p, name, string(s.Status))
			}
		}
	case len(out.FailedAccounts) > 0:
		// An answer of its own for "may not be told", within a success.
		f := out.FailedAccounts[0]
		err = &answeredError{string(f.ErrorCode), text(f.ErrorMessage)}
	default:
		err = errNotAnswered
	}
	if err != nil {
		st.lost("BatchGetAccountStatus", err, "EC2", "ECR", "Lambda", "LambdaCode")
	}
	admin, err := aws.Call(ctx, st.s, "inspector2", "GetDelegatedAdminAccount", client.GetDelegatedAdminAccount, &inspector2.GetDelegatedAdminAccountInput{})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		st.lost("GetDelegatedAdminAccount", err, "DelegatedAdministrator")
	case admin.DelegatedAdmin != nil:
		set(st.p, "DelegatedAdministrator", text(admin.DelegatedAdmin.AccountId))
	}
}

// answeredError is an error that AWS put into a successful answer.
type answeredError struct{ code, message string }

func (e *answeredError) Error() string { return e.code + ": " + e.message }

func macieCollector() aws.Collector {
	return aws.Collector{
		Name: "macie2", Service: "macie2", Scope: aws.Regional, Types: []string{typeMacie},
		Actions:    []string{"macie2:GetAdministratorAccount", "macie2:GetAutomatedDiscoveryConfiguration", "macie2:GetMacieSession"},
		Operations: []string{"macie2.GetAdministratorAccount", "macie2.GetAutomatedDiscoveryConfiguration", "macie2.GetMacieSession"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "macie2", typeMacie)
			macie(ctx, st, macie2.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

// macieOff tells "Macie is not on" from a refusal: the code is
// AccessDeniedException for both.
func macieOff(err error) bool {
	return aws.Is(err, "AccessDeniedException") && strings.Contains(strings.ToLower(aws.Message(err)), "macie is not enabled")
}

func macie(ctx context.Context, st *standing, client *macie2.Client) {
	session, err := aws.Call(ctx, st.s, "macie2", "GetMacieSession", client.GetMacieSession, &macie2.GetMacieSessionInput{})
	switch {
	case macieOff(err):
		st.p["Enabled"], st.p["AutomatedDiscovery"] = false, false
		return
	case err != nil:
		st.lost("GetMacieSession", err, "Enabled", "Status", "AutomatedDiscovery", "AdministratorAccountId")
		return
	}
	st.p["Enabled"] = session.Status == macietypes.MacieStatusEnabled // PAUSED looks at nothing
	set(st.p, "Status", string(session.Status))
	discovery, err := aws.Call(ctx, st.s, "macie2", "GetAutomatedDiscoveryConfiguration", client.GetAutomatedDiscoveryConfiguration, &macie2.GetAutomatedDiscoveryConfigurationInput{})
	if err != nil {
		st.lost("GetAutomatedDiscoveryConfiguration", err, "AutomatedDiscovery")
	} else {
		st.p["AutomatedDiscovery"] = discovery.Status == macietypes.AutomatedDiscoveryStatusEnabled
	}
	admin, err := aws.Call(ctx, st.s, "macie2", "GetAdministratorAccount", client.GetAdministratorAccount, &macie2.GetAdministratorAccountInput{})
	switch {
	case aws.Is(err, "ResourceNotFoundException"):
	case err != nil:
		st.lost("GetAdministratorAccount", err, "AdministratorAccountId")
	case admin.Administrator != nil:
		set(st.p, "AdministratorAccountId", text(admin.Administrator.AccountId))
	}
}
