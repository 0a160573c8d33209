package digest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

func TestParseName(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	for key, want := range map[string]digest.Name{
		"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/01/111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260301T010000Z.json.gz": {Account: "111122223333", Region: "eu-west-1", Trail: "main", Home: "us-east-1", At: at},
		"p/q/AWSLogs/o-abc/111122223333/CloudTrail-Digest/eu-west-1/2026/03/01/111122223333_CloudTrail-Digest_eu-west-1_a_b-c.d_us-east-1_20260301T010000Z_backfill.json.gz": {
			Organization: "o-abc", Account: "111122223333", Region: "eu-west-1", Trail: "a_b-c.d", Home: "us-east-1", At: at, Backfill: true,
		},
	} {
		if got, ok := digest.ParseName(key); !ok || got != want {
			t.Errorf("%s is %+v, want %+v", key, got, want)
		}
	}
	for _, key := range []string{
		"", "111122223333_CloudTrail_eu-west-1_20260301T0100Z_AAAA.json.gz",
		"111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260301T0100Z.json.gz",
		"11112222333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260301T010000Z.json.gz",
		"111122223333_CloudTrail-Digest_eu-west-1_us-east-1_20260301T010000Z.json.gz",
		"111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_00010101T000000Z.json.gz",
	} {
		if got, ok := digest.ParseName(key); ok {
			t.Errorf("%q is taken for %+v", key, got)
		}
	}
}

func TestReadSidecar(t *testing.T) {
	got, err := digest.ReadSidecar(strings.NewReader(`{
		"s3://b/k": {"X-Amz-Meta-Signature": "AB", "x-amz-meta-signature-algorithm": "SHA256withRSA", "ETag": {"x": [1]}},
		"s3://b/l": {"SIGNATURE": "CD", "backfill-generation-timestamp": "2026-03-01T00:00:00Z"},
		"s3://b/m": {"ETag": "x", "Metadata": {"signature": "EF"}},
		"s3://b/log": {"content-type": "application/json"}}`))
	want := digest.Sidecar{
		"s3://b/k": {"signature": "AB", "signature-algorithm": "SHA256withRSA"},
		"s3://b/m": {"signature": "EF"},
		"s3://b/l": {"signature": "CD", "backfill-generation-timestamp": "2026-03-01T00:00:00Z"},
	}
	if err != nil || !maps.EqualFunc(got, want, maps.Equal[map[string]string, map[string]string]) {
		t.Errorf("%v, %v", got, err)
	}
	for text, want := range map[string]string{
		`[]`: "not a JSON object", ``: "EOF", `{"s3://b/k":{"signature":1}}`: "is not a text", `{"b/k":{}}`: `"b/k" is not an s3:// URL`,
		`{"s3://b/k":{"signature":"1","Signature":"2"}}`:              "two different values",
		`{"s3://b/k":{"signature":"1"},"s3://b/k":{"signature":"2"}}`: "there twice",
		`{"s3://b/k":{"signature":"1"}} {}`:                           "more behind",
		`{"s3://b/k":`:                                                "EOF",
		`{"s3://b/k":` + strings.Repeat("[", 20000) + `}`:             "not a JSON object",
		`{"s3://b/k":{"x":` + strings.Repeat("[", 20000) + `}`:        "depth",
	} {
		if _, err := digest.ReadSidecar(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

func TestReadKeys(t *testing.T) {
	for text, want := range map[string]string{
		`[]`: "not the answer of ListPublicKeys", `{}`: `no "PublicKeyList"`, `{"PublicKeyList":[{"ValidityStartTime":"yesterday"}]}`: `"yesterday" is not a time`,
		`{"PublicKeyList":[{"ValidityEndTime":1e300}]}`: "is not a time", `{"PublicKeyList":[{"ValidityEndTime":[]}]}`: "is not a time",
	} {
		if _, err := digest.ReadKeys(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	w := digesttest.New()
	keys, err := digest.ReadKeys(strings.NewReader(strings.NewReplacer(
		`"2026-01-01T00:00:00+00:00"`, "1767225600.123", `"2027-01-01T00:00:00+00:00"`, "1798761600000").Replace(string(w.PublicKeys("eu-west-1")))))
	if err != nil || keys.Len() != 1 {
		t.Fatalf("%v", err)
	}
	fingerprint := strings.ToUpper(digest.Fingerprint(w.DER("eu-west-1")[0]))
	at := func(year int) time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
	if _, err := keys.Find(t.Context(), "", fingerprint, at(2026), at(2026)); err != nil {
		t.Error(err)
	}
	for _, year := range []int{2025, 2027} {
		if _, err := keys.Find(t.Context(), "", fingerprint, at(year), at(year)); !errors.Is(err, digest.ErrNoKey) {
			t.Errorf("%d: %v", year, err)
		}
	}
}

// TestAsked: each Region is asked once for each time, and has no keys of another.
func TestAsked(t *testing.T) {
	w := digesttest.New()
	w.SPKI["us-east-1"] = true
	asked := map[string]int{}
	a := digest.Asked{Ask: func(_ context.Context, region string, _, _ time.Time) ([][]byte, error) {
		asked[region]++
		if region == "denied" {
			return nil, errors.New("no")
		}
		return append(w.DER(region), []byte("junk")), nil
	}}
	from, to := digesttest.Start, digesttest.Start.Add(time.Hour)
	for range 3 {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			if _, err := a.Find(t.Context(), region, digest.Fingerprint(w.DER(region)[0]), from, to); err != nil {
				t.Error(err)
			}
		}
		if _, err := a.Find(t.Context(), "eu-west-1", digest.Fingerprint(w.DER("us-east-1")[0]), from, to); !errors.Is(err, digest.ErrNoKey) {
			t.Error(err)
		}
		if _, err := a.Find(t.Context(), "denied", "", from, to); err == nil || errors.Is(err, digest.ErrNoKey) {
			t.Error(err)
		}
		var unusable *digest.KeyError
		if _, err := a.Find(t.Context(), "eu-west-1", digest.Fingerprint([]byte("junk")), from, to); !errors.As(err, &unusable) {
			t.Error(err)
		}
	}
	if asked["eu-west-1"] != 1 || asked["us-east-1"] != 1 || asked["denied"] != 1 {
		t.Error(asked)
	}
}

// TestBackfillKey: what speaks for March and was signed in April has a key of April.
func TestBackfillKey(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Backfill: true})
	dir := mirror(t, w)
	keys := changeKey(t, w.PublicKeys(), "ValidityStartTime", digesttest.Start.Add(30*24*time.Hour).Format(time.RFC3339))
	if err := os.WriteFile(filepath.Join(dir, "public_keys.json"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := verify(t, dir, digest.Filter{}); len(out.bad()) > 0 || len(out.objects) != 15 {
		t.Errorf("%v", out.bad())
	}
}

// TestHostileDigests are signed, so that only what they say is wrong.
func TestHostileDigests(t *testing.T) {
	for name, c := range map[string]struct {
		change func(hour int, d map[string]any)
		digest string // verdict on the newest; empty is valid
		log    string // verdict on its first log
	}{
		"log outside of the mirror": {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "../../../../../../etc/passwd" }, log: "missing: not found"},
		"bucket outside":            {change: func(_ int, d map[string]any) { logOf(d)["s3Bucket"] = ".." }, log: "missing: not found"},
		"a folder":                  {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "AWSLogs" }, log: "missing: not found"},
		"no name":                   {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "" }, log: "missing: not found"},
		"a pipe":                    {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "pipe" }, log: "missing: not found"},
		"a link":                    {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "link" }, log: "invalid: invalid format: "},
		"below a file":              {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = "link/x" }, log: "missing: not found"},
		"too long a name":           {change: func(_ int, d map[string]any) { logOf(d)["s3Object"] = strings.Repeat("x", 900) }, log: "missing: not found"},
		"another hash":              {change: func(_ int, d map[string]any) { logOf(d)["hashAlgorithm"] = "MD5" }, log: `invalid: the digest names the hash algorithm "MD5"`},
		"hash in capitals":          {change: func(_ int, d map[string]any) { logOf(d)["hashValue"] = strings.ToUpper(logOf(d)["hashValue"].(string)) }},
		"another signature":         {change: func(_ int, d map[string]any) { d["digestSignatureAlgorithm"] = "none" }, digest: `invalid: its signature algorithm is "none"`},
		"no end":                    {change: func(_ int, d map[string]any) { delete(d, "digestEndTime") }, digest: "invalid: invalid format: it has no digestEndTime"},
		"end is no time":            {change: func(_ int, d map[string]any) { d["digestEndTime"] = "late" }, digest: `invalid: invalid format: digestEndTime: "late" is not a time`},
		"no previous signature":     {change: func(_ int, d map[string]any) { delete(d, "previousDigestSignature") }, digest: "invalid: invalid format: it has no previousDigestSignature"},
		"no fingerprint":            {change: func(_ int, d map[string]any) { delete(d, "digestPublicKeyFingerprint") }, digest: "invalid: invalid format: it has no digestPublicKeyFingerprint"},
		"log without hash":          {change: func(_ int, d map[string]any) { delete(logOf(d), "hashValue") }, digest: "invalid: invalid format: logFiles[0] lacks"},
		"no logs":                   {change: func(_ int, d map[string]any) { delete(d, "logFiles") }},
		"too large":                 {change: func(_ int, d map[string]any) { d["padding"] = strings.Repeat("x", 65<<20) }, digest: "invalid: invalid format: it is larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			w := digesttest.New()
			var newest map[string]any
			chain := w.Chain(digesttest.Spec{Hours: 1, MutateDigest: func(hour int, d map[string]any) {
				c.change(hour, d)
				newest = d
			}})
			dir := mirror(t, w)
			bucket := filepath.Join(dir, "objects", "org-logs")
			makePipe(t, filepath.Join(bucket, "pipe"))
			if err := os.Symlink("/etc/passwd", filepath.Join(bucket, "link")); err != nil {
				t.Fatal(err)
			}
			out := verify(t, dir, digest.Filter{})
			got := out.bad()
			if l := chain.Digests[0].String(); c.digest == "" && got[l] != "" || !strings.HasPrefix(got[l], c.digest) {
				t.Errorf("the digest is %q, want %q", got[l], c.digest)
			}
			if c.log == "" {
				return
			}
			l := fmt.Sprintf("s3://%s/%s", logOf(newest)["s3Bucket"], logOf(newest)["s3Object"])
			if !strings.HasPrefix(got[l], c.log) {
				t.Errorf("%s is %q, want %q; %v", l, got[l], c.log, got)
			}
		})
	}
}

func logOf(d map[string]any) map[string]any { return d["logFiles"].([]any)[0].(map[string]any) }

// TestPreviousHash: the hash which a digest names is checked besides the signature.
func TestPreviousHash(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		value any
		want  string
	}{
		"hash":      {"previousDigestHashValue", strings.Repeat("0", 64), "invalid: its hash is not the one that the next newer digest names"},
		"algorithm": {"previousDigestHashAlgorithm", "MD5", `invalid: the next newer digest names the hash algorithm "MD5"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := digesttest.New()
			chain := w.Chain(digesttest.Spec{MutateDigest: func(hour int, d map[string]any) {
				if hour == 3 {
					d[c.field] = c.value
				}
			}})
			out := verify(t, mirror(t, w), digest.Filter{})
			if got := out.bad()[chain.Digests[2].String()]; !strings.HasPrefix(got, c.want) || len(out.bad()) != 1 {
				t.Errorf("%v", out.bad())
			}
		})
	}
}

// TestLoops: digests that name themselves or each other end all the same.
func TestLoops(t *testing.T) {
	w := digesttest.New()
	var keys []any
	chain := w.Chain(digesttest.Spec{Hours: 3, MutateDigest: func(hour int, d map[string]any) {
		keys = append(keys, d["digestS3Object"])
		if hour > 0 {
			d["previousDigestS3Object"] = keys[hour]
		}
	}})
	if out := verify(t, mirror(t, w), digest.Filter{}); out.count(digest.KindDigest, digest.Valid) != len(chain.Digests) {
		t.Errorf("%v", out.bad())
	}
}

// flaky is a place whose connection breaks off.
type flaky struct {
	digest.Objects
	left map[string]int // failures to come
}

func (f *flaky) Get(ctx context.Context, l digest.Location) (io.ReadCloser, map[string]string, error) {
	r, metadata, err := f.Objects.Get(ctx, l)
	if err != nil || f.left[l.Key] == 0 {
		return r, metadata, err
	}
	f.left[l.Key]--
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r, 30), broken{}), r}, metadata, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestBreaksOff: what cannot be read is unknown, not invalid.
func TestBreaksOff(t *testing.T) {
	w := digesttest.New()
	c := w.Chain(digesttest.Spec{})
	m, err := digest.OpenMirror(mirror(t, w))
	if err != nil {
		t.Fatal(err)
	}
	chains := digest.Chains{}
	if err := m.Each(t.Context(), func(l digest.Location) error { chains.Add(l); return nil }); err != nil {
		t.Fatal(err)
	}
	objects := &flaky{m, map[string]int{c.Logs[0][0].Key: 2, c.Logs[1][0].Key: 99, c.Digests[0].Key: 99}}
	got := map[string]string{}
	v := digest.Verifier{Objects: objects, Keys: m.Keys, Parallel: 1}
	err = v.Run(t.Context(), chains.All(), func(i digest.Item) error {
		if i.Object != nil && i.Object.Status != digest.Valid {
			got[i.Object.Location.Key] = fmt.Sprintf("%s: %s", i.Object.Status, i.Object.Reason)
		}
		return nil
	})
	if err != nil || len(got) != 2 || got[c.Logs[1][0].Key] != "unknown: connection reset" || got[c.Digests[0].Key] != "unknown: connection reset" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestSinkFails: an error of who takes the verdicts ends it at once.
func TestSinkFails(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{Hours: 30})
	m, err := digest.OpenMirror(mirror(t, w))
	if err != nil {
		t.Fatal(err)
	}
	chains := digest.Chains{}
	if err := m.Each(t.Context(), func(l digest.Location) error { chains.Add(l); return nil }); err != nil {
		t.Fatal(err)
	}
	v := digest.Verifier{Objects: m, Keys: m.Keys}
	if err := v.Run(t.Context(), chains.All(), func(digest.Item) error { return fs.ErrClosed }); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

// TestMemory: a log of 1 GiB, small in gzip, takes no more memory than any other.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	w := digesttest.New()
	const size = 1 << 30
	chain := w.Chain(digesttest.Spec{Hours: 1, Logs: 1, Content: func(int, int) []byte { return make([]byte, 1<<20) }})
	dir := mirror(t, w)
	name := filepath.Join(dir, "objects", "org-logs", filepath.FromSlash(chain.Logs[0][0].Key))
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewWriterLevel(f, 1)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range size >> 20 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := verify(t, dir, digest.Filter{})
	runtime.ReadMemStats(&after)
	got := out.objects[chain.Logs[0][0].String()]
	if got.Status != digest.Invalid || got.Reason != "hash value doesn't match" || got.Bytes != size {
		t.Errorf("%+v", got)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 16<<20 {
		t.Errorf("%d MiB were allocated", allocated>>20)
	}
}

// TestOpenMirror: what is not there is said, and where it should be.
func TestOpenMirror(t *testing.T) {
	dir := t.TempDir()
	if _, err := digest.OpenMirror(dir); err == nil || !strings.Contains(err.Error(), `it has no folder "objects"`) {
		t.Error(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "objects"), 0o700); err != nil {
		t.Fatal(err)
	}
	m, err := digest.OpenMirror(dir)
	if err != nil || m.Keys != nil {
		t.Fatalf("%v, %v: keys may be missing, which is for the caller to judge", m, err)
	}
	for _, name := range []string{"metadata.json", "public_keys.json"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := digest.OpenMirror(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Error(err)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUnknownFields: what CloudTrail may add some day is signed as well.
func TestUnknownFields(t *testing.T) {
	w := digesttest.New()
	w.Chain(digesttest.Spec{MutateDigest: func(_ int, d map[string]any) {
		d["digestVersion"], d["extra"] = "2.0", map[string]any{"a": []any{1, nil}}
	}})
	if out := verify(t, mirror(t, w), digest.Filter{}); len(out.bad()) > 0 {
		t.Errorf("%v", out.bad())
	}
}
