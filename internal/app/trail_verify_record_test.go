package app

import (
	"context"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/store"
)

// What verifying came to stands in the store by account and trail, and one trail's
// outcome leaves that of another alone.
func TestRecordVerified(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	a := &App{Now: func() time.Time { return now }}
	chain := func(account, trail string, digests, logs map[digest.Status]int) TrailTotals {
		return TrailTotals{Account: account, Region: "eu-west-1", Trail: trail, Home: "eu-west-1", Digests: digests, Logs: logs, From: now.Add(-time.Hour), To: now}
	}
	good, bad, odd := map[digest.Status]int{digest.Valid: 24}, map[digest.Status]int{digest.Valid: 23, digest.Missing: 1}, map[digest.Status]int{digest.Valid: 3, digest.Unknown: 2}
	const org = "arn:aws:cloudtrail:eu-west-1:999988887777:trail/org"
	record := func(trail string, uncovered TrailUncovered, chains ...TrailTotals) {
		t.Helper()
		now = now.Add(time.Minute)
		if err := a.RecordVerified(t.Context(), s, &TrailVerified{Chains: chains}, trail, uncovered, nil); err != nil {
			t.Fatal(err)
		}
	}
	record(org, nil, chain("111122223333", "org", good, good), chain("222233334444", "org", good, bad))
	record("", TrailUncovered{"333344445555": 2}, chain("111122223333", "local", good, good), chain("333344445555", "local", good, good), chain("444455556666", "local", good, odd))

	got := map[string]any{}
	var d evidence.Decoder
	for record, err := range s.Records(context.Background(), now, store.Query{Types: []string{review.TypeIntegrity}}) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := record.Resource(&d)
		if err != nil {
			t.Fatal(err)
		}
		got[r.Account+" "+r.ID] = r.Properties["Valid"]
		if r.Account == "222233334444" && (r.Properties["Missing"] != int64(1) || r.Properties["Logs"] != int64(23)) {
			t.Errorf("%v", r.Properties)
		}
	}
	for key, want := range map[string]any{
		"111122223333 " + org: true,
		"222233334444 " + org: false,
		"111122223333 arn:aws:cloudtrail:eu-west-1:111122223333:trail/local": true,
		"333344445555 arn:aws:cloudtrail:eu-west-1:333344445555:trail/local": false,
	} {
		if got[key] != want {
			t.Errorf("%s: %v, want %v", key, got[key], want)
		}
	}
	if _, unknown := got["444455556666 arn:aws:cloudtrail:eu-west-1:444455556666:trail/local"].(evidence.Unknown); !unknown || len(got) != 5 {
		t.Errorf("%v", got)
	}
}

func TestUncoveredByAccount(t *testing.T) {
	u := TrailUncovered{}
	key := "AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail/eu-west-1/2026/03/01/x.json.gz"
	for _, place := range []digest.Place{digest.Within, digest.Later, digest.Within} {
		if err := u.Count(digest.Location{Bucket: "b", Key: key}, place); err != nil {
			t.Fatal(err)
		}
	}
	if u["111122223333"] != 2 || len(u) != 1 {
		t.Errorf("%v", u)
	}
}

func TestSameNetwork(t *testing.T) {
	for _, c := range []struct {
		written, usual string
		want           bool
	}{
		{"203.0.113.0/24", "203.0.113.0/24", true}, {"203.0.113.9/24", "203.0.113.0/24", true}, {"203.0.113.9", "203.0.113.9/32", true},
		{"203.0.113.9", "203.0.113.0/24", false}, {"office", "203.0.113.0/24", false}, {"", "", false},
	} {
		if got := sameNetwork(c.written, c.usual); got != c.want {
			t.Errorf("%q and %q: %v", c.written, c.usual, got)
		}
	}
}

func TestQuietSetting(t *testing.T) {
	for in, want := range map[string]time.Duration{"": DefaultQuiet, "7d": 7 * 24 * time.Hour} {
		if got, err := (DetectSettings{Quiet: in}).quiet(); got != want || err != nil {
			t.Errorf("%q: %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"7", "d", "0d", "-1d", "500d", "a week"} {
		if _, err := (DetectSettings{Quiet: in}).quiet(); Code(err) != ExitUsage {
			t.Errorf("%q is taken: %v", in, err)
		}
	}
}
