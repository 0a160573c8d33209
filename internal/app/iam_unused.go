package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
	"holdfast.dev/holdfast/internal/operate/access/unused"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store"
)

// UnusedOptions say what to look at: files, or else the store.
type UnusedOptions struct {
	unused.Options
	AccessOptions
	Past   bool     // AsOf was asked for
	Events []string // files and folders of CloudTrail logs
}

// UnusedReport is what is unused, and what of the logs could not be read.
type UnusedReport struct {
	*unused.Report
	Logs   *LogsRead `json:"logs,omitempty"` // nil where none were read
	Faults []string  `json:"faults,omitempty"`
}

// LogsRead is what of CloudTrail was looked at.
type LogsRead struct {
	Files  int       `json:"files"`
	Faulty int       `json:"faulty"`
	Events int       `json:"events"`
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
}

// Unused finds what nobody uses as of an instant. Of files that is the time at
// which the oldest was written, unless the caller knows better.
func (a *App) Unused(ctx context.Context, o UnusedOptions) (*UnusedReport, error) {
	var from unused.Evidence
	var err error
	if len(o.Files) > 0 {
		from, err = unusedFiles(ctx, &o)
	} else {
		from, err = a.unusedStore(ctx, o.AccessOptions)
	}
	if err != nil {
		return nil, err
	}
	out := &UnusedReport{}
	if len(o.Events) > 0 {
		if from.Uses, err = out.uses(ctx, o.Events, o.AsOf); err != nil {
			return nil, err
		}
	}
	out.Report, err = unused.Find(from, o.AsOf, o.Options)
	return out, err
}

// unusedStore is the evidence of the store.
func (a *App) unusedStore(ctx context.Context, o AccessOptions) (unused.Evidence, error) {
	estate, err := a.Access(ctx, o)
	if err != nil {
		return unused.Evidence{}, err
	}
	from := unused.Evidence{Resources: decoded(ctx, o.Store, o.AsOf, unused.Types()), Identity: identities(estate)}
	if from.Accounts, err = o.Store.Accounts(ctx); err != nil {
		return from, err
	}
	if from.Gaps, err = o.Store.Gaps(ctx, o.AsOf); err != nil {
		return from, err
	}
	from.Seen, err = lastSeen(ctx, o.Store, o.AsOf)
	return from, err
}

// unusedFiles is the evidence that files hold.
func unusedFiles(ctx context.Context, o *UnusedOptions) (unused.Evidence, error) {
	declared, err := accessFiles(ctx, o.AccessOptions)
	if err != nil {
		return unused.Evidence{}, err
	}
	estate, err := access.Load(declared)
	if err != nil {
		return unused.Evidence{}, err
	}
	for _, name := range o.Files {
		info, err := os.Stat(name)
		if err != nil {
			return unused.Evidence{}, Usage(err)
		}
		if written := info.ModTime().UTC(); !o.Past && written.Before(o.AsOf) {
			o.AsOf = written
		}
	}
	at := o.AsOf
	return unused.Evidence{
		Resources: declared.Resources, Gaps: declared.Gaps, Identity: identities(estate), Accounts: slices.Sorted(maps.Keys(declared.Listed)),
		Seen: func(account, typ string) (seen time.Time) {
			if declared.Listed[account][typ] {
				seen = at
			}
			return seen
		},
	}, nil
}

func identities(e *access.Estate) func(arn string) (iam.Set, bool) {
	return func(arn string) (iam.Set, bool) {
		s, err := e.Subject(arn)
		if err != nil {
			return iam.Set{}, false
		}
		return s.Identity, true
	}
}

// lastSeen tells when a type was last listed whole in an account.
func lastSeen(ctx context.Context, s *store.Store, at time.Time) (func(account, typ string) time.Time, error) {
	scopes, err := s.Scopes(ctx, at)
	if err != nil {
		return nil, err
	}
	seen := map[[2]string]time.Time{}
	for _, scope := range scopes {
		key := [2]string{scope.Account, scope.Type}
		if scope.Seen.After(seen[key]) {
			seen[key] = scope.Seen
		}
	}
	return func(account, typ string) time.Time { return seen[[2]string{account, typ}] }, nil
}

// mostFaults is how many faults of the logs a report keeps.
const mostFaults = 20

// uses reads from logs who did what when. Every look at the logs goes back as far
// as a question may.
func (r *UnusedReport) uses(ctx context.Context, paths []string, at time.Time) (*unused.Uses, error) {
	files, err := cloudtrail.Local(paths...)
	if err != nil {
		return nil, Usage(err)
	}
	reader := &cloudtrail.Reader{Files: files, Since: at.AddDate(0, 0, -unused.MaxDays), Until: at}
	uses, mapper := &unused.Uses{}, &activity.Mapper{}
	for e, err := range reader.Events(ctx) {
		var fault *cloudtrail.Fault
		switch {
		case errors.As(err, &fault):
			if len(r.Faults) < mostFaults {
				r.Faults = append(r.Faults, fault.Error())
			}
		case err != nil:
			return nil, err
		default:
			addUses(uses, mapper, e)
		}
	}
	stats := reader.Stats()
	r.Logs = &LogsRead{Files: stats.Files, Faulty: stats.Faulty, Events: stats.Events, First: stats.First, Last: stats.Last}
	if stats.Events == 0 {
		why := ""
		if len(r.Faults) > 0 {
			why = "; " + r.Faults[0]
		}
		return nil, Usage(fmt.Errorf("there is no CloudTrail event of the last %d days in %s%s", unused.MaxDays, strings.Join(paths, ", "), why))
	}
	return uses, nil
}

// addUses takes what one event used. A call that was refused shows that somebody
// is there, but used nothing.
func addUses(uses *unused.Uses, mapper *activity.Mapper, e evidence.Event) {
	uses.Add(e.Principal, "", e.Time)
	calls, _ := mapper.Of(e.Raw)
	for _, c := range calls {
		if c.Denied || c.Request.Principal == nil {
			continue
		}
		who := c.Request.Principal.ARN
		if c.Request.Principal.Role != "" {
			who = c.Request.Principal.Role
		}
		uses.Add(who, c.Request.Action, e.Time)
	}
}
