package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
)

const typeLastAccessed = "Holdfast::IAM::LastAccessed"

// maxAccessPolls bounds how often one report is asked for; with the pauses
// between them that is some four minutes.
const maxAccessPolls = 20

// lastAccessedCollector reads when each user and role last used each service and
// action that its policies name. AWS makes a report for each, so this takes
// two calls or more for every principal and runs only when it is asked for.
// Service-linked roles are left out: nobody can narrow their policies.
func lastAccessedCollector() aws.Collector {
	return aws.Collector{
		Name: "iam-last-accessed", Service: "iam", Scope: aws.GlobalScope, Optional: true,
		Types:      []string{typeLastAccessed},
		Actions:    []string{"iam:GenerateServiceLastAccessedDetails", "iam:GetServiceLastAccessedDetails", "iam:ListRoles", "iam:ListUsers"},
		Operations: []string{"iam.GenerateServiceLastAccessedDetails", "iam.GetServiceLastAccessedDetails", "iam.ListRoles", "iam.ListUsers"},
		Collect: func(ctx context.Context, s *aws.Session) error {
			w := &iamWalk{s: s, client: iam.NewFromConfig(s.Config)}
			jobs := w.accessJobs(ctx, w.principals(ctx))
			return aws.Each(ctx, jobs, func(ctx context.Context, job *accessJob) error {
				w.lastAccessed(ctx, job)
				return ctx.Err()
			})
		},
	}
}

// principals are the ARNs of all users, and of all roles that somebody made.
func (w *iamWalk) principals(ctx context.Context) []string {
	var arns []string
	err := aws.Pages(ctx, w.s, "iam", "ListUsers", w.client.ListUsers, &iam.ListUsersInput{},
		func(in *iam.ListUsersInput, out *iam.ListUsersOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListUsersOutput) error {
			for _, u := range out.Users {
				arns = append(arns, text(u.Arn))
			}
			return nil
		})
	w.s.Gap("iam", "ListUsers", err, []string{typeLastAccessed}, "")
	err = aws.Pages(ctx, w.s, "iam", "ListRoles", w.client.ListRoles, &iam.ListRolesInput{},
		func(in *iam.ListRolesInput, out *iam.ListRolesOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.ListRolesOutput) error {
			for _, r := range out.Roles {
				if !strings.HasPrefix(text(r.Path), "/aws-service-role/") {
					arns = append(arns, text(r.Arn))
				}
			}
			return nil
		})
	w.s.Gap("iam", "ListRoles", err, []string{typeLastAccessed}, "")
	return slices.DeleteFunc(arns, func(arn string) bool { return arn == "" })
}

// accessJob is the report of one principal.
type accessJob struct {
	arn string
	id  *string
	err error // why it is not made
}

// accessJobs has all reports made before any is waited for: each takes AWS some
// seconds, whatever their number.
func (w *iamWalk) accessJobs(ctx context.Context, arns []string) []*accessJob {
	jobs := make([]*accessJob, len(arns))
	for i, arn := range arns {
		jobs[i] = &accessJob{arn: arn, err: context.Canceled}
	}
	_ = aws.Each(ctx, jobs, func(ctx context.Context, job *accessJob) error {
		out, err := aws.Call(ctx, w.s, "iam", "GenerateServiceLastAccessedDetails", w.client.GenerateServiceLastAccessedDetails,
			&iam.GenerateServiceLastAccessedDetailsInput{Arn: &job.arn, Granularity: types.AccessAdvisorUsageGranularityTypeActionLevel})
		if job.err = err; err == nil {
			if job.id = out.JobId; text(job.id) == "" {
				job.err = errors.New("AWS named no job")
			}
		}
		return ctx.Err()
	}) // what is left when the context ends is not looked at any more
	return jobs
}

// lastAccessed emits what the report of one principal says.
func (w *iamWalk) lastAccessed(ctx context.Context, job *accessJob) {
	p := map[string]any{"PrincipalArn": job.arn}
	services, operation, err := w.accessReport(ctx, job)
	switch {
	case aws.Is(err, "NoSuchEntity", "NoSuchEntityException"):
		return // deleted since it was listed
	case err != nil:
		w.hide(p, operation, err, typeLastAccessed, job.arn, "Services")
	default:
		p["Services"] = accessedServices(services)
	}
	w.s.Emit(evidence.Resource{Type: typeLastAccessed, ID: job.arn, ARN: job.arn, Properties: p})
}

// accessReport waits for a report. It names the operation that failed.
func (w *iamWalk) accessReport(ctx context.Context, job *accessJob) ([]types.ServiceLastAccessed, string, error) {
	if job.err != nil {
		return nil, "GenerateServiceLastAccessedDetails", job.err
	}
	wait := time.Second
	for range maxAccessPolls {
		services, status, err := w.accessPages(ctx, job.id)
		if err != nil || status == types.JobStatusTypeCompleted {
			return services, "GetServiceLastAccessedDetails", err
		}
		if err := w.s.Wait(ctx, wait); err != nil {
			return nil, "GetServiceLastAccessedDetails", err
		}
		wait = min(2*wait, 15*time.Second)
	}
	return nil, "GetServiceLastAccessedDetails", errors.New("the report was not ready after several minutes; collect again later")
}

// accessPages reads a report as far as it is there.
func (w *iamWalk) accessPages(ctx context.Context, job *string) ([]types.ServiceLastAccessed, types.JobStatusType, error) {
	var services []types.ServiceLastAccessed
	var status types.JobStatusType
	err := aws.Pages(ctx, w.s, "iam", "GetServiceLastAccessedDetails", w.client.GetServiceLastAccessedDetails, &iam.GetServiceLastAccessedDetailsInput{JobId: job},
		func(in *iam.GetServiceLastAccessedDetailsInput, out *iam.GetServiceLastAccessedDetailsOutput) bool {
			return aws.NextToken(&in.Marker, out.Marker) && out.IsTruncated
		},
		func(out *iam.GetServiceLastAccessedDetailsOutput) error {
			if status = out.JobStatus; status == types.JobStatusTypeFailed {
				return failedJob(out.Error)
			}
			services = append(services, out.ServicesLastAccessed...)
			return nil
		})
	return services, status, err
}

func failedJob(e *types.ErrorDetails) error {
	if e == nil {
		return errors.New("AWS could not make the report")
	}
	return fmt.Errorf("AWS could not make the report: %s: %s", text(e.Code), text(e.Message))
}

func accessedServices(services []types.ServiceLastAccessed) []any {
	slices.SortFunc(services, func(a, b types.ServiceLastAccessed) int {
		return cmp.Compare(text(a.ServiceNamespace), text(b.ServiceNamespace))
	})
	list := make([]any, 0, len(services))
	for _, s := range services {
		p := map[string]any{"ServiceNamespace": text(s.ServiceNamespace), "TotalAuthenticatedEntities": number(s.TotalAuthenticatedEntities)}
		set(p, "LastAuthenticated", when(s.LastAuthenticated))
		set(p, "LastAuthenticatedRegion", text(s.LastAuthenticatedRegion))
		if len(s.TrackedActionsLastAccessed) > 0 {
			p["Actions"] = accessedActions(s.TrackedActionsLastAccessed)
		}
		list = append(list, p)
	}
	return list
}

// accessedActions lists the actions that AWS tracks, used or not.
func accessedActions(actions []types.TrackedActionLastAccessed) []any {
	slices.SortFunc(actions, func(a, b types.TrackedActionLastAccessed) int {
		return cmp.Compare(text(a.ActionName), text(b.ActionName))
	})
	list := make([]any, 0, len(actions))
	for _, a := range actions {
		p := map[string]any{"ActionName": text(a.ActionName)}
		set(p, "LastAccessedTime", when(a.LastAccessedTime))
		set(p, "LastAccessedRegion", text(a.LastAccessedRegion))
		list = append(list, p)
	}
	return list
}
