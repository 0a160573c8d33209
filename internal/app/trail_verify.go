package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
)

// TrailVerifyOptions say which digests to verify.
type TrailVerifyOptions struct {
	Dir     string // a mirror; "" asks AWS
	Trail   string // ARN; has to be given without Dir
	Profile string // of the AWS configuration

	Start, End                    time.Time // zero is open; live, the last day and now
	Organization, Account, Region string

	// Each takes every verdict and gap, in a lasting order, and Uncovered then the log
	// files that no valid digest lists.
	Each      func(digest.Item) error
	Uncovered func(digest.Location, digest.Place) error
}

// TrailTotals count what came out of one chain.
type TrailTotals struct {
	Account, Region, Trail string
	Home                   string // Region in which the trail was made
	Backfill, Stray        bool
	Digests, Logs          map[digest.Status]int
	Bytes                  int64     // of logs, uncompressed
	From, To               time.Time // the time that valid digests speak for
	Gaps                   int
}

// TrailVerified is what a verification came to.
type TrailVerified struct {
	Start, End time.Time // as asked for; zero is open
	Chains     []TrailTotals
	Uncovered  map[digest.Place]int
}

// Count adds up the objects with a verdict.
func (v *TrailVerified) Count(k digest.Kind, s digest.Status) int {
	n := 0
	for _, c := range v.Chains {
		if k == digest.KindDigest {
			n += c.Digests[s]
		} else {
			n += c.Logs[s]
		}
	}
	return n
}

// Bad counts what is invalid or missing.
func (v *TrailVerified) Bad() int {
	n := 0
	for _, s := range []digest.Status{digest.Invalid, digest.Missing} {
		n += v.Count(digest.KindDigest, s) + v.Count(digest.KindLog, s)
	}
	return n
}

// Unseen says why there is no whole answer; nil where there is one.
func (v *TrailVerified) Unseen() error {
	unknown := v.Count(digest.KindDigest, digest.Unknown) + v.Count(digest.KindLog, digest.Unknown)
	switch {
	case len(v.Chains) == 0:
		return errors.New("no digest was found for what was asked; log file validation may be off, or --trail-arn, --start, --end, --organization-id, --account-id or --region leave nothing")
	case unknown > 0:
		return fmt.Errorf("%d objects could not be judged; the reason is beside each", unknown)
	case v.Bad() == 0 && v.Count(digest.KindDigest, digest.Valid) == 0:
		return errors.New("no digest could be verified: no signature of any is known; metadata.json holds those of a mirror")
	}
	return nil
}

// trailWorld is where digests and logs lie: a mirror, or AWS.
type trailWorld struct {
	objects  digest.Objects
	keys     digest.PublicKeys
	each     func(ctx context.Context, kind string, visit func(digest.Location) error) error
	parallel int // objects read at a time; zero is by CPU
}

// TrailVerify verifies the digests of trails, and the log files they list.
func (a *App) TrailVerify(ctx context.Context, o TrailVerifyOptions) (*TrailVerified, error) {
	f, err := trailFilter(o)
	if err != nil {
		return nil, Usage(err)
	}
	if o.Dir == "" {
		f = a.recent(f)
	}
	var world *trailWorld
	if o.Dir != "" {
		world, err = mirrorWorld(o.Dir)
	} else {
		world, err = a.liveWorld(ctx, o, &f)
	}
	if err != nil {
		return nil, err
	}
	out := &TrailVerified{Start: f.Start, End: f.End, Uncovered: map[digest.Place]int{}}
	return out, out.run(ctx, world, f, o)
}

func trailFilter(o TrailVerifyOptions) (digest.Filter, error) {
	f := digest.Filter{
		Organization: o.Organization, Account: o.Account, Region: o.Region,
		Window: digest.Window{Start: o.Start.UTC(), End: o.End.UTC()},
	}
	if o.Start.IsZero() {
		f.Start = time.Time{}
	}
	if o.End.IsZero() {
		f.End = time.Time{}
	}
	if !f.Start.IsZero() && !f.End.IsZero() && f.Start.After(f.End) {
		return f, fmt.Errorf("--start %s is later than --end %s", f.Start.Format(time.RFC3339), f.End.Format(time.RFC3339))
	}
	if o.Trail == "" {
		if o.Dir == "" {
			return f, errors.New("name the folder of a mirror, or with --trail-arn a trail in AWS")
		}
		return f, nil
	}
	arn, err := parseTrailARN(o.Trail)
	f.Trail, f.Home, f.Owner = arn.name, arn.home, arn.owner
	return f, err
}

// recent is the last day, where no time is given: a whole trail may be years.
func (a *App) recent(f digest.Filter) digest.Filter {
	if f.End.IsZero() {
		f.End = a.Now().UTC()
	}
	if f.Start.IsZero() {
		f.Start = f.End.Add(-24 * time.Hour)
	}
	return f
}

func mirrorWorld(dir string) (*trailWorld, error) {
	m, err := digest.OpenMirror(dir)
	if err != nil {
		return nil, Usage(err)
	}
	if m.Keys == nil || m.Keys.Len() == 0 {
		return nil, &ExitError{Code: ExitUnseen, Err: fmt.Errorf("nothing can be verified without public keys: put the answer of `aws cloudtrail list-public-keys --start-time … --end-time …`, asked in the Region of the digests, into %s/public_keys.json", dir)}
	}
	each := func(ctx context.Context, _ string, visit func(digest.Location) error) error {
		return m.Each(ctx, visit)
	}
	return &trailWorld{objects: m, keys: m.Keys, each: each}, nil
}

// liveParallel is how many objects of S3 are read at a time.
const liveParallel = 32

func (a *App) liveWorld(ctx context.Context, o TrailVerifyOptions, f *digest.Filter) (*trailWorld, error) {
	if a.OpenTrails == nil {
		return nil, Usage(errNoLive)
	}
	r, err := a.OpenTrails(ctx, o.Profile, f.Home)
	if err != nil {
		return nil, Usage(err)
	}
	live, err := openLive(ctx, r, o.Trail, *f)
	if err != nil {
		return nil, Usage(err)
	}
	*f = live.filter
	return &trailWorld{
		objects: liveObjects{r}, keys: &digest.Asked{Ask: r.PublicKeys}, each: live.Each,
		parallel: liveParallel,
	}, nil
}

// run verifies, counts, and looks for logs that no digest speaks for.
func (v *TrailVerified) run(ctx context.Context, w *trailWorld, f digest.Filter, o TrailVerifyOptions) error {
	found := digest.Chains{Filter: f}
	if err := w.each(ctx, "CloudTrail-Digest", func(l digest.Location) error { found.Add(l); return nil }); err != nil {
		return unlisted(ctx, err)
	}
	chains := found.All()
	totals := map[*digest.Chain]*TrailTotals{}
	v.Chains = make([]TrailTotals, len(chains))
	for i, c := range chains {
		v.Chains[i] = TrailTotals{
			Account: c.Account, Region: c.Region, Trail: c.Trail, Home: c.Home, Backfill: c.Backfill, Stray: c.Stray,
			Digests: map[digest.Status]int{}, Logs: map[digest.Status]int{},
		}
		totals[c] = &v.Chains[i]
	}
	coverage := digest.Coverage{Filter: f}
	verifier := digest.Verifier{Objects: w.objects, Keys: w.keys, Window: f.Window, Parallel: w.parallel}
	err := verifier.Run(ctx, chains, func(i digest.Item) error {
		coverage.Add(i)
		totals[i.Chain].add(i)
		return o.Each(i)
	})
	if err != nil || len(chains) == 0 {
		return err
	}
	var taken error
	err = w.each(ctx, "CloudTrail", func(l digest.Location) error {
		if place, ok := coverage.Uncovered(l); ok {
			v.Uncovered[place]++
			taken = o.Uncovered(l, place)
		}
		return taken
	})
	if taken != nil {
		return taken
	}
	return unlisted(ctx, err)
}

// unlisted is the error of a listing: without it nothing is certain.
func unlisted(ctx context.Context, err error) error {
	if stop := ctx.Err(); stop != nil {
		return stop
	}
	return Usage(err)
}

func (t *TrailTotals) add(i digest.Item) {
	if i.Gap != nil {
		t.Gaps++
		return
	}
	counts := t.Digests
	if i.Object.Kind == digest.KindLog {
		counts = t.Logs
		t.Bytes += i.Object.Bytes
	}
	counts[i.Object.Status]++
	if i.Start.IsZero() {
		return
	}
	if t.From.IsZero() || i.Start.Before(t.From) {
		t.From = i.Start
	}
	if i.End.After(t.To) {
		t.To = i.End
	}
}

// Open are the chains that end more than a digest's usual delay before the end that
// was asked for: what they do not speak for may be deleted as well as never delivered.
func (v *TrailVerified) Open() []TrailTotals {
	const delay = 2 * time.Hour
	var out []TrailTotals
	for _, c := range v.Chains {
		if !v.End.IsZero() && !c.Backfill && !c.Stray && !c.To.IsZero() && c.To.Before(v.End.Add(-delay)) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b TrailTotals) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region))
	})
	return out
}
