package digest

import (
	"context"
	"fmt"
	"time"
)

// walk goes through one chain from its newest digest to its oldest. It follows what
// valid digests say of the one before; where there is nothing to follow (the first
// digest of a chain, one that is missing or invalid), it goes on with the next older
// that lies there. Digests it did not come across are judged by themselves at the end,
// so that nothing which lies there goes without a verdict.
type walk struct {
	v     *Verifier
	chain *Chain
	emit  func(context.Context, judged, []Gap) error

	left    int // Listed[:left] are still to be looked at
	visited map[Location]bool
	since   time.Time // start of the oldest digest that was valid; before, the end of the newest
	broken  string    // why the chain cannot be followed from there
}

func (v *Verifier) walk(ctx context.Context, c *Chain, emit func(context.Context, judged, []Gap) error) error {
	w := &walk{v: v, chain: c, emit: emit, left: len(c.Listed), visited: map[Location]bool{}}
	if c.Stray {
		return w.lone(ctx)
	}
	at, ok := w.older(time.Time{})
	var want *expected
	for ok {
		j := v.judge(ctx, c, at.Location, want)
		w.visited[at.Location] = true
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(ctx, j, w.gaps(at, j)); err != nil {
			return err
		}
		at, want, ok = w.next(at, j)
	}
	return w.lone(ctx)
}

// next is where the walk goes on, and what is known of the digest there.
func (w *walk) next(at Listed, j judged) (Listed, *expected, bool) {
	d, trusted := j.digest, true
	if d == nil {
		// What an unverified digest says leads to the one before, and gives a signature
		// which holds or does not. Nothing else of it is believed.
		d, trusted = j.hint, false
	}
	if d != nil && d.Previous != nil && !w.visited[d.Previous.Location] {
		if d.Start.Before(w.v.Window.Start) {
			return Listed{}, nil, false
		}
		previous := Listed{d.Previous.Location, d.Start}
		if n, ok := ParseName(previous.Key); ok {
			previous.At = n.At
		}
		return previous, &expected{*d.Previous, d.PreviousSignature, trusted}, true
	}
	older, ok := w.older(at.At)
	return older, nil, ok
}

// older is the newest digest that lies there, was not visited, and is not younger
// than the given time. Zero is the newest of all.
func (w *walk) older(than time.Time) (Listed, bool) {
	for w.left > 0 {
		w.left--
		l := w.chain.Listed[w.left]
		if !w.visited[l.Location] && (than.IsZero() || !l.At.After(than)) {
			return l, true
		}
	}
	return Listed{}, false
}

// gaps are the times of which nothing is known, between the digest at hand and the
// one that came before it in the walk.
func (w *walk) gaps(at Listed, j judged) []Gap {
	d := j.digest
	if d == nil {
		if w.since.IsZero() {
			w.since = at.At
		}
		if w.broken == "" || w.broken == NoLogs {
			w.broken = "the digest of this time is " + string(j.Status)
		}
		return nil
	}
	var out []Gap
	if w.broken != "" && d.End.Before(w.since) {
		out = append(out, Gap{d.End, w.since, w.broken})
	}
	if w.broken == "" && !w.since.IsZero() && d.End.Before(w.since) {
		out = append(out, Gap{d.End, w.since, "the digests leave this time out"})
	}
	w.since, w.broken = d.Start, ""
	if d.Previous == nil {
		w.broken = NoLogs
	}
	return out
}

// NoLogs is the reason of a gap before the first digest of a chain: CloudTrail makes
// one when validation is switched on, or logging starts again.
const NoLogs = "no log files delivered"

// lone judges the digests that the walk did not come across.
func (w *walk) lone(ctx context.Context) error {
	for i := len(w.chain.Listed) - 1; i >= 0; i-- {
		l := w.chain.Listed[i].Location
		if w.visited[l] {
			continue
		}
		j := w.v.judge(ctx, w.chain, l, nil)
		if err := ctx.Err(); err != nil {
			return err
		}
		if w.chain.Stray && j.Status != Invalid && j.Status != Unknown {
			j.Status, j.Reason, j.digest = Invalid, fmt.Sprintf("%q is not the name of a digest", l.Key), nil
		}
		if err := w.emit(ctx, j, nil); err != nil {
			return err
		}
	}
	return nil
}
