package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store/lake"
)

// TrailTimelineOptions say whose timeline it is.
type TrailTimelineOptions struct {
	Dir          string
	Who          string // an ARN, an access key, or a name
	Since, Until time.Time
	Accounts     []string
	Regions      []string
	Limit        int // 0 is all

	Entry func(*TrailEntry) error
	Fault func(*lake.Fault)
}

// TrailEntry is an event of a timeline.
type TrailEntry struct {
	evidence.Event
	By bool // it was done by what the timeline is of
	To bool // it was done to it, or names it
	// Via is the access key of a session that it took on, where it acted through that.
	Via string
}

// TrailTimelined is what a timeline came to.
type TrailTimelined struct {
	By, To, Via int
	Sessions    int // that were taken on
	More        bool
	Faults      int
	// Cut is set where more sessions were taken on than are followed.
	Cut bool
}

// Unseen says why there may be more; nil where there is not.
func (t *TrailTimelined) Unseen() error {
	if t.Cut {
		return fmt.Errorf("only the first %d sessions that it took on were followed", mostSessions)
	}
	return unseenLake(t.Faults)
}

// How far chains of sessions are followed.
const (
	mostSessions = 10_000
	mostLinks    = 6
)

// TrailTimeline gives everything that was done by something or to it, in order of time:
// its own calls, those of sessions that it took on, and theirs in turn; and the calls
// that name it as a resource or as a value.
func (a *App) TrailTimeline(ctx context.Context, o TrailTimelineOptions) (*TrailTimelined, error) {
	if strings.TrimSpace(o.Who) == "" {
		return nil, Usage(errors.New("name an ARN, an access key or a name"))
	}
	l, err := a.OpenLake(o.Dir)
	if err != nil {
		return nil, err
	}
	t := &timeline{o: o, lake: l, out: &TrailTimelined{}, by: principalTerms(o.Who), to: resourceTerms(o.Who), keys: map[string]bool{}}
	if err := t.follow(ctx); err != nil {
		return t.out, lakeUsage(err)
	}
	return t.out, lakeUsage(t.run(ctx))
}

type timeline struct {
	o    TrailTimelineOptions
	lake *lake.Lake
	out  *TrailTimelined
	by   []lake.Term
	to   []lake.Term
	keys map[string]bool // access keys of sessions that were taken on
	rows LakeRows
}

// assuming are the calls that answer with the credentials of a new session.
var assuming = []string{"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken", "GetSessionToken", "CreateSession"}

var sessionKeyPath = cloudtrail.NewPath("responseElements", "credentials", "accessKeyId")

// follow finds the sessions that were taken on, link by link: who has their access keys
// acts for what the timeline is of.
func (t *timeline) follow(ctx context.Context) error {
	who := lake.Filter(t.by)
	for range mostLinks {
		found, err := t.taken(ctx, who)
		if err != nil || len(found) == 0 {
			return err
		}
		who = lake.Filter{{Column: lake.AccessKey, Match: func(v string) bool { return found[v] }}}
	}
	return nil
}

// taken gives the sessions that somebody took on and that are not known yet.
func (t *timeline) taken(ctx context.Context, who lake.Filter) (map[string]bool, error) {
	q := t.query(who, lake.Filter{{Column: lake.Operation, Match: func(v string) bool { return slices.Contains(assuming, v) }}})
	found := map[string]bool{}
	for e, err := range t.lake.Events(ctx, q) {
		if fault := (*lake.Fault)(nil); errors.As(err, &fault) {
			continue // run comes across it again
		}
		if err != nil {
			return nil, err
		}
		r, err := cloudtrail.ParseRecord(e.Raw)
		if err != nil {
			continue
		}
		key := r.Get(sessionKeyPath).Text()
		if key == "" || t.keys[key] {
			continue
		}
		if len(t.keys) == mostSessions {
			t.out.Cut = true
			return found, nil
		}
		t.keys[key], found[key] = true, true
	}
	t.out.Sessions = len(t.keys)
	return found, nil
}

func (t *timeline) query(where ...lake.Filter) lake.Query {
	return lake.Query{Since: t.o.Since, Until: t.o.Until, Accounts: t.o.Accounts, Regions: t.o.Regions, Where: where, Raw: true}
}

func (t *timeline) run(ctx context.Context) error {
	all := slices.Concat(t.by, t.to)
	if len(t.keys) > 0 {
		all = append(all, lake.Term{Column: lake.AccessKey, Match: func(v string) bool { return t.keys[v] }})
	}
	n := 0
	for e, err := range t.lake.Events(ctx, t.query(all)) {
		if fault := (*lake.Fault)(nil); errors.As(err, &fault) {
			t.out.Faults++
			if t.o.Fault != nil {
				t.o.Fault(fault)
			}
			continue
		}
		if err != nil {
			return err
		}
		if t.o.Limit > 0 && n == t.o.Limit {
			t.out.More = true
			return nil
		}
		n++
		entry := &TrailEntry{Event: e}
		t.judge(entry)
		if err := t.o.Entry(entry); err != nil {
			return err
		}
	}
	return nil
}

// judge says in which direction an event belongs to the timeline.
func (t *timeline) judge(e *TrailEntry) {
	r, err := cloudtrail.ParseRecord(e.Raw)
	if err != nil {
		e.To = true // its columns say no more
		t.out.To++
		return
	}
	row := t.rows.Of("", r)
	e.By = holds(t.by, row)
	if key := string(row.Text[lake.AccessKey]); !e.By && t.keys[key] {
		e.Via = key
		t.out.Via++
	}
	// Its own name stands in what it does: only what asks for or answers with it, or is
	// listed as a resource, is done to it.
	e.To = holds(t.to, &lake.Row{Resources: row.Resources, Raw: asked(r)})
	if e.By {
		t.out.By++
	}
	if e.To {
		t.out.To++
	}
}

// asked is what a record says beside who called.
func asked(r *cloudtrail.Record) []byte {
	var out []byte
	for _, f := range []cloudtrail.Field{cloudtrail.RequestParameters, cloudtrail.ResponseElements, cloudtrail.AdditionalEventData, cloudtrail.ServiceEventDetails} {
		out = append(append(out, r.Value(f).Raw()...), '\n')
	}
	return out
}

// holds tells whether one of the terms holds for a row.
func holds(terms []lake.Term, row *lake.Row) bool {
	return slices.ContainsFunc(terms, func(t lake.Term) bool {
		switch {
		case t.Raw != nil:
			return t.Raw(row.Raw)
		case t.Column == lake.ResourceARN:
			return slices.ContainsFunc(row.Resources, func(r lake.Resource) bool { return t.Match(string(r.ARN)) })
		}
		v := string(row.Text[t.Column])
		return v != "" && t.Match(v)
	})
}
