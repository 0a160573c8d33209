package collect

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/detective"
	detectivetypes "github.com/aws/aws-sdk-go-v2/service/detective/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const (
	typeGuardDuty      = "Holdfast::GuardDuty::RegionStatus"
	typeAccessAnalyzer = "Holdfast::AccessAnalyzer::RegionStatus"
	typeDetective      = "Holdfast::Detective::RegionStatus"
)

// standing is the state of one detective service in one Region. It is emitted
// also when the service is off, for that is evidence too.
type standing struct {
	s       *aws.Session
	service string // as the SDK spells it
	typ     string
	p       map[string]any
}

func newStanding(s *aws.Session, service, typ string) *standing {
	return &standing{s: s, service: service, typ: typ, p: map[string]any{}}
}

// lost makes attributes Unknown, and records the gap for this Region's status.
func (st *standing) lost(operation string, err error, names ...string) {
	for _, name := range names {
		st.p[name] = st.s.Unknown(st.service, operation, err)
	}
	st.s.Gap(st.service, operation, err, []string{st.typ}, st.s.Region)
}

func (st *standing) emit() {
	st.s.Emit(evidence.Resource{Type: st.typ, ID: st.s.Region, Properties: st.p})
}

func guardDutyCollector() aws.Collector {
	return aws.Collector{
		Name: "guardduty", Service: "guardduty", Scope: aws.Regional, Types: []string{typeGuardDuty},
		Actions:    []string{"guardduty:GetAdministratorAccount", "guardduty:GetDetector", "guardduty:ListDetectors"},
		Operations: []string{"guardduty.GetAdministratorAccount", "guardduty.GetDetector", "guardduty.ListDetectors"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "guardduty", typeGuardDuty)
			guardDuty(ctx, st, guardduty.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

func guardDuty(ctx context.Context, st *standing, client *guardduty.Client) {
	var ids []string
	err := aws.Pages(ctx, st.s, "guardduty", "ListDetectors", client.ListDetectors, &guardduty.ListDetectorsInput{},
		func(in *guardduty.ListDetectorsInput, out *guardduty.ListDetectorsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *guardduty.ListDetectorsOutput) error { ids = append(ids, out.DetectorIds...); return nil })
	if err != nil {
		st.lost("ListDetectors", err, "Enabled", "DetectorId", "FindingPublishingFrequency", "Features", "AdministratorAccountId")
		return
	}
	if len(ids) == 0 {
		st.p["Enabled"] = false
		return
	}
	slices.Sort(ids) // AWS admits one a Region
	st.p["DetectorId"] = ids[0]
	out, err := aws.Call(ctx, st.s, "guardduty", "GetDetector", client.GetDetector, &guardduty.GetDetectorInput{DetectorId: &ids[0]})
	if err != nil {
		st.lost("GetDetector", err, "Enabled", "FindingPublishingFrequency", "Features")
	} else {
		st.p["Enabled"] = out.Status == guarddutytypes.DetectorStatusEnabled
		set(st.p, "FindingPublishingFrequency", string(out.FindingPublishingFrequency))
		features := map[string]any{}
		for _, f := range out.Features {
			set(features, string(f.Name), string(f.Status))
		}
		st.p["Features"] = features
	}
	admin, err := aws.Call(ctx, st.s, "guardduty", "GetAdministratorAccount", client.GetAdministratorAccount, &guardduty.GetAdministratorAccountInput{DetectorId: &ids[0]})
	if err != nil {
		st.lost("GetAdministratorAccount", err, "AdministratorAccountId")
	} else if admin.Administrator != nil {
		set(st.p, "AdministratorAccountId", text(admin.Administrator.AccountId))
	}
}

func accessAnalyzerCollector() aws.Collector {
	return aws.Collector{
		Name: "accessanalyzer", Service: "accessanalyzer", Scope: aws.Regional, Types: []string{typeAccessAnalyzer},
		Actions:    []string{"access-analyzer:ListAnalyzers"},
		Operations: []string{"accessanalyzer.ListAnalyzers"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "accessanalyzer", typeAccessAnalyzer)
			analyzers(ctx, st, accessanalyzer.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

func analyzers(ctx context.Context, st *standing, client *accessanalyzer.Client) {
	list, external, unused := []any{}, false, false
	err := aws.Pages(ctx, st.s, "accessanalyzer", "ListAnalyzers", client.ListAnalyzers, &accessanalyzer.ListAnalyzersInput{},
		func(in *accessanalyzer.ListAnalyzersInput, out *accessanalyzer.ListAnalyzersOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *accessanalyzer.ListAnalyzersOutput) error {
			for _, a := range out.Analyzers {
				list = append(list, map[string]any{"Name": text(a.Name), "Status": string(a.Status), "Type": string(a.Type)})
				active := a.Status == analyzertypes.AnalyzerStatusActive
				external = external || active && (a.Type == analyzertypes.TypeAccount || a.Type == analyzertypes.TypeOrganization)
				unused = unused || active && strings.HasSuffix(string(a.Type), "_UNUSED_ACCESS")
			}
			return nil
		})
	if err != nil {
		st.lost("ListAnalyzers", err, "ExternalAccess", "UnusedAccess", "Analyzers")
		return
	}
	st.p["Analyzers"], st.p["ExternalAccess"], st.p["UnusedAccess"] = list, external, unused
}

func detectiveCollector() aws.Collector {
	return aws.Collector{
		Name: "detective", Service: "detective", Scope: aws.Regional, Types: []string{typeDetective},
		Actions:    []string{"detective:ListGraphs", "detective:ListInvitations"},
		Operations: []string{"detective.ListGraphs", "detective.ListInvitations"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			st := newStanding(s, "detective", typeDetective)
			graph(ctx, st, detective.NewFromConfig(s.Config))
			st.emit()
			return ctx.Err()
		},
	}
}

// graph is on where the account administers a behaviour graph, or is an enabled
// member of one. A yes from either is enough; a no needs both.
func graph(ctx context.Context, st *standing, client *detective.Client) {
	arn := ""
	err := aws.Pages(ctx, st.s, "detective", "ListGraphs", client.ListGraphs, &detective.ListGraphsInput{},
		func(in *detective.ListGraphsInput, out *detective.ListGraphsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *detective.ListGraphsOutput) error {
			for _, g := range out.GraphList {
				arn = text(g.Arn)
			}
			return nil
		})
	if err == nil && arn != "" {
		st.p["Enabled"], st.p["GraphArn"] = true, arn
		return
	}
	memberErr := aws.Pages(ctx, st.s, "detective", "ListInvitations", client.ListInvitations, &detective.ListInvitationsInput{},
		func(in *detective.ListInvitationsInput, out *detective.ListInvitationsOutput) bool {
			return aws.NextToken(&in.NextToken, out.NextToken)
		},
		func(out *detective.ListInvitationsOutput) error {
			for _, i := range out.Invitations {
				if i.Status == detectivetypes.MemberStatusEnabled {
					arn = text(i.GraphArn)
				}
			}
			return nil
		})
	switch {
	case arn != "":
		st.p["Enabled"], st.p["GraphArn"] = true, arn
	case errors.Join(err, memberErr) == nil:
		st.p["Enabled"] = false
	case err != nil:
		st.lost("ListGraphs", err, "Enabled", "GraphArn")
	default:
		st.lost("ListInvitations", memberErr, "Enabled", "GraphArn")
	}
	if err != nil && memberErr != nil {
		st.s.Gap("detective", "ListInvitations", memberErr, []string{typeDetective}, st.s.Region)
	}
}
