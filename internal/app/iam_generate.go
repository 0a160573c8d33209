package app

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
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
	for _, name := range o.Events {
		if info, err := os.Stat(name); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
			return nil, Usage(fmt.Errorf("--events %s: logs are read twice, so it has to be a file or a folder", name))
		}
	}
	out := &Generated{}
	var mapper activity.Mapper
	known := map[string]bool{}
	out.Read, out.Gaps, err = eachEvent(ctx, o, func(e *evidence.Event) {
		if tells(e, known) {
			if r, err := activity.Parse(e.Raw); err == nil {
				mapper.Learn(r)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if out.Read.Files == 0 {
		return nil, Usage(errNoLogs)
	}
	_, _, err = eachEvent(ctx, o, func(e *evidence.Event) {
		if dataEvent(e) {
			log.Saw(activity.Prefix(e.Service))
		}
		if e.Principal == "" || log.MayConcern(e.Principal) {
			generateFrom(log, &mapper, e)
		}
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

var errNoLogs = errors.New("--events: there are no CloudTrail files (.json, .json.gz, .jsonl) there")

// generateFrom adds an event to the log if it is its principal's.
func generateFrom(log *generate.Log, mapper *activity.Mapper, e *evidence.Event) {
	r, err := activity.Parse(e.Raw)
	if err != nil {
		log.Skip(e.Service+":"+e.Name, activity.Unreadable)
		return
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
}

// tells is a quick look whether a record may tell more of IAM than who made the
// call, which is known after the principal's first record.
func tells(e *evidence.Event, known map[string]bool) bool {
	const most = 1 << 16
	if e.Service == "iam.amazonaws.com" || e.Service == "sts.amazonaws.com" || !known[e.Principal] {
		if len(known) < most {
			known[e.Principal] = true
		}
		return true
	}
	return bytes.Count(e.Raw, []byte(":iam::")) > 1
}

// dataEvent tells whether the trail records what trails leave out unless told.
func dataEvent(e *evidence.Event) bool {
	if e.Service == "kms.amazonaws.com" {
		return true
	}
	if !bytes.Contains(e.Raw, []byte(`"Data"`)) && !bytes.Contains(e.Raw, []byte(`"managementEvent"`)) {
		return false
	}
	for _, mark := range []string{`"eventCategory":"Data"`, `"eventCategory": "Data"`, `"managementEvent":false`, `"managementEvent": false`} {
		if bytes.Contains(e.Raw, []byte(mark)) {
			return true
		}
	}
	return false
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
	read, gaps, err := eachEvent(ctx, o, func(e *evidence.Event) {
		r, err := activity.Parse(e.Raw)
		if err != nil {
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
		return nil, nil, Usage(errNoLogs)
	}
	out := make([]Actor, 0, len(known))
	for _, k := range known {
		out = append(out, *k)
	}
	slices.SortFunc(out, func(x, y Actor) int { return cmp.Or(cmp.Compare(y.Events, x.Events), cmp.Compare(x.ARN, y.ARN)) })
	return out, gaps, nil
}

// eachEvent reads the files once.
func eachEvent(ctx context.Context, o GenerateOptions, do func(*evidence.Event)) (cloudtrail.Stats, []evidence.Gap, error) {
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
		do(&e)
	}
	return reader.Stats(), gaps, nil
}
