package app

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// TestTrailEventIsWhatTheTextSays: what the reader found beforehand is the same as what
// a look into the text alone gives, for every path that detections ask for.
func TestTrailEventIsWhatTheTextSays(t *testing.T) {
	a := &App{Now: time.Now, Env: func(string) string { return "" }}
	d, err := a.detecting(Workspace{Dir: t.TempDir()}, TrailDetectOptions{Source: TrailSource{Paths: []string{"."}}})
	if err != nil {
		t.Fatal(err)
	}
	engine := d.detector.Engine()
	event := newTrailEvent(engine)
	for _, text := range eventTexts(t) {
		r, err := cloudtrail.ParseRecord(text)
		if err != nil {
			t.Fatal(err)
		}
		event.reset(r)
		raw := detect.NewRaw(r.Raw())
		for _, p := range engine.Paths() {
			got, want := event.Values(nil, p), raw.Values(nil, p)
			if len(got) == 0 && len(want) == 0 {
				continue
			}
			if !sameValues(got, want) {
				t.Errorf("%s: %q, want %q in %s", p.Name, got, want, text)
			}
		}
		for _, path := range []string{"userIdentity.sessionContext.sessionIssuer.arn", "requestParameters.ipPermissions.items.ipRanges.items.cidrIp", "eventName", "tlsDetails.tlsVersion", "unheard.of", "unheard"} {
			if got, want := event.Record().Texts(path), raw.Record().Texts(path); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q, want %q in %s", path, got, want, text)
			}
			if got, want := event.Record().Text(path), raw.Record().Text(path); got != want {
				t.Errorf("%s: %q, want %q in %s", path, got, want, text)
			}
			if got, want := event.Record().JSON(path), raw.Record().JSON(path); !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
				t.Errorf("%s: %s, want %s in %s", path, got, want, text)
			}
		}
		if !bytes.Equal(event.Text(), raw.Text()) {
			t.Errorf("the whole text of %s", text)
		}
		var got, want analytic.Activity
		event.Activity(&got)
		raw.Activity(&want)
		got.Record, want.Record = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v\nwant\n%+v", got, want)
		}
	}
}

func sameValues(a, b []sigma.Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Kind != b[i].Kind || !bytes.Equal(a[i].Text, b[i].Text) {
			return false
		}
	}
	return true
}

// eventTexts are made-up records and odd ones.
func eventTexts(t *testing.T) (texts [][]byte) {
	m := trailtest.New(3, 10_000)
	for range 300 {
		texts = append(texts, bytes.Clone(m.Record()))
	}
	for _, odd := range []string{
		`{"eventID":"1"}`,
		`{"eventID":"1","userIdentity":"gone","resources":["a","b"],"responseElements":7,"awsRegion":null,"readOnly":"true","requestParameters":[]}`,
		`{"eventID":"1","userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/\u0061pp/i-1","sessionContext":{}},"userAgent":"a\"b\\c\/d","requestParameters":{"a":{"b":[{"c":"\ud83d\ude00"},{"c":2},{"c":null}]},"bucketName":"x\ty"},"readOnly":true}`,
		` { "eventID" : "1" , "userIdentity" : { "sessionContext" : { "attributes" : { "mfaAuthenticated" : "true" } , "sessionIssuer" : { "arn" : "arn:aws:iam::1:role/x" } } , "type" : "AssumedRole" , "principalId" : "A:me" } , "requestParameters" : { "policyDocument" : "{\"Effect\": \"Allow\"}" } } `,
		`{"eventID":"1","eventTime":"2026-02-29T00:00:00Z"}`, `{"eventID":"1","eventTime":"2026-03-02T10:00:00.123Z"}`,
	} {
		texts = append(texts, []byte(odd))
	}
	return texts
}
