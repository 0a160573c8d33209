package trailtest

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestSameSeedSameBytes(t *testing.T) {
	a, b, c := New(1, 1000).File(500), New(1, 1000).File(500), New(2, 1000).File(500)
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Error("the seed does not decide")
	}
	var log struct{ Records []map[string]any }
	if err := json.Unmarshal(a, &log); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range log.Records {
		ids[r["eventID"].(string)] = true
		for _, name := range []string{"eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "recipientAccountId", "eventType"} {
			if r[name] == nil {
				t.Errorf("%v lacks %s", r, name)
			}
		}
	}
	if len(ids) != 500 {
		t.Errorf("%d event ids in 500 records", len(ids))
	}
	if each := len(a) / 500; each < 1000 || each > 1700 {
		t.Errorf("%d bytes for a record; real ones have about 1,300", each)
	}
	if z := Gzip(a); len(a)/len(z) < 4 || len(a)/len(z) > 25 {
		t.Errorf("compressed %d times", len(a)/len(z))
	}
}
