package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/store"
)

// keeper writes what a collection finds into the store and counts it.
type keeper struct {
	store      *store.Store
	run        *store.Run
	collectors []aws.Collector
	visited    map[string]bool // accounts that this run reads themselves
	done       *Collected
	corrupt    map[string]bool // what could not be understood
}

func visited(w *aws.World) map[string]bool {
	out := map[string]bool{}
	for _, t := range w.Targets {
		out[t.Account] = true
	}
	return out
}

// batch writes one unit. Its gaps and its mark in the journal come last, so
// that a unit which was not written whole runs again.
func (k *keeper) batch(ctx context.Context, b aws.Batch, at time.Time) error {
	if err := k.leavers(ctx, b, at); err != nil {
		return err
	}
	for _, part := range storeBatches(b, at) {
		if err := k.apply(ctx, part); err != nil {
			return err
		}
	}
	if b.Unit.Collector == aws.Discovery && len(b.Gaps) == 0 {
		return nil // it ends the gap of an earlier run, and found nothing to count
	}
	k.done.Units++
	k.done.Gaps += len(b.Gaps)
	for _, g := range b.Gaps {
		if g.Reason == evidence.Corrupt {
			k.corrupt[g.Detail] = true
		}
	}
	return nil
}

// unreadable is what to say of saved responses that are no JSON. They are gaps
// like others, but the person who saved them can mend them.
func (k *keeper) unreadable(from string) error {
	if from == "" || len(k.corrupt) == 0 {
		return nil
	}
	details := slices.Sorted(maps.Keys(k.corrupt))
	more := ""
	if len(details) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(details)-1)
	}
	return Usage(fmt.Errorf("in %s: %s%s; everything else was read and is kept: save that response again and run the same command", from, details[0], more))
}

func (k *keeper) apply(ctx context.Context, b store.Batch) error {
	applied, err := k.store.Apply(ctx, k.run, b)
	if err != nil {
		return err
	}
	k.done.Resources += applied.Seen
	k.done.New += applied.New
	k.done.Changed += applied.Changed
	k.done.Gone += applied.Gone
	return nil
}

// storeBatches are the store's batches of one unit. The store takes a listing
// as whole for the batch's own account, and the organisation's unit tells of
// others too (the management account, when a delegated administrator reads it).
func storeBatches(b aws.Batch, at time.Time) []store.Batch {
	last := store.Batch{At: at, Account: b.Unit.Account, Unit: b.Unit.String(), Gaps: b.Gaps, Complete: b.Complete, Finishes: b.Unit.String()}
	if b.Unit.Region != evidence.Global {
		last.Region = b.Unit.Region
	}
	others := map[string]*store.Batch{}
	for i := range b.Resources {
		r := &b.Resources[i]
		if b.Unit.Scope != aws.OrgWide || r.Account == last.Account {
			last.Resources = append(last.Resources, r)
			continue
		}
		other := others[r.Account]
		if other == nil {
			other = &store.Batch{At: at, Account: r.Account, Unit: last.Unit, Complete: b.Complete}
			others[r.Account] = other
		}
		other.Resources = append(other.Resources, r)
	}
	var out []store.Batch
	for _, account := range slices.Sorted(maps.Keys(others)) {
		out = append(out, *others[account])
	}
	return append(out, last)
}

// leavers closes the evidence of accounts that left the organisation: nobody
// will look at them again, and they are not this estate's any more. Accounts of
// other organisations, and those read for themselves, stay.
func (k *keeper) leavers(ctx context.Context, b aws.Batch, at time.Time) error {
	if b.Members == nil || b.Org == "" {
		return nil
	}
	var gone []string
	var decoder evidence.Decoder
	for record, err := range k.store.Records(ctx, at, store.Query{Types: []string{evidence.TypeAccount}}) {
		if err != nil {
			return err
		}
		r, err := record.Resource(&decoder)
		if err != nil {
			return err
		}
		_, member := slices.BinarySearch(b.Members, r.ID)
		if !member && !k.visited[r.ID] && strings.Contains(r.ARN, ":account/"+b.Org+"/") {
			gone = append(gone, r.ID)
		}
	}
	for _, account := range gone {
		if err := k.leave(ctx, account, at); err != nil {
			return err
		}
	}
	return nil
}

func (k *keeper) leave(ctx context.Context, account string, at time.Time) error {
	types := map[string]bool{}
	for record, err := range k.store.Records(ctx, at, store.Query{Accounts: []string{account}}) {
		if err != nil {
			return err
		}
		types[record.Type] = true
	}
	unit := aws.Unit{Account: account, Region: evidence.Global, Collector: "left"}
	if err := k.apply(ctx, store.Batch{At: at, Account: account, Unit: unit.String(), Complete: slices.Sorted(maps.Keys(types))}); err != nil {
		return err
	}
	gaps, err := k.store.Gaps(ctx, at)
	if err != nil {
		return err
	}
	regions := map[string]bool{}
	for _, g := range gaps {
		if g.Account == account {
			regions[g.Region] = true
		}
	}
	for _, region := range slices.Sorted(maps.Keys(regions)) {
		if err := k.forget(ctx, account, region, at); err != nil {
			return err
		}
	}
	return nil
}

// forget ends the gaps that any unit had in a Region of an account. The unit
// that found a gap is not known, so it is ended for every unit there can be.
func (k *keeper) forget(ctx context.Context, account, region string, at time.Time) error {
	names := []string{"discovery"}
	for _, c := range k.collectors {
		names = append(names, c.Name)
	}
	for _, name := range names {
		b := store.Batch{At: at, Account: account, Unit: aws.Unit{Account: account, Region: region, Collector: name}.String()}
		if region != evidence.Global {
			b.Region = region
		}
		if err := k.apply(ctx, b); err != nil {
			return err
		}
	}
	return nil
}
