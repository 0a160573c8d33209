package trail_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws/trail"
	"holdfast.dev/holdfast/internal/source/aws/trail/fake"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// The two rooms know each other by these only.
var (
	_ cloudtrail.Bucket = (*trail.Bucket)(nil)
	_ cloudtrail.Queue  = (*trail.Queue)(nil)
)

func connect(t *testing.T, s *fake.Server) *trail.Reader {
	t.Helper()
	s.Start(t)
	c, err := trail.Open(t.Context(), trail.Options{Attempts: 8, Backoff: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func bucket(t *testing.T, c *trail.Reader) *trail.Bucket {
	t.Helper()
	b, err := c.Bucket(t.Context(), "logs")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// key is a key of AWS's layout.
func key(prefix, account, region string, at time.Time, id string) string {
	return fmt.Sprintf("%sAWSLogs/o-abc/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz",
		prefix, account, region, at.Format("2006/01/02"), account, region, at.Format("20060102T1504Z"), id)
}

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// month fills a bucket: two accounts, two Regions, 30 days, two files of a record a day.
func month(s *fake.Server, prefix string) (files int) {
	m := trailtest.New(1, 1000)
	for _, account := range trailtest.Accounts[:2] {
		for _, region := range trailtest.Regions[:2] {
			for d := range 30 {
				for h := range 2 {
					at := day.AddDate(0, 0, d).Add(time.Duration(h) * 12 * time.Hour)
					s.Put("logs", key(prefix, account, region, at, fmt.Sprint(h)), trailtest.Gzip(m.File(1)))
					files++
				}
			}
			s.Put("logs", strings.ReplaceAll(key(prefix, account, region, day, "d"), "CloudTrail", "CloudTrail-Digest"), []byte("a digest"))
			s.Put("logs", strings.ReplaceAll(key(prefix, account, region, day, "c"), "CloudTrail", "Config"), []byte("not read"))
		}
	}
	s.Put("logs", prefix+"README.txt", []byte("no log"))
	return files
}

func list(t *testing.T, r *cloudtrail.Remote) []string {
	t.Helper()
	files, err := r.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	if !slices.IsSortedFunc(files, func(a, b cloudtrail.File) int { return a.Delivered.Compare(b.Delivered) }) {
		t.Error("not in the order of delivery")
	}
	return out
}

func TestOnlyWhatIsWantedIsListed(t *testing.T) {
	for _, prefix := range []string{"", "org/", "a/b/"} {
		s := &fake.Server{Page: 7}
		total := month(s, prefix)
		b := bucket(t, connect(t, s))
		if got := list(t, &cloudtrail.Remote{Bucket: b, Name: "logs"}); len(got) != total {
			t.Errorf("%q: %d files of %d", prefix, len(got), total)
		}
		for _, start := range []string{prefix + "AWSLogs/", prefix + "AWSLogs", prefix + "AWSLogs/o-abc/"} {
			if got := list(t, &cloudtrail.Remote{Bucket: b, Name: "logs", Prefix: start}); len(got) != total {
				t.Errorf("%q: %d files of %d", start, len(got), total)
			}
		}
		before := len(s.Asked())
		got := list(t, &cloudtrail.Remote{Bucket: b, Name: "logs", Prefix: prefix, Selection: cloudtrail.Selection{
			Accounts: trailtest.Accounts[1:2], Regions: trailtest.Regions[:1], Since: day.AddDate(0, 0, 10), Until: day.AddDate(0, 0, 12),
		}})
		if len(got) != 6 { // one day more: events may come late
			t.Errorf("%q: %d files: %v", prefix, len(got), got)
		}
		for _, name := range got {
			if !strings.Contains(name, "/"+trailtest.Accounts[1]+"/CloudTrail/"+trailtest.Regions[0]+"/2026/03/1") {
				t.Error(name)
			}
		}
		for _, asked := range s.Asked()[before:] {
			if strings.Contains(asked, trailtest.Accounts[0]) || strings.Contains(asked, "Digest") || strings.Contains(asked, "Config") || strings.Contains(asked, trailtest.Regions[1]) {
				t.Errorf("%q was asked for nothing", asked)
			}
		}
		if n := len(s.Asked()) - before; n > 12 {
			t.Errorf("%d requests: %v", n, s.Asked()[before:])
		}
		one := key(prefix, trailtest.Accounts[0], trailtest.Regions[0], day, "")
		for _, start := range []string{filepath.Dir(one), one[:strings.Index(one, "/2026/")], one[:strings.Index(one, "_CloudTrail")]} {
			want := map[bool]int{true: 60, false: 2}[!strings.Contains(start, "2026")]
			if got := list(t, &cloudtrail.Remote{Bucket: b, Name: "logs", Prefix: start}); len(got) != want {
				t.Errorf("%q: %d files, want %d", start, len(got), want)
			}
		}
	}
}

func read(t *testing.T, files []cloudtrail.File, workers int) (ids []string, faults []*cloudtrail.Fault, stats cloudtrail.Stats) {
	t.Helper()
	r := &cloudtrail.Reader{Files: files, Workers: workers}
	err := cloudtrail.Each(t.Context(), r, func(int, *cloudtrail.Batch) int { return 0 }, func(b *cloudtrail.Batch, _ int) error {
		if b.Fault != nil {
			faults = append(faults, b.Fault)
		}
		for i := range b.Records {
			if !b.Records[i].Duplicate() {
				ids = append(ids, string(b.Records[i].Text(cloudtrail.EventID)))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, faults, r.Stats()
}

// TestDownloadsGoOn: connections that break, throttling and a missing object.
func TestDownloadsGoOn(t *testing.T) {
	var refused atomic.Int32
	s := &fake.Server{
		Cut: func(string) int { return 30_000 },
		Fail: func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, ".gz") && refused.Add(1)%3 == 0 {
				return 503, "SlowDown"
			}
			if strings.Contains(r.URL.Path, "forbidden") {
				return 403, "AccessDenied"
			}
			return 0, ""
		},
	}
	m := trailtest.New(1, 1000)
	var want []string
	for i := range 6 {
		content := m.File(1000)
		for _, part := range strings.Split(string(content), `"eventID":"`)[1:] {
			want = append(want, part[:36])
		}
		s.Put("logs", key("", trailtest.Accounts[0], trailtest.Regions[0], day.Add(time.Duration(i)*time.Minute), "x"), trailtest.Gzip(content))
	}
	s.Put("logs", key("forbidden/", trailtest.Accounts[0], trailtest.Regions[0], day.Add(time.Hour), "x"), []byte("x"))
	c := connect(t, s)
	b := bucket(t, c)
	remote := &cloudtrail.Remote{Bucket: b, Name: "logs"}
	files, err := remote.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, _ := remote.File("s3://logs/gone.json.gz")
	ids, faults, stats := read(t, append(files, gone), 4)
	if !slices.Equal(ids, want) {
		t.Errorf("%d events of %d, or in another order", len(ids), len(want))
	}
	if len(faults) != 2 || stats.Faulty != 2 {
		t.Fatalf("faults %v", faults)
	}
	if g := faults[0].Gap(); g.Reason != evidence.Denied || g.Account != trailtest.Accounts[0] || g.Region != trailtest.Regions[0] || faults[0].Passing() || !errors.Is(faults[0], fs.ErrPermission) {
		t.Errorf("%+v", g)
	}
	if g := faults[1].Gap(); g.Reason != evidence.Failed || faults[1].Passing() || !errors.Is(faults[1], fs.ErrNotExist) {
		t.Errorf("%+v", g)
	}
}

// What trail verify reads goes on as well, metadata and all.
func TestVerifyingGoesOn(t *testing.T) {
	s := &fake.Server{Cut: func(string) int { return 30_000 }}
	content := []byte(strings.Repeat("0123456789", 10_000))
	s.Put("logs", "digest.json.gz", content)
	c := connect(t, s)
	body, _, err := c.Get(t.Context(), "logs", "digest.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes of %d, %v", len(got), len(content), err)
	}
	if err := body.Close(); err != nil {
		t.Error(err)
	}
	if asked := s.Asked(); len(asked) < 4 {
		t.Errorf("%v: the connection was not cut", asked)
	}
}

func TestThrottledForGood(t *testing.T) {
	s := &fake.Server{Fail: func(r *http.Request) (int, string) {
		if strings.HasSuffix(r.URL.Path, ".gz") {
			return 503, "SlowDown"
		}
		return 0, ""
	}}
	s.Put("logs", key("", trailtest.Accounts[0], trailtest.Regions[0], day, "x"), nil)
	s.Start(t)
	c, err := trail.Open(t.Context(), trail.Options{Attempts: 2, Backoff: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	files, err := (&cloudtrail.Remote{Bucket: bucket(t, c), Name: "logs"}).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, faults, _ := read(t, files, 1)
	if len(faults) != 1 || faults[0].Gap().Reason != evidence.Throttled || !faults[0].Passing() {
		t.Errorf("%v", faults)
	}
}

func TestWrongBucket(t *testing.T) {
	s := &fake.Server{}
	s.Put("other", "a", nil)
	_, err := connect(t, s).Bucket(t.Context(), "logs")
	if err == nil || !strings.Contains(err.Error(), "s3://logs") || !strings.Contains(err.Error(), "check the name") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestUnlistedPart: one account that may not be listed is a gap, and stops nothing.
func TestUnlistedPart(t *testing.T) {
	s := &fake.Server{Fail: func(r *http.Request) (int, string) {
		if strings.Contains(r.URL.Query().Get("prefix"), trailtest.Accounts[1]) {
			return 403, "AccessDenied"
		}
		return 0, ""
	}}
	total := month(s, "")
	files, err := (&cloudtrail.Remote{Bucket: bucket(t, connect(t, s)), Name: "logs"}).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids, faults, _ := read(t, files, 2)
	if len(ids) != total/2 || len(faults) != 1 || faults[0].Gap().Reason != evidence.Denied || !strings.Contains(faults[0].File, trailtest.Accounts[1]) {
		t.Errorf("%d events, faults %v", len(ids), faults)
	}
}

func TestStoppedWhileDownloading(t *testing.T) {
	s := &fake.Server{}
	month(s, "")
	files, err := (&cloudtrail.Remote{Bucket: bucket(t, connect(t, s)), Name: "logs"}).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &cloudtrail.Reader{Files: files, Workers: 8}
	n := 0
	err = cloudtrail.Each(ctx, r, func(int, *cloudtrail.Batch) int { return 0 }, func(*cloudtrail.Batch, int) error {
		if n++; n == 10 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
