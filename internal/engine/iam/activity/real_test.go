package activity_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
)

// records are all records of an archive of recorded logs.
func records(tb testing.TB, archive string) []json.RawMessage {
	tb.Helper()
	f, err := os.Open(filepath.Join("/work/shared/data/cloudtrail", archive))
	if err != nil {
		tb.Skipf("the recorded logs are not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	var out []json.RawMessage
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		var log struct{ Records []json.RawMessage }
		if json.Unmarshal(content, &log) != nil {
			err = json.Unmarshal(content, &log.Records)
		}
		if err != nil {
			tb.Fatalf("%s: %v", h.Name, err)
		}
		out = append(out, log.Records...)
	}
}

// TestRecordedEvents maps real logs. Of the calls that ask IAM at all nearly every
// one has to be mapped, and those that are not are named here with the reason.
func TestRecordedEvents(t *testing.T) {
	unmapped := map[string]string{}
	for _, archive := range []string{"invictus-attack-logs.tar.gz", "stratus-detonation-logs.tar.gz"} {
		t.Run(archive, func(t *testing.T) {
			var m activity.Mapper
			all := records(t, archive)
			var parsed []*activity.Record
			for _, raw := range all {
				r, err := activity.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				m.Learn(r)
				parsed = append(parsed, r)
			}
			skips, mapped, unnamed, partial, derived, denied := map[activity.Skip]int{}, 0, map[string]int{}, 0, 0, 0
			seen := map[string]bool{}
			for _, r := range parsed {
				calls, skip := m.Map(r)
				if (len(calls) == 0) != (skip != activity.NoSkip) {
					t.Errorf("%s: %d calls and skip %q", r.EventName, len(calls), skip)
				}
				skips[skip]++
				if skip == activity.Unmapped && unmapped[r.EventSource+":"+r.EventName] == "" {
					t.Errorf("unmapped: %s:%s", r.EventSource, r.EventName)
				}
				if skip == activity.UnseenPrincipal {
					t.Errorf("principal of %+v", r.UserIdentity)
				}
				if skip == activity.NoSkip {
					mapped++
				}
				for _, c := range calls {
					switch {
					case c.Request.Partial && c.Request.Resource == "":
						unnamed[c.Request.Action]++
					case c.Request.Partial:
						partial++
					}
					if c.Derived {
						derived++
					}
					if c.Denied {
						denied++
					}
					line := c.Name + " → " + c.Request.Action + " " + c.Type + " " + c.Request.Resource
					if c.Request.Partial {
						line += "…"
					}
					if key := c.Name + c.Request.Action + c.Type; !seen[key] {
						seen[key] = true
						t.Log(line, c.Assumed, c.Conditions)
					}
				}
			}
			t.Logf("%d of %d mapped; skipped %v; %d resources known in part; %d derived; %d denied; unknown: %v", mapped, len(all), skips, partial, derived, denied, unnamed)
			for _, name := range slices.Sorted(maps.Keys(unnamed)) {
				t.Logf("resource unknown: %s ×%d", name, unnamed[name])
			}
		})
	}
}

func BenchmarkOf(b *testing.B) {
	all := records(b, "invictus-attack-logs.tar.gz")
	var m activity.Mapper
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Of(all[i%len(all)])
	}
}
