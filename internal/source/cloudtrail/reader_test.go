package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
)

// record is a record with the id made of n.
func record(n int, more string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"eventVersion":"1.08","eventID":"00000000-0000-4000-8000-%012d","eventTime":"2024-05-01T10:%02d:00Z",`+
		`"eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-west-1","recipientAccountId":"111122223333"%s}`, n, n%60, more)
}

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s)) // into memory
	_ = z.Close()
	return b.String()
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, r *cloudtrail.Reader, paths ...string) (events []evidence.Event, faults []*cloudtrail.Fault) {
	t.Helper()
	files, err := cloudtrail.Local(paths...)
	if err != nil {
		t.Fatal(err)
	}
	r.Files = files
	for e, err := range r.Events(context.Background()) {
		if err == nil {
			events = append(events, e)
			continue
		}
		var f *cloudtrail.Fault
		if !errors.As(err, &f) {
			t.Fatal(err)
		}
		faults = append(faults, f)
	}
	return events, faults
}

func ids(events []evidence.Event) string {
	var out []string
	for _, e := range events {
		out = append(out, strings.TrimLeft(e.ID[24:], "0"))
	}
	return strings.Join(out, " ")
}

func TestShapes(t *testing.T) {
	wrapped, err := json.Marshal(map[string]any{"NextToken": "x", "Events": []any{
		map[string]any{"EventId": "1", "CloudTrailEvent": record(1, "")},
		map[string]any{"EventId": "2", "CloudTrailEvent": record(2, `"userAgent":"a \"quoted\" \u00e9"`)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r1, r2 := record(1, ""), record(2, "")
	for name, content := range map[string]string{
		"log file":           `{"Records":[` + r1 + "," + r2 + `]}`,
		"members behind":     `{"Records": [` + r1 + "\n, " + r2 + ` ] , "more":{"a":[1,-2.5e3,null,true]} }`,
		"members before":     `{"more":[{"a":"]}"}],"Records":[` + r1 + "," + r2 + `]}`,
		"gzip":               zipped(`{"Records":[` + r1 + "," + r2 + `]}`),
		"two gzip members":   zipped(`{"Records":[`+r1+`]}`) + zipped(`{"Records":[`+r2+`]}`),
		"JSON Lines":         r1 + "\n" + r2 + "\n",
		"array":              "[" + r1 + "," + r2 + "]",
		"with a mark":        "\xef\xbb\xbf[" + r1 + "," + r2 + "]",
		"LookupEvents":       string(wrapped),
		"objects one by one": `{"Records":[` + r1 + `]}{"Records":[]}` + "\n\n" + `{"Records":[` + r2 + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var r cloudtrail.Reader
			events, faults := read(t, &r, folder(t, map[string]string{"a.json": content}))
			if got := ids(events); got != "1 2" || len(faults) > 0 {
				t.Errorf("read %q, faults %v", got, faults)
			}
		})
	}
}

func TestFields(t *testing.T) {
	var r cloudtrail.Reader
	events, _ := read(t, &r, folder(t, map[string]string{"a.json": `[{"eventID":"x","eventTime":"2024-05-01T10:00:00Z","eventSource":"kms.amazonaws.com",
		"eventName":"Decrypt","awsRegion":"eu-west-1","sourceIPAddress":"192.0.2.1","userAgent":"cli \u00e9\ud83d\ude00\/","errorCode":"AccessDenied","readOnly":true,
		"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/a","accountId":"111122223333"},
		"resources":[{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/k","type":"AWS::KMS::Key"},null,{"type":"x"},{"ARN":7}],"unknown":{"deep":[[]]}},
		{"eventName":"X","eventSource":"y","eventTime":7,"userIdentity":null,"resources":null,"readOnly":"true","sourceIPAddress":{}}]`}))
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	e := events[0]
	if e.Kind != "cloudtrail" || e.Service != "kms.amazonaws.com" || e.Name != "Decrypt" || e.Account != "111122223333" || e.Region != "eu-west-1" ||
		e.Principal != "arn:aws:iam::111122223333:user/a" || e.SourceIP != "192.0.2.1" || e.UserAgent != "cli é😀/" || e.Error != "AccessDenied" || !e.ReadOnly ||
		!e.Time.Equal(time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)) || !slices.Equal(e.Resources, []string{"arn:aws:kms:eu-west-1:111122223333:key/k"}) {
		t.Errorf("%+v", e)
	}
	if !json.Valid(e.Raw) || !bytes.HasPrefix(e.Raw, []byte(`{"eventID":"x"`)) {
		t.Errorf("raw is %s", e.Raw)
	}
	if e := events[1]; e.ID != "" || !e.Time.IsZero() || e.Principal != "" || !e.ReadOnly || e.SourceIP != "" {
		t.Errorf("odd types: %+v", e)
	}
}

func TestFaultsStopNothingElse(t *testing.T) {
	log := func(n int) string { return `{"Records":[` + record(n, "") + `]}` }
	cut := zipped(`{"Records":[` + record(2, "") + "," + record(3, `"x":"`+strings.Repeat("abcdefghij", 4000)+`"`) + `]}`)
	for name, c := range map[string]struct{ content, says string }{
		"truncated":       {`{"Records":[` + record(2, "") + `,{"eventID":"x`, "cut off"},
		"truncated gzip":  {cut[:len(cut)-12], "cut off"},
		"no gzip":         {"\x1f\x8bnonsense", "b.json"},
		"trailing bytes":  {zipped(`{"Records":[`+record(2, "")+`]}`) + "more than a header of garbage", "gzip"},
		"not JSON":        {record(2, "") + "\nhello", "not JSON"},
		"a bad literal":   {record(2, "") + `{"eventID":tru}`, "not JSON"},
		"no comma":        {`{"Records":[` + record(2, "") + record(3, "") + `]}`, "not JSON"},
		"no record":       {`{"Records":[7,` + record(2, "") + `]}`, "no record"},
		"foreign":         {`{"configurationItems":[]}` + record(2, ""), "neither an eventID"},
		"deep":            {record(2, "") + `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "nested too deeply"},
		"long":            {record(2, "") + `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, "longer than"},
		"long in a list":  {`{"Records":[` + record(2, "") + `,{"a":"` + strings.Repeat("x", 2<<20) + `"}]}`, "longer than"},
		"bomb":            {zipped(record(2, "") + strings.Repeat(" ", 40<<20)), "times as much"},
		"bad inner event": {record(2, "") + `{"CloudTrailEvent":"{nope"}`, "CloudTrailEvent"},
	} {
		t.Run(name, func(t *testing.T) {
			r := cloudtrail.Reader{Limits: cloudtrail.Limits{Record: 1 << 20}}
			events, faults := read(t, &r, folder(t, map[string]string{"a.json": log(1), "b.json": c.content, "c.json": log(9)}))
			if got := ids(events); name != "no gzip" && name != "no record" && name != "truncated gzip" && got != "1 2 9" || !strings.HasPrefix(got, "1") || !strings.HasSuffix(got, "9") {
				t.Errorf("read %q", got)
			}
			if len(faults) != 1 || !strings.Contains(faults[0].Error(), c.says) || !strings.HasSuffix(faults[0].File, "b.json") {
				t.Fatalf("faults %v", faults)
			}
			if g := faults[0].Gap(); g.Reason != evidence.Corrupt || g.Resource == "" || g.Detail == "" {
				t.Errorf("gap %+v", g)
			}
			if s := r.Stats(); s.Faulty != 1 || s.Files != 3 || s.Events != len(events) {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestOffsetOfAFault(t *testing.T) {
	head := record(1, "") + "\n"
	var r cloudtrail.Reader
	_, faults := read(t, &r, folder(t, map[string]string{"a.json": head + `{"eventID":!}`}))
	if len(faults) != 1 || faults[0].Offset != int64(len(head)+len(`{"eventID":`)) {
		t.Errorf("%+v", faults)
	}
}

func TestDuplicatesWindowAndOrder(t *testing.T) {
	name := func(minute int, id string) string {
		return fmt.Sprintf("AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2024/05/01/111122223333_CloudTrail_eu-west-1_20240501T10%02dZ_%s.json.gz", minute, id)
	}
	list := func(n ...int) string {
		var out []string
		for _, n := range n {
			out = append(out, record(n, ""))
		}
		return zipped(`{"Records":[` + strings.Join(out, ",") + `]}`)
	}
	dir := folder(t, map[string]string{
		"z/" + name(5, "a"):  list(1, 2),
		"a/" + name(15, "b"): list(2, 3, 50),
		"m/" + name(10, "c"): list(4, 1),
		"a/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2024/05/01/d.json.gz": "not even looked at",
		"a/AWSLogs/111122223333/Config/eu-west-1/2024/5/1/ConfigHistory/c.json":   "nor this",
		"digest.json": `{"awsAccountId":"1","digestS3Object":"x","logFiles":[]}`,
		"README.md":   "no log",
	})
	r := cloudtrail.Reader{Until: time.Date(2024, 5, 1, 10, 40, 0, 0, time.UTC)}
	events, faults := read(t, &r, dir, filepath.Join(dir, "z"))
	if got := ids(events); got != "1 2 4 3" || len(faults) > 0 {
		t.Errorf("read %q, faults %v", got, faults)
	}
	want := cloudtrail.Stats{Files: 3, Digests: 2, Foreign: 1, Events: 4, Duplicates: 2, Outside: 1,
		First: time.Date(2024, 5, 1, 10, 1, 0, 0, time.UTC), Last: time.Date(2024, 5, 1, 10, 4, 0, 0, time.UTC)}
	if got := r.Stats(); got != want {
		t.Errorf("stats %+v", got)
	}

	late := cloudtrail.Reader{Since: time.Date(2024, 5, 1, 11, 12, 0, 0, time.UTC)}
	if events, _ := read(t, &late, dir); len(events) > 0 || late.Stats().Early != 2 || late.Stats().Outside != 3 {
		t.Errorf("%d events, %+v", len(events), late.Stats())
	}
}

func TestDuplicatesAreForgottenInTime(t *testing.T) {
	var b strings.Builder
	for n := range 10 {
		b.WriteString(record(n, "") + "\n")
	}
	b.WriteString(record(9, "") + record(0, "") + `{"eventID":"odd"}{"eventID":"odd"}`)
	r := cloudtrail.Reader{Limits: cloudtrail.Limits{IDs: 4}}
	if events, _ := read(t, &r, folder(t, map[string]string{"a.json": b.String()})); len(events) != 12 {
		t.Errorf("%d events: the 9th again and the odd one are near, the first is far", len(events))
	}
}

func TestStoppingAndCancelling(t *testing.T) {
	dir := folder(t, map[string]string{"a.json": strings.Repeat(`{"eventSource":"a","eventName":"b"}`, 5000), "b.json": record(1, "")})
	files, err := cloudtrail.Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for range (&cloudtrail.Reader{Files: files}).Events(context.Background()) {
		if n++; n == 3 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, err := range (&cloudtrail.Reader{Files: files}).Events(ctx) {
		if n++; n == 10 {
			cancel()
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	if n > 2000 {
		t.Errorf("read %d events", n)
	}
	if _, err := cloudtrail.Local(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("%v", err)
	}
}

func TestUnreadableFile(t *testing.T) {
	gone := folder(t, map[string]string{"a.json": record(1, "")})
	files, err := cloudtrail.Local(gone)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(gone, "a.json")); err != nil {
		t.Fatal(err)
	}
	for _, err := range (&cloudtrail.Reader{Files: files}).Events(context.Background()) {
		var f *cloudtrail.Fault
		if !errors.As(err, &f) || f.Offset != -1 || f.Gap().Reason != evidence.Failed || strings.Count(err.Error(), "a.json") != 1 {
			t.Errorf("%v", err)
		}
	}
}

// TestLinks: a link to a file is read, one to nowhere or to a folder is passed over.
func TestLinks(t *testing.T) {
	dir := folder(t, map[string]string{"logs/README.md": "", "other/a.json": record(1, "")})
	for name, to := range map[string]string{"a.json": "../other/a.json", "gone.json": "nowhere", "loop.json": "../logs"} {
		if err := os.Symlink(to, filepath.Join(dir, "logs", name)); err != nil {
			t.Skipf("no links here: %v", err)
		}
	}
	if err := os.Symlink("logs", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	var r cloudtrail.Reader
	if events, faults := read(t, &r, filepath.Join(dir, "link")); ids(events) != "1" || len(faults) > 0 {
		t.Errorf("%q, %v", ids(events), faults)
	}
}

// TestMemoryIsFlat reads a file many times as large as what may be held.
func TestMemoryIsFlat(t *testing.T) {
	var r cloudtrail.Reader
	one := strings.Repeat(`{"eventSource":"s3.amazonaws.com","eventName":"GetObject","requestParameters":{"key":"`+strings.Repeat("k", 400)+`"}}`+"\n", 200_000)
	dir := folder(t, map[string]string{"a.json": one})
	files, err := cloudtrail.Local(dir)
	if err != nil {
		t.Fatal(err)
	}
	one = ""
	r.Files = files
	n := 0
	allocated := testing.AllocsPerRun(1, func() {
		for range r.Events(context.Background()) {
			n++
		}
	})
	if n != 400_000 {
		t.Fatalf("%d events", n)
	}
	if allocated > 20_000 {
		t.Errorf("%v allocations for 200,000 events", allocated)
	}
}

// TestRecordsStayAsTheyWere: a record that was handed over is not written over by
// what is read later.
func TestRecordsStayAsTheyWere(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for n := range 6000 {
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(record(n, `"x":"`+strings.Repeat("y", n%700)+`"`))
	}
	b.WriteString("]}")
	var r cloudtrail.Reader
	events, faults := read(t, &r, folder(t, map[string]string{"a.json.gz": zipped(b.String())}))
	if len(events) != 6000 || len(faults) > 0 {
		t.Fatalf("%d events, %v", len(events), faults)
	}
	for n, e := range events {
		if want := record(n, `"x":"`+strings.Repeat("y", n%700)+`"`); string(e.Raw) != want {
			t.Fatalf("event %d is now %s", n, e.Raw)
		}
	}
}
