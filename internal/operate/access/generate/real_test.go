package generate_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/operate/access/generate"
)

func recorded(t *testing.T) []*activity.Record {
	t.Helper()
	f, err := os.Open("/work/shared/data/cloudtrail/invictus-attack-logs.tar.gz")
	if err != nil {
		t.Skipf("the recorded logs are not here: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []*activity.Record
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, ".json") {
			continue
		}
		var log struct{ Records []json.RawMessage }
		if err := json.NewDecoder(r).Decode(&log); err != nil {
			t.Fatal(err)
		}
		for _, raw := range log.Records {
			record, err := activity.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, record)
		}
	}
}

// TestRecordedPrincipals makes the policy of every principal of recorded logs. All
// that succeeded has to be covered, and the documents have to be such as AWS takes.
func TestRecordedPrincipals(t *testing.T) {
	records := recorded(t)
	var m activity.Mapper
	logs := map[string]*generate.Log{}
	for _, r := range records {
		m.Learn(r)
		p, skip := r.Principal()
		if skip != activity.NoSkip || p.Kind != iam.KindUser && p.Kind != iam.KindSession {
			continue
		}
		arn := p.ARN
		if p.Kind == iam.KindSession {
			arn = p.Role
		}
		if logs[arn] == nil {
			var err error
			if logs[arn], err = generate.NewLog(arn); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range records {
		p, skip := r.Principal()
		if skip != activity.NoSkip {
			continue
		}
		for _, log := range logs {
			if log.Concerns(p) {
				log.Event(r.Time())
				calls, skip := m.Map(r)
				if skip != activity.NoSkip {
					log.Skip(r.EventSource+":"+r.EventName, skip)
				}
				log.Add(calls)
			}
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(logs)) {
		r, err := logs[arn].Policy(generate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		show(t, r.Policies) // checks them, too
		if len(r.Uncovered) > 0 {
			t.Errorf("%s: not covered: %+v", arn, r.Uncovered)
		}
		t.Logf("%s: %d events, %d documents, %d verified, %d wildcards, possible %v", arn, r.Events, len(r.Policies), r.Verified, len(r.Wildcards), r.Possible)
	}
}
