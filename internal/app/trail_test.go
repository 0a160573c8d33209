package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

// trails reads a world of digesttest.
type trails struct {
	world  *digesttest.World
	prefix string
	org    bool
}

func (r *trails) Trail(context.Context, string, string) (string, string, bool, error) {
	return "org-logs", r.prefix, r.org, nil
}

func (r *trails) PublicKeys(_ context.Context, region string, _, _ time.Time) ([][]byte, error) {
	return r.world.DER(region), nil
}

func (r *trails) Folders(_ context.Context, _, prefix string) ([]string, error) {
	var out []string
	for l := range r.world.Objects {
		if rest, ok := strings.CutPrefix(l.Key, prefix); ok {
			if name, _, inside := strings.Cut(rest, "/"); inside && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return out, nil
}

func (r *trails) Keys(_ context.Context, _, prefix, after string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys := []string{}
		for l := range r.world.Objects {
			if strings.HasPrefix(l.Key, prefix) && l.Key > after {
				keys = append(keys, l.Key)
			}
		}
		slices.Sort(keys)
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

func (r *trails) Get(_ context.Context, bucket, key string) (io.ReadCloser, map[string]string, error) {
	l := digest.Location{Bucket: bucket, Key: key}
	data, ok := r.world.Objects[l]
	if !ok {
		return nil, nil, fs.ErrNotExist
	}
	metadata := r.world.Metadata[l]
	if metadata == nil {
		metadata = map[string]string{}
	}
	return io.NopCloser(bytes.NewReader(data)), metadata, nil
}

const testTrail = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"

// verifyTrail verifies a live trail, and lists what is not valid or not covered.
func verifyTrail(t *testing.T, r *trails, o app.TrailVerifyOptions) (*app.TrailVerified, []string, error) {
	t.Helper()
	a := &app.App{
		Now:        func() time.Time { return digesttest.Start.Add(6 * time.Hour) },
		OpenTrails: func(context.Context, string, string) (app.TrailReader, error) { return r, nil },
	}
	var said []string
	o.Each = func(i digest.Item) error {
		if i.Object != nil && i.Object.Status != digest.Valid {
			said = append(said, string(i.Object.Status)+" "+string(i.Object.Kind))
		}
		return nil
	}
	o.Uncovered = func(l digest.Location, place digest.Place) error {
		said = append(said, "uncovered "+string(place))
		return nil
	}
	v, err := a.TrailVerify(t.Context(), o)
	return v, said, err
}

func TestTrailVerifyLive(t *testing.T) {
	w := digesttest.New()
	c := w.Chain(digesttest.Spec{Prefix: "p"})
	extra := c.Logs[2][0]
	extra.Key = strings.Replace(extra.Key, "T0200Z", "T0230Z", 1)
	w.Objects[extra] = w.Objects[c.Logs[2][0]]
	delete(w.Metadata, c.Digests[1]) // laid down again by somebody: S3 has no signature of it
	v, said, err := verifyTrail(t, &trails{world: w, prefix: "p"}, app.TrailVerifyOptions{Trail: testTrail})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"invalid digest", "uncovered within", "uncovered within", "uncovered within"}
	if !slices.Equal(said, want) || v.Bad() != 1 || v.Count(digest.KindDigest, digest.Valid) != 4 || v.Unseen() != nil {
		t.Errorf("%v, %+v", said, v)
	}
	if got := v.End.Sub(v.Start); got != 24*time.Hour {
		t.Errorf("%s are verified where no time is given", got)
	}
}

func TestTrailVerifyLiveWindow(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Hours: 72})
	at := digesttest.Start.Add(47*time.Hour + 30*time.Minute)
	v, said, err := verifyTrail(t, &trails{world: w}, app.TrailVerifyOptions{Trail: testTrail, Start: at, End: at.Add(90 * time.Minute)})
	if err != nil || len(said) > 0 || v.Count(digest.KindDigest, digest.Valid) != 3 {
		t.Errorf("%v %v %+v", err, said, v)
	}
	v, _, err = verifyTrail(t, &trails{world: w}, app.TrailVerifyOptions{Trail: testTrail, Start: at, End: at.Add(200 * time.Hour)})
	if open := v.Open(); err != nil || len(open) != 1 || !open[0].To.Equal(digesttest.Start.Add(72*time.Hour)) {
		t.Errorf("%v %v: the digests end long before what was asked for", err, open)
	}
}

func TestTrailVerifyLiveOrganisations(t *testing.T) {
	w := digesttest.New()
	for _, organisation := range []string{"o-aaaa", "o-bbbb"} {
		for _, account := range []string{"111122223333", "222233334444"} {
			w.Chain(digesttest.Spec{Organization: organisation, Account: account})
		}
	}
	r := &trails{world: w, org: true}
	if _, _, err := verifyTrail(t, r, app.TrailVerifyOptions{Trail: testTrail}); app.Code(err) != app.ExitUsage || !strings.Contains(err.Error(), "say which with --organization-id") {
		t.Error(err)
	}
	v, said, err := verifyTrail(t, r, app.TrailVerifyOptions{Trail: testTrail, Organization: "o-bbbb"})
	if err != nil || len(said) > 0 || len(v.Chains) != 2 || v.Count(digest.KindDigest, digest.Valid) != 10 {
		t.Errorf("%v %v %+v", err, said, v)
	}
	v, _, err = verifyTrail(t, &trails{world: digesttest.New(), org: true}, app.TrailVerifyOptions{Trail: testTrail})
	if err != nil || v.Unseen() == nil {
		t.Errorf("%v %+v: nothing was delivered yet", err, v)
	}
}

func TestTrailVerifyRefuses(t *testing.T) {
	a := &app.App{Now: time.Now}
	for name, o := range map[string]app.TrailVerifyOptions{
		"nothing named": {}, "no way to AWS": {Trail: testTrail}, "no ARN": {Trail: "main"},
		"end before start": {Trail: testTrail, Start: digesttest.Start, End: digesttest.Start.Add(-time.Hour)},
		"no mirror":        {Dir: t.TempDir()},
	} {
		if _, err := a.TrailVerify(t.Context(), o); app.Code(err) != app.ExitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTrailVerifyTaker: an error of who takes the verdicts is handed back as it is.
func TestTrailVerifyTaker(t *testing.T) {
	w := digesttest.New()
	c := w.Chain(digesttest.Spec{})
	maps.DeleteFunc(w.Objects, func(l digest.Location, _ []byte) bool { return l == c.Digests[2] })
	dir := t.TempDir()
	if err := w.Mirror(dir); err != nil {
		t.Fatal(err)
	}
	a := &app.App{Now: time.Now}
	full := errors.New("disk full")
	for name, o := range map[string]app.TrailVerifyOptions{
		"verdicts":  {Dir: dir, Each: func(digest.Item) error { return full }},
		"uncovered": {Dir: dir, Each: func(digest.Item) error { return nil }, Uncovered: func(digest.Location, digest.Place) error { return full }},
	} {
		if _, err := a.TrailVerify(t.Context(), o); err != full {
			t.Errorf("%s: %v", name, err)
		}
	}
}
