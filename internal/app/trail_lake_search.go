package app

import (
	"context"
	"errors"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store/lake"
)

// TrailSearchOptions say which events are looked for. Values of one field are
// alternatives; fields have to fit together.
type TrailSearchOptions struct {
	Dir          string // of the lake
	Since, Until time.Time
	Accounts     []string
	Regions      []string
	Principals   []string
	Actions      []string
	Resources    []string
	IPs          []string
	Errors       []string
	Events       []string // ids
	Where        string   // CEL
	Raw          bool     // events are handed over with their records
	Limit        int      // 0 is all

	Event func(*evidence.Event) error
	Fault func(*lake.Fault)
}

// TrailSearched is what a search came to.
type TrailSearched struct {
	Found  int
	More   bool // there are more than the limit
	Faults int
}

// Unseen says why there may be more than was found; nil where there is not.
func (s *TrailSearched) Unseen() error { return unseenLake(s.Faults) }

func unseenLake(faults int) error {
	if faults == 0 {
		return nil
	}
	return errors.New("files of the lake could not be read, so there may be more than this")
}

// TrailSearch looks for events in the lake, in order of time.
func (a *App) TrailSearch(ctx context.Context, o TrailSearchOptions) (*TrailSearched, error) {
	q, fits, err := o.query()
	if err != nil {
		return nil, Usage(err)
	}
	l, err := a.OpenLake(o.Dir)
	if err != nil {
		return nil, err
	}
	out := &TrailSearched{}
	for e, err := range l.Events(ctx, q) {
		var fault *lake.Fault
		switch {
		case errors.As(err, &fault):
			out.Faults++
			if o.Fault != nil {
				o.Fault(fault)
			}
			continue
		case err != nil:
			return out, lakeUsage(err)
		case !fits(&e):
			continue
		case o.Limit > 0 && out.Found == o.Limit:
			out.More = true
			return out, nil
		}
		out.Found++
		if err := o.Event(&e); err != nil {
			return out, err
		}
	}
	return out, nil
}

// query turns what is asked for into what the lake understands, and what is left to
// decide for each event.
func (o *TrailSearchOptions) query() (lake.Query, func(*evidence.Event) bool, error) {
	q := lake.Query{Since: o.Since, Until: o.Until, Accounts: o.Accounts, Regions: o.Regions, Raw: o.Raw || o.Where != ""}
	if !o.Since.IsZero() && !o.Until.IsZero() && !o.Since.Before(o.Until) {
		return q, nil, errors.New("--since is not before --until")
	}
	add := func(f lake.Filter) {
		if len(f) > 0 {
			q.Where = append(q.Where, f)
		}
	}
	var events, principals, resources, ips, failures lake.Filter
	for _, id := range o.Events {
		events = append(events, lake.Term{Column: lake.ID, Equal: id})
	}
	for _, p := range o.Principals {
		principals = append(principals, principalTerms(p)...)
	}
	for _, r := range o.Resources {
		resources = append(resources, resourceTerms(r)...)
	}
	for _, ip := range o.IPs {
		t, err := addressTerm(ip)
		if err != nil {
			return q, nil, err
		}
		ips = append(ips, t)
	}
	for _, e := range o.Errors {
		failures = append(failures, lake.Term{Column: lake.Error, Match: matcher(e)})
	}
	var actions []trailAction
	for _, s := range o.Actions {
		a, err := parseAction(s)
		if err != nil {
			return q, nil, err
		}
		actions = append(actions, a)
	}
	for _, f := range []lake.Filter{events, principals, ips, failures, resources} {
		add(f)
	}
	if len(actions) > 0 {
		q.Where = append(q.Where, actionFilters(actions)...)
	}
	var free *where
	if o.Where != "" {
		var err error
		if free, err = parseWhere(o.Where); err != nil {
			return q, nil, err
		}
	}
	return q, func(e *evidence.Event) bool { return fitsAction(actions, e) && free.holds(e) }, nil
}
