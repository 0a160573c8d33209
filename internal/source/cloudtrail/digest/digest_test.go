package digest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

// outcome is everything that a verification said.
type outcome struct {
	objects map[string]digest.Object
	order   []string
	gaps    []string
	open    map[string]digest.Place // log objects that no digest lists
}

// verify verifies a mirror of a world.
func verify(t *testing.T, dir string, f digest.Filter) outcome {
	t.Helper()
	out := outcome{objects: map[string]digest.Object{}, open: map[string]digest.Place{}}
	m, err := digest.OpenMirror(dir)
	if err != nil {
		t.Fatal(err)
	}
	chains := digest.Chains{Filter: f}
	if err := m.Each(t.Context(), func(l digest.Location) error { chains.Add(l); return nil }); err != nil {
		t.Fatal(err)
	}
	coverage := digest.Coverage{Filter: f}
	v := digest.Verifier{Objects: m, Keys: m.Keys, Window: f.Window, Parallel: 3}
	err = v.Run(t.Context(), chains.All(), func(i digest.Item) error {
		coverage.Add(i)
		if i.Gap != nil {
			out.gaps = append(out.gaps, fmt.Sprintf("%s %s %s..%s %s", i.Chain.Account, i.Chain.Region, i.Gap.From.Format("15:04"), i.Gap.To.Format("15:04"), i.Gap.Reason))
			return nil
		}
		url := i.Object.Location.String()
		if _, twice := out.objects[url]; twice {
			t.Errorf("%s came out twice", url)
		}
		out.objects[url] = *i.Object
		out.order = append(out.order, url)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = m.Each(t.Context(), func(l digest.Location) error {
		if place, ok := coverage.Uncovered(l); ok {
			out.open[l.String()] = place
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// bad are the objects that are not valid, with reasons, by the end of their names.
func (o outcome) bad() map[string]string {
	out := map[string]string{}
	for url, x := range o.objects {
		if x.Status != digest.Valid {
			out[url] = fmt.Sprintf("%s: %s", x.Status, x.Reason)
		}
	}
	return out
}

func (o outcome) count(k digest.Kind, s digest.Status) int {
	n := 0
	for _, x := range o.objects {
		if x.Kind == k && x.Status == s {
			n++
		}
	}
	return n
}

func mirror(t *testing.T, w *digesttest.World) string {
	t.Helper()
	dir := t.TempDir()
	if err := w.Mirror(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// flip changes one bit of an object's content, compressed anew.
func flip(w *digesttest.World, l digest.Location) {
	text := digesttest.Gunzip(w.Objects[l])
	text[len(text)/2] ^= 1
	w.Objects[l] = digesttest.Gzip(text, gzip.DefaultCompression)
}

func TestWholeChain(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{})
	out := verify(t, mirror(t, w), digest.Filter{})
	if len(out.bad()) > 0 || len(out.gaps) > 0 || len(out.open) > 0 || out.count(digest.KindDigest, digest.Valid) != 5 || out.count(digest.KindLog, digest.Valid) != 10 {
		t.Errorf("%v %v %v, %d objects", out.bad(), out.gaps, out.open, len(out.objects))
	}
	if first := out.order[0]; !strings.Contains(first, "T050000Z") {
		t.Errorf("the newest digest comes first, not %s", first)
	}
}

// TestTampering is one change to a whole chain a case, and everything it leads to.
func TestTampering(t *testing.T) {
	const hour = 2 // of five
	for name, c := range map[string]struct {
		change func(w *digesttest.World, c *digesttest.Chain)
		bad    func(c *digesttest.Chain) map[digest.Location]string // what begins the verdicts
		gaps   []string
		open   int
	}{
		"bit in a log": {
			change: func(w *digesttest.World, c *digesttest.Chain) { flip(w, c.Logs[hour][0]) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: hash value doesn't match"}
			},
		},
		"bit in the compressed log": {
			change: func(w *digesttest.World, c *digesttest.Chain) { w.Objects[c.Logs[hour][1]][20] ^= 1 },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][1]: "invalid: "}
			},
		},
		"log deleted": {
			change: func(w *digesttest.World, c *digesttest.Chain) { delete(w.Objects, c.Logs[hour][0]) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "missing: not found"}
			},
		},
		"log compressed anew": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Logs[hour][0]
				w.Objects[l] = digesttest.Gzip(digesttest.Gunzip(w.Objects[l]), gzip.BestCompression)
			},
		},
		"digest compressed anew": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Digests[hour]
				w.Objects[l] = digesttest.Gzip(digesttest.Gunzip(w.Objects[l]), gzip.NoCompression)
			},
		},
		"bytes behind a log": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Objects[c.Logs[hour][0]] = append(w.Objects[c.Logs[hour][0]], "more"...)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: unexpected data after end of compressed stream"}
			},
		},
		"a zero byte behind a log": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Objects[c.Logs[hour][0]] = append(w.Objects[c.Logs[hour][0]], 0)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: unexpected data after end of compressed stream"}
			},
		},
		"bytes behind a digest": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Objects[c.Digests[hour]] = append(w.Objects[c.Digests[hour]], "more"...)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "invalid: unexpected data after end of compressed stream"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is invalid"}, open: 2,
		},
		"a log in two gzip members": { // as validate-logs has it: the first member is the file
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Logs[hour][0]
				text := digesttest.Gunzip(w.Objects[l])
				w.Objects[l] = append(digesttest.Gzip(text[:9], 6), digesttest.Gzip(text[9:], 6)...)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: unexpected data after end of compressed stream"}
			},
		},
		"a member behind a whole log": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Logs[hour][0]
				w.Objects[l] = append(w.Objects[l], digesttest.Gzip([]byte(`{"Records":[]}`), 6)...)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: unexpected data after end of compressed stream"}
			},
		},
		"log cut off": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Logs[hour][0]
				w.Objects[l] = w.Objects[l][:len(w.Objects[l])-5]
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: invalid format: the gzip stream is cut off"}
			},
		},
		"log emptied": {
			change: func(w *digesttest.World, c *digesttest.Chain) { w.Objects[c.Logs[hour][0]] = nil },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: invalid format"}
			},
		},
		"log not compressed": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Objects[c.Logs[hour][0]] = digesttest.Gunzip(w.Objects[c.Logs[hour][0]])
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Logs[hour][0]: "invalid: invalid format: "}
			},
		},
		"bit in a digest": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Digests[hour]
				text := bytes.Replace(digesttest.Gunzip(w.Objects[l]), []byte(`"awsAccountId":"1`), []byte(`"awsAccountId":"0`), 1)
				w.Objects[l] = digesttest.Gzip(text, 6)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "invalid: signature verification failed"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is invalid"}, open: 2,
		},
		"digest that is no JSON": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Objects[c.Digests[hour]] = digesttest.Gzip([]byte("{"), 6)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "invalid: invalid format: "}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is invalid"}, open: 2,
		},
		"digest deleted": {
			change: func(w *digesttest.World, c *digesttest.Chain) { delete(w.Objects, c.Digests[hour]) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "missing: not found"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is missing"}, open: 2,
		},
		"two digests deleted": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				delete(w.Objects, c.Digests[hour])
				delete(w.Objects, c.Digests[hour+1])
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour+1]: "missing: not found"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..04:00 the digest of this time is missing"}, open: 4,
		},
		"first digest deleted": {
			change: func(w *digesttest.World, c *digesttest.Chain) { delete(w.Objects, c.Digests[0]) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[0]: "missing: not found"}
			},
			open: 2,
		},
		"digests swapped": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				a, b := c.Digests[hour], c.Digests[hour-1]
				w.Objects[a], w.Objects[b] = w.Objects[b], w.Objects[a]
				w.Metadata[a], w.Metadata[b] = w.Metadata[b], w.Metadata[a]
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{
					c.Digests[hour]: "invalid: has been moved from its original location", c.Digests[hour-1]: "invalid: has been moved from its original location",
				}
			},
			gaps: []string{"111122223333 eu-west-1 01:00..03:00 the digest of this time is invalid"}, open: 4,
		},
		"another authentic digest in its place": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				// CloudTrail signed both; the next newer digest names the other one.
				other := digesttest.New()
				same := other.Chain(digesttest.Spec{Logs: 1})
				l := same.Digests[hour-1]
				w.Objects[l], w.Metadata[l] = other.Objects[l], other.Metadata[l]
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour-1]: "invalid: its signature is not the one that the next newer digest names"}
			},
			gaps: []string{"111122223333 eu-west-1 01:00..02:00 the digest of this time is invalid"}, open: 2,
		},
		"digest moved to another bucket": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				from := c.Digests[hour]
				to := digest.Location{Bucket: "elsewhere", Key: from.Key}
				w.Objects[to], w.Metadata[to] = w.Objects[from], w.Metadata[from]
				delete(w.Objects, from)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{
					c.Digests[hour]: "missing: not found",
					{Bucket: "elsewhere", Key: c.Digests[hour].Key}: "invalid: has been moved from its original location s3://org-logs/",
				}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is missing"}, open: 2,
		},
		"digest copied under a name of no digest": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				from := c.Digests[hour]
				to := digest.Location{Bucket: from.Bucket, Key: strings.Replace(from.Key, "_main_", "_", 1) + ".bak"}
				w.Objects[to] = w.Objects[from]
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{{Bucket: "org-logs", Key: strings.Replace(c.Digests[hour].Key, "_main_", "_", 1) + ".bak"}: "invalid: has been moved"}
			},
		},
		"signature changed": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Metadata[c.Digests[hour]]["signature"] = w.Metadata[c.Digests[hour-1]]["signature"]
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "invalid: signature verification failed"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is invalid"}, open: 2,
		},
		"signature removed": {
			change: func(w *digesttest.World, c *digesttest.Chain) { delete(w.Metadata[c.Digests[hour]], "signature") },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[hour]: "invalid: signature verification failed: there is no signature"}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..03:00 the digest of this time is invalid"}, open: 2,
		},
		"all metadata removed from the newest": {
			change: func(w *digesttest.World, c *digesttest.Chain) { clear(w.Metadata[c.Digests[4]]) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[4]: "invalid: signature verification failed: there is no signature"}
			},
			gaps: []string{"111122223333 eu-west-1 04:00..05:00 the digest of this time is invalid"}, open: 2,
		},
		"signature that is none": {
			change: func(w *digesttest.World, c *digesttest.Chain) { w.Metadata[c.Digests[4]]["signature"] = "zz" },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[4]: "invalid: signature verification failed: the signature is not hex"}
			},
			gaps: []string{"111122223333 eu-west-1 04:00..05:00 the digest of this time is invalid"}, open: 2,
		},
		"another signature algorithm": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				w.Metadata[c.Digests[4]]["signature-algorithm"] = "SHA1withRSA"
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[4]: `invalid: its signature algorithm is "SHA1withRSA"`}
			},
			gaps: []string{"111122223333 eu-west-1 04:00..05:00 the digest of this time is invalid"}, open: 2,
		},
		"a log that no digest lists": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				l := c.Logs[hour][0]
				l.Key = strings.Replace(l.Key, "T0200Z", "T0230Z", 1)
				w.Objects[l] = w.Objects[c.Logs[hour][0]]
			},
			open: 1,
		},
		"signatures of all but the newest lost": { // the newer digests have them
			change: func(w *digesttest.World, c *digesttest.Chain) {
				for _, l := range c.Digests[:4] {
					delete(w.Metadata, l)
				}
			},
		},
		"no signature at all": {
			change: func(w *digesttest.World, _ *digesttest.Chain) { clear(w.Metadata) },
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{c.Digests[4]: "unverified: no signature of it is known"}
			},
			gaps: []string{"111122223333 eu-west-1 04:00..05:00 the digest of this time is unverified"}, open: 2,
		},
		"no signature, and the next-to-last digest deleted": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				clear(w.Metadata)
				delete(w.Objects, c.Digests[3])
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{
					c.Digests[4]: "unverified: ", c.Digests[3]: "missing: not found",
					c.Digests[2]: "unverified: ", // its signature was in the one that is gone
				}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..05:00 the digest of this time is unverified"}, open: 6,
		},
		"no signature, and the next-to-last digest changed": {
			change: func(w *digesttest.World, c *digesttest.Chain) {
				clear(w.Metadata)
				l := c.Digests[3]
				w.Objects[l] = digesttest.Gzip(bytes.Replace(digesttest.Gunzip(w.Objects[l]), []byte(`"awsAccountId":"1`), []byte(`"awsAccountId":"0`), 1), 6)
			},
			bad: func(c *digesttest.Chain) map[digest.Location]string {
				return map[digest.Location]string{
					c.Digests[4]: "unverified: ", c.Digests[3]: "invalid: signature verification failed (with the signature that the next newer digest names)",
					c.Digests[2]: "unverified: ",
				}
			},
			gaps: []string{"111122223333 eu-west-1 02:00..05:00 the digest of this time is unverified"}, open: 6,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := digesttest.New()
			chain := w.Chain(digesttest.Spec{})
			c.change(w, chain)
			out := verify(t, mirror(t, w), digest.Filter{})
			want := map[string]string{}
			if c.bad != nil {
				for l, text := range c.bad(chain) {
					want[l.String()] = text
				}
			}
			got := out.bad()
			for url, text := range want {
				if !strings.HasPrefix(got[url], text) {
					t.Errorf("%s is %q, want %q", url, got[url], text)
				}
			}
			for url, text := range got {
				if _, ok := want[url]; !ok {
					t.Errorf("%s is %q", url, text)
				}
			}
			if !slices.Equal(out.gaps, c.gaps) {
				t.Errorf("gaps %q, want %q", out.gaps, c.gaps)
			}
			if len(out.open) != c.open {
				t.Errorf("listed by no digest: %v, want %d", out.open, c.open)
			}
		})
	}
}

func TestEmptyHour(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Logs: -1, Hours: 3})
	if out := verify(t, mirror(t, w), digest.Filter{}); len(out.bad()) > 0 || len(out.objects) != 3 {
		t.Errorf("%v, %d objects", out.bad(), len(out.objects))
	}
}

// TestLoggingStartsAgain: the first digest of a chain names none before it.
func TestLoggingStartsAgain(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Hours: 7, Skip: []int{2, 3}})
	out := verify(t, mirror(t, w), digest.Filter{})
	want := []string{"111122223333 eu-west-1 02:00..04:00 no log files delivered"}
	if len(out.bad()) > 0 || out.count(digest.KindDigest, digest.Valid) != 5 || !slices.Equal(out.gaps, want) {
		t.Errorf("%v %v", out.bad(), out.gaps)
	}
}

func TestKeys(t *testing.T) {
	t.Run("SubjectPublicKeyInfo", func(t *testing.T) {
		w := digesttest.New()
		w.SPKI["eu-west-1"] = true
		w.Chain(digesttest.Spec{})
		if out := verify(t, mirror(t, w), digest.Filter{}); len(out.bad()) > 0 || len(out.objects) != 15 {
			t.Errorf("%v, %d objects", out.bad(), len(out.objects))
		}
	})
	for name, c := range map[string]struct {
		keys func(w *digesttest.World) []byte
		want string
	}{
		"of another Region": {func(w *digesttest.World) []byte { return w.PublicKeys("us-east-1") }, "public key not found in Region eu-west-1 for fingerprint "},
		"under the name of another": {func(w *digesttest.World) []byte {
			return changeKey(t, w.PublicKeys("us-east-1"), "Fingerprint", firstKey(t, w.PublicKeys("eu-west-1"))["Fingerprint"])
		}, `cannot be used: the MD5 of its bytes is `},
		"out of use": {func(w *digesttest.World) []byte {
			return changeKey(t, w.PublicKeys("eu-west-1"), "ValidityEndTime", "2026-02-01T00:00:00Z")
		}, "public key not found"},
		"not yet in use": {func(w *digesttest.World) []byte {
			return changeKey(t, w.PublicKeys("eu-west-1"), "ValidityStartTime", 1.8e9)
		}, "public key not found"},
		"not base64": {func(w *digesttest.World) []byte { return changeKey(t, w.PublicKeys("eu-west-1"), "Value", "%") }, "not base64"},
	} {
		t.Run(name, func(t *testing.T) {
			w := digesttest.New()
			chain := w.Chain(digesttest.Spec{})
			dir := mirror(t, w)
			if err := os.WriteFile(filepath.Join(dir, "public_keys.json"), c.keys(w), 0o600); err != nil {
				t.Fatal(err)
			}
			out := verify(t, dir, digest.Filter{})
			for _, l := range chain.Digests {
				if got := out.bad()[l.String()]; !strings.Contains(got, c.want) || !strings.HasPrefix(got, "invalid: ") {
					t.Errorf("%q, want %q", got, c.want)
				}
			}
		})
	}
}

func firstKey(t *testing.T, file []byte) map[string]any {
	t.Helper()
	var answer struct{ PublicKeyList []map[string]any }
	if err := json.Unmarshal(file, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.PublicKeyList[0]
}

func changeKey(t *testing.T, file []byte, name string, value any) []byte {
	t.Helper()
	key := firstKey(t, file)
	key[name] = value
	text, err := json.Marshal(map[string]any{"PublicKeyList": []any{key}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestBackfill: digests that CloudTrail makes later are a chain of their own, beside
// the one of the same hours.
func TestBackfill(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{})
	late := w.Chain(digesttest.Spec{Backfill: true, Hours: 3, Logs: 1})
	flip(w, late.Logs[1][0])
	delete(w.Objects, late.Digests[0])
	out := verify(t, mirror(t, w), digest.Filter{})
	want := map[string]string{late.Logs[1][0].String(): "invalid: hash value doesn't match", late.Digests[0].String(): "missing: not found"}
	if got := out.bad(); len(got) != 2 || got[late.Logs[1][0].String()] != want[late.Logs[1][0].String()] || got[late.Digests[0].String()] != want[late.Digests[0].String()] {
		t.Errorf("%v", got)
	}
	if n := out.count(digest.KindDigest, digest.Valid); n != 7 {
		t.Errorf("%d digests are valid, want 7", n)
	}
}

// TestOrganisation: a chain for each account and Region, the filters, and an order
// that does not depend on timing.
func TestOrganisation(t *testing.T) {
	w := digesttest.New()
	for _, account := range []string{"111122223333", "222233334444", "333344445555"} {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			w.Chain(digesttest.Spec{Organization: "o-a1b2c3d4e5", Prefix: "central", Account: account, Region: region, Trail: "org_trail", Hours: 3})
		}
	}
	dir := mirror(t, w)
	whole := verify(t, dir, digest.Filter{Trail: "org_trail", Home: "eu-west-1", Owner: "999988887777", Organization: "o-a1b2c3d4e5"})
	if len(whole.bad()) > 0 || len(whole.objects) != 6*9 || len(whole.open) > 0 {
		t.Errorf("%v, %d objects", whole.bad(), len(whole.objects))
	}
	for range 5 {
		if again := verify(t, dir, digest.Filter{}); !slices.Equal(again.order, whole.order) {
			t.Fatal("another order the second time")
		}
	}
	for name, c := range map[string]struct {
		filter digest.Filter
		want   int
	}{
		"account":              {digest.Filter{Account: "222233334444"}, 18},
		"region":               {digest.Filter{Region: "us-east-1"}, 27},
		"both":                 {digest.Filter{Region: "us-east-1", Account: "222233334444"}, 9},
		"another trail":        {digest.Filter{Trail: "other", Home: "eu-west-1"}, 0},
		"another home":         {digest.Filter{Trail: "org_trail", Home: "us-east-1"}, 0},
		"another organisation": {digest.Filter{Organization: "o-other"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if out := verify(t, dir, c.filter); len(out.objects) != c.want || len(out.bad()) > 0 || len(out.open) > 0 && c.want > 0 {
				t.Errorf("%d objects, want %d; %v; %v", len(out.objects), c.want, out.bad(), out.open)
			}
		})
	}
}

// TestOwner: trails of the same name in other accounts are other trails.
func TestOwner(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{})
	w.Chain(digesttest.Spec{Account: "222233334444"})
	dir := mirror(t, w)
	f := digest.Filter{Trail: "main", Home: "eu-west-1", Owner: "111122223333"}
	if out := verify(t, dir, f); len(out.objects) != 15 {
		t.Errorf("%d objects, want those of one account", len(out.objects))
	}
	f.Account = "222233334444"
	if out := verify(t, dir, f); len(out.objects) != 15 {
		t.Errorf("%d objects, want those of the account that was named", len(out.objects))
	}
}

func TestWindow(t *testing.T) {
	w := digesttest.New()
	c := w.Chain(digesttest.Spec{Hours: 10})
	dir := mirror(t, w)
	at := func(hour, minute int) time.Time {
		return digesttest.Start.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
	}
	for name, c := range map[string]struct {
		start, end time.Time
		want       []int // hours
	}{
		"all":           {time.Time{}, time.Time{}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"from":          {at(7, 30), time.Time{}, []int{9, 8, 7}},
		"on the border": {at(8, 0), time.Time{}, []int{9, 8, 7}},
		"until":         {time.Time{}, at(1, 30), []int{1, 0}},
		"between":       {at(3, 30), at(5, 30), []int{5, 4, 3}},
		"after it all":  {at(30, 0), time.Time{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			out := verify(t, dir, digest.Filter{Window: digest.Window{Start: c.start, End: c.end}})
			var hours []int
			for _, url := range out.order {
				if n, ok := digest.ParseName(url); ok {
					hours = append(hours, int(n.At.Sub(digesttest.Start).Hours())-1)
				}
			}
			if !slices.Equal(hours, c.want) || len(out.bad()) > 0 {
				t.Errorf("%v, want %v; %v", hours, c.want, out.bad())
			}
		})
	}
	delete(w.Objects, c.Digests[7])
	out := verify(t, mirror(t, w), digest.Filter{Window: digest.Window{Start: at(7, 30)}})
	if got := out.bad()[c.Digests[7].String()]; got != "missing: not found" {
		t.Errorf("the oldest digest of the window is gone, and the verdict is %q", got)
	}
}

// TestCancelled: an end of the context ends everything, and is said.
func TestCancelled(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Hours: 50})
	m, err := digest.OpenMirror(mirror(t, w))
	if err != nil {
		t.Fatal(err)
	}
	chains := digest.Chains{}
	if err := m.Each(t.Context(), func(l digest.Location) error { chains.Add(l); return nil }); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	v := digest.Verifier{Objects: m, Keys: m.Keys}
	n := 0
	err = v.Run(ctx, chains.All(), func(digest.Item) error {
		if n++; n == 7 {
			cancel()
		}
		return nil
	})
	if err != context.Canceled || n > 50 {
		t.Errorf("%v after %d items", err, n)
	}
}
