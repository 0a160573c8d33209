package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/store"
)

// logAccount finds the account in the key of a log file.
var logAccount = regexp.MustCompile(`/([0-9]{12})/CloudTrail/`)

// TrailUncovered counts, by account, the log files that no valid digest lists although
// digests speak for their time. Count is an Uncovered of TrailVerifyOptions.
type TrailUncovered map[string]int

// Count takes one log file.
func (u TrailUncovered) Count(l digest.Location, p digest.Place) error {
	if m := logAccount.FindStringSubmatch("/" + l.Key); m != nil && p == digest.Within {
		u[m[1]]++
	}
	return nil
}

// RecordVerified keeps what a verification came to as evidence: a resource for each
// account and trail. The trail of --trail-arn is trail, or "" where none was named.
func (a *App) RecordVerified(ctx context.Context, s *store.Store, v *TrailVerified, trail string, uncovered TrailUncovered, args []string) error {
	run, err := s.Begin(ctx, store.Run{Kind: "verify", Args: args})
	if err != nil {
		return err
	}
	at := a.Now().UTC()
	known, err := trailsKnown(ctx, s, at)
	if err != nil {
		return errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
	}
	for _, b := range integrityBatches(verified(v, trail, known.trails, uncovered, at), known.verified, at) {
		if _, err := s.Apply(ctx, run, b); err != nil {
			return errors.Join(err, run.Finish(context.WithoutCancel(ctx), store.Failed, nil))
		}
	}
	return run.Finish(ctx, store.Finished, nil)
}

// integrityBatches are a batch for each account and Region. What was verified of other
// trails before stays, so that the list of what was verified is whole.
func integrityBatches(now, before []*evidence.Resource, at time.Time) []store.Batch {
	type place struct{ account, region string }
	byPlace := map[place]*store.Batch{}
	var order []place
	for _, r := range now {
		key := place{r.Account, r.Region}
		if byPlace[key] == nil {
			byPlace[key] = &store.Batch{At: at, Account: r.Account, Region: r.Region, Unit: "verify", Complete: []string{review.TypeIntegrity}}
			order = append(order, key)
		}
		byPlace[key].Resources = append(byPlace[key].Resources, r)
	}
	for _, r := range before {
		b := byPlace[place{r.Account, r.Region}]
		if b != nil && !slices.ContainsFunc(b.Resources, func(x *evidence.Resource) bool { return x.ID == r.ID }) {
			b.Resources = append(b.Resources, r)
		}
	}
	var out []store.Batch
	for _, key := range order {
		out = append(out, *byPlace[key])
	}
	return out
}

// trailName is what digests say of a trail: its name, and the Region it was made in.
type trailName struct{ account, name, home string }

// knownTrails is what the store tells of trails: their ARNs, by each account that sees
// them, and what was verified before.
type knownTrails struct {
	trails   map[trailName]string
	verified []*evidence.Resource
}

func trailsKnown(ctx context.Context, s *store.Store, at time.Time) (*knownTrails, error) {
	out := &knownTrails{trails: map[trailName]string{}}
	var d evidence.Decoder
	for record, err := range s.Records(ctx, at, store.Query{Types: []string{"AWS::CloudTrail::Trail", review.TypeIntegrity}}) {
		if err != nil {
			return nil, err
		}
		r, err := record.Resource(&d)
		if err != nil {
			return nil, err
		}
		if r.Type == review.TypeIntegrity {
			out.verified = append(out.verified, r)
			continue
		}
		arn := cmp.Or(r.ARN, r.ID)
		if t, err := parseTrailARN(arn); err == nil {
			out.trails[trailName{r.Account, t.name, t.home}] = arn
		}
	}
	return out, nil
}

// verified sums the chains up by account and trail.
func verified(v *TrailVerified, trail string, known map[trailName]string, uncovered TrailUncovered, at time.Time) []*evidence.Resource {
	groups := map[trailName][]TrailTotals{}
	for _, c := range v.Chains {
		if c.Stray {
			continue
		}
		key := trailName{c.Account, c.Trail, c.Home}
		groups[key] = append(groups[key], c)
	}
	var out []*evidence.Resource
	for key, chains := range groups {
		arn := known[key]
		switch {
		case trail != "":
			arn = trail
		case arn == "":
			arn = fmt.Sprintf("arn:%s:cloudtrail:%s:%s:trail/%s", partitionOf(key.home), key.home, key.account, key.name)
		}
		r := &evidence.Resource{Type: review.TypeIntegrity, ID: arn, ARN: arn, Account: key.account, Region: key.home, Source: "verify"}
		r.Properties = integrityOf(chains, uncovered[key.account])
		r.Properties["TrailArn"], r.Properties["VerifiedAt"] = arn, at.Format(time.RFC3339)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *evidence.Resource) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// partitionOf is the partition of a Region.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func integrityOf(chains []TrailTotals, uncovered int) map[string]any {
	var from, to time.Time
	regions := map[string]bool{}
	counts := map[digest.Status]int{}
	digests, logs, gaps := 0, 0, 0
	for _, c := range chains {
		regions[c.Region] = true
		for _, list := range []map[digest.Status]int{c.Digests, c.Logs} {
			for status, n := range list {
				counts[status] += n
			}
		}
		digests, logs, gaps = digests+c.Digests[digest.Valid], logs+c.Logs[digest.Valid], gaps+c.Gaps
		if !c.From.IsZero() && (from.IsZero() || c.From.Before(from)) {
			from = c.From
		}
		if c.To.After(to) {
			to = c.To
		}
	}
	names := []any{}
	for _, name := range sortedNames(regions) {
		names = append(names, name)
	}
	p := map[string]any{
		"Regions": names, "Digests": int64(digests), "Logs": int64(logs), "Invalid": int64(counts[digest.Invalid]), "Missing": int64(counts[digest.Missing]),
		"Gaps": int64(gaps), "Uncovered": int64(uncovered),
	}
	if !from.IsZero() {
		p["From"], p["To"] = from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)
	}
	switch bad := counts[digest.Invalid] + counts[digest.Missing] + gaps + uncovered; {
	case bad > 0:
		p["Valid"] = false
	case counts[digest.Unknown] > 0 || digests == 0:
		p["Valid"] = evidence.Unknown{Reason: fmt.Sprintf("%d objects could not be judged", counts[digest.Unknown])}
	default:
		p["Valid"] = true
	}
	return p
}

func sortedNames(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for name := range set {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
