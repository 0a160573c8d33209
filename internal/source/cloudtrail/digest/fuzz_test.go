package digest_test

import (
	"bytes"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

func FuzzParse(f *testing.F) {
	w := digesttest.New()
	c := w.Chain(digesttest.Spec{Hours: 2})
	for _, l := range c.Digests {
		f.Add(digesttest.Gunzip(w.Objects[l]))
	}
	f.Add([]byte(`{"digestStartTime":"2026-03-01T00:00:00Z","digestEndTime":"","digestS3Bucket":"b","digestS3Object":"k","digestPublicKeyFingerprint":"f","previousDigestSignature":1}`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := digest.Parse(text)
		if (d == nil) == (err == nil) {
			t.Fatalf("%v, %v: a digest or an error", d, err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	w := digesttest.New()
	f.Add(w.PublicKeys("eu-west-1"))
	w.SPKI["eu-west-1"] = true
	f.Add(w.PublicKeys("eu-west-1"))
	f.Add([]byte(`{"PublicKeyList":[{"Value":"","Fingerprint":null,"ValidityStartTime":1e400}]}`))
	f.Add([]byte(`{"PublicKeyList":[{"Value":"MAA=","ValidityStartTime":1700000000.5,"ValidityEndTime":"2026-03-01 00:00:00"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := digest.ReadKeys(bytes.NewReader(text))
		if (keys == nil) == (err == nil) {
			t.Fatalf("%v, %v: keys or an error", keys, err)
		}
	})
}

func FuzzSidecar(f *testing.F) {
	f.Add([]byte(`{"s3://b/k":{"x-amz-meta-Signature":"00","signature-algorithm":"SHA256withRSA","other":[1,{"a":null}]},"s3://b/l":{}}`))
	f.Add([]byte(`{"s3://b/k":{"signature":"00","SIGNATURE":"01"}}`))
	f.Add([]byte(`{} {}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		side, err := digest.ReadSidecar(bytes.NewReader(text))
		if err != nil && side != nil {
			t.Fatal("metadata and an error")
		}
		for url, metadata := range side {
			if len(metadata) == 0 && !strings.Contains(url, "CloudTrail-Digest") {
				t.Fatalf("%q is kept without anything", url)
			}
		}
	})
}

func FuzzName(f *testing.F) {
	f.Add("AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail-Digest/eu-west-1/2026/03/01/111122223333_CloudTrail-Digest_eu-west-1_a_b_eu-west-1_20260301T010000Z_backfill.json.gz")
	f.Add("_CloudTrail-Digest_____.json.gz")
	f.Add("AWSLogs/o-x/111122223333")
	f.Fuzz(func(t *testing.T, key string) {
		n, ok := digest.ParseName(key)
		if ok && (len(n.Account) != 12 || n.Region == "" || n.Trail == "" || n.Home == "" || n.At.IsZero()) {
			t.Fatalf("%q is taken for %+v", key, n)
		}
		chains := digest.Chains{}
		chains.Add(digest.Location{Bucket: "b", Key: key})
		coverage := digest.Coverage{}
		coverage.Uncovered(digest.Location{Bucket: "b", Key: key})
	})
}
