package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access/generate"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// GenerateOptions say for whom a policy is made, and of which events.
type GenerateOptions struct {
	generate.Options
	Principal string // ARN of a user, a role or a session
	Events    []string
	Since     time.Time
	Until     time.Time
}

// Generated is a policy and what was read for it.
type Generated struct {
	*generate.Result
	Read cloudtrail.Stats
	Gaps []evidence.Gap
}

// IAMGenerate makes the least policy that covers what CloudTrail files show of a
// principal. The files are read twice: what later records tell (the path of a role)
// is needed for earlier ones, and keeping the records would cost memory.
func (a *App) IAMGenerate(ctx context.Context, o GenerateOptions) (*Generated, error) {
	log, err := generate.NewLog(o.Principal)
	if err != nil {
		return nil, Usage(err)
	}
	out := &Generated{}
	var mapper activity.Mapper
	out.Read, out.Gaps, err = eachRecord(ctx, o, func(_ *evidence.Event, r *activity.Record) {
		if r != nil {
			mapper.Learn(r)
		}
	})
	if err != nil {
		return nil, err
	}
	if out.Read.Files == 0 {
		return nil, Usage(errors.New("--events: there are no CloudTrail files (.json, .json.gz, .jsonl) there"))
	}
	_, _, err = eachRecord(ctx, o, func(e *evidence.Event, r *activity.Record) {
		if r == nil {
			return
		}
		if r.Data() || e.Service == "kms.amazonaws.com" {
			log.Saw(activity.Prefix(e.Service))
		}
		who, skip := r.Principal()
		if skip != activity.NoSkip || !log.Concerns(who) {
			return
		}
		log.Event(e.Time)
		calls, skip := mapper.Map(r)
		if skip != activity.NoSkip {
			log.Skip(e.Service+":"+e.Name, skip)
		}
		log.Add(calls)
	})
	if err != nil {
		return nil, err
	}
	if out.Result, err = log.Policy(o.Options); err != nil {
		return nil, err
	}
	if out.Events == 0 {
		return out, Usage(fmt.Errorf("no event of %s is in these files; --list names the principals that are", log.Principal()))
	}
	return out, nil
}

// Actor is a principal that CloudTrail files show.
type Actor struct {
	ARN    string    `json:"principal"` // of a session that of its role
	Events int       `json:"events"`
	Denied int       `json:"denied"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// IAMActors lists the users and roles that CloudTrail files show, the busiest first.
func (a *App) IAMActors(ctx context.Context, o GenerateOptions) ([]Actor, []evidence.Gap, error) {
	known := map[string]*Actor{}
	read, gaps, err := eachRecord(ctx, o, func(e *evidence.Event, r *activity.Record) {
		if r == nil {
			return
		}
		who, skip := r.Principal()
		if skip != activity.NoSkip {
			return
		}
		arn := who.ARN
		switch who.Kind {
		case iam.KindRole, iam.KindSession:
			arn = who.Role
		case iam.KindUser:
		default:
			return
		}
		k := known[arn]
		if k == nil {
			k = &Actor{ARN: arn, First: e.Time, Last: e.Time}
			known[arn] = k
		}
		k.Events++
		if r.Denied() {
			k.Denied++
		}
		if e.Time.Before(k.First) {
			k.First = e.Time
		}
		if e.Time.After(k.Last) {
			k.Last = e.Time
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if read.Files == 0 {
		return nil, nil, Usage(errors.New("--events: there are no CloudTrail files (.json, .json.gz, .jsonl) there"))
	}
	out := make([]Actor, 0, len(known))
	for _, k := range known {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(x, y Actor) int { return cmp.Or(cmp.Compare(y.Events, x.Events), cmp.Compare(x.ARN, y.ARN)) })
	return out, gaps, nil
}

// eachRecord reads the files once. A record that cannot be read in full is nil.
func eachRecord(ctx context.Context, o GenerateOptions, do func(*evidence.Event, *activity.Record)) (cloudtrail.Stats, []evidence.Gap, error) {
	files, err := cloudtrail.Local(o.Events...)
	if err != nil {
		return cloudtrail.Stats{}, nil, Usage(err)
	}
	reader := cloudtrail.Reader{Files: files, Since: o.Since, Until: o.Until}
	var gaps []evidence.Gap
	for e, err := range reader.Events(ctx) {
		if fault := (*cloudtrail.Fault)(nil); errors.As(err, &fault) {
			gaps = append(gaps, fault.Gap())
			continue
		}
		if err != nil {
			return cloudtrail.Stats{}, nil, err
		}
		r, err := activity.Parse(e.Raw)
		if err != nil {
			r = nil
		}
		do(&e, r)
	}
	return reader.Stats(), gaps, nil
}
