package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest/digesttest"
)

// trailMirror writes mirrors of log buckets for scripts: main/ is one trail of five
// hours with two logs each, org/ one of an organisation with three accounts in two
// Regions.
func trailMirror(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: trailmirror DIR")
	}
	for name, world := range map[string]*digesttest.World{"main": trailWorld(), "org": orgTrailWorld()} {
		dir := ts.MkAbs(args[0] + "/" + name)
		ts.Check(os.MkdirAll(dir, 0o700))
		ts.Check(world.Mirror(dir))
	}
}

func trailWorld() *digesttest.World {
	w := digesttest.New()
	w.Chain(digesttest.Spec{})
	return w
}

func orgTrailWorld() *digesttest.World {
	w := digesttest.New()
	for _, account := range []string{"111122223333", "222233334444", "333344445555"} {
		for _, region := range []string{"eu-west-1", "us-east-1"} {
			w.Chain(digesttest.Spec{Organization: "o-a1b2c3d4e5", Prefix: "central", Account: account, Region: region, Trail: "org", Hours: 3})
		}
	}
	return w
}

// logBuckets speaks as much of S3 and CloudTrail as verifying a trail takes.
type logBuckets struct {
	world *digesttest.World
	org   bool
	deny  string // an operation that is denied

	mu   sync.Mutex
	seen map[string]int // operation, and the Region of its signature
}

func (b *logBuckets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, target := "GetObject", r.Header.Get("X-Amz-Target")
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case target != "":
		operation = target[strings.LastIndex(target, ".")+1:]
	case r.Method == http.MethodHead:
		operation = "HeadBucket"
	case key == "":
		operation = "ListObjectsV2"
	}
	region := ""
	if parts := strings.Split(r.Header.Get("Authorization"), "/"); len(parts) > 2 {
		region = parts[2]
	}
	b.mu.Lock()
	b.seen[operation+"@"+region]++
	first := b.seen[operation+"@"+region] == 1
	b.mu.Unlock()
	switch {
	case operation == b.deny && target != "":
		fail(w, "json", "AccessDeniedException", http.StatusBadRequest)
	case operation == b.deny:
		fail(w, "rest-xml", "AccessDenied", http.StatusForbidden)
	case first && operation == "ListObjectsV2":
		fail(w, "rest-xml", "SlowDown", http.StatusServiceUnavailable) // and then not any more
	default:
		b.answer(w, r, operation, region, digest.Location{Bucket: bucket, Key: key})
	}
}

func (b *logBuckets) answer(w http.ResponseWriter, r *http.Request, operation, region string, l digest.Location) {
	switch operation {
	case "GetTrail":
		prefix := ""
		if b.org {
			prefix = "central"
		}
		fmt.Fprintf(w, `{"Trail":{"S3BucketName":"org-logs","S3KeyPrefix":%q,"IsOrganizationTrail":%t}}`, prefix, b.org)
	case "ListPublicKeys":
		var in struct{ StartTime, EndTime float64 }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.StartTime == 0 || in.EndTime <= in.StartTime {
			fail(w, "json", "InvalidTimeRangeException", http.StatusBadRequest)
			return
		}
		text := b.world.PublicKeys(region) // the API has numbers for times
		text = bytes.ReplaceAll(text, []byte(`"2026-01-01T00:00:00+00:00"`), []byte("1767225600"))
		_, _ = w.Write(bytes.ReplaceAll(text, []byte(`"2027-01-01T00:00:00+00:00"`), []byte("1798761600")))
	case "HeadBucket":
		w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
		w.WriteHeader(http.StatusMovedPermanently) // it was asked for in another Region
	case "ListObjectsV2":
		b.list(w, r, l.Bucket)
	default:
		data, ok := b.world.Objects[l]
		if !ok {
			fail(w, "rest-xml", "NoSuchKey", http.StatusNotFound)
			return
		}
		for name, value := range b.world.Metadata[l] {
			w.Header().Set("x-amz-meta-"+name, value)
		}
		w.Header().Set("Content-Encoding", "gzip") // as CloudTrail stores them
		_, _ = w.Write(data)
	}
}

// listing is a page of S3. The token of the next is its last key or folder.
type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []struct{ Key string }
	CommonPrefixes        []struct{ Prefix string }
}

// list answers pages of three.
func (b *logBuckets) list(w http.ResponseWriter, r *http.Request, bucket string) {
	q := r.URL.Query()
	prefix, after := q.Get("prefix"), max(q.Get("start-after"), q.Get("continuation-token"))
	var page listing
	last := ""
	for _, l := range slices.SortedFunc(maps.Keys(b.world.Objects), byKey) {
		rest, ok := strings.CutPrefix(l.Key, prefix)
		if !ok || l.Bucket != bucket {
			continue
		}
		entry := l.Key
		folder, _, inside := strings.Cut(rest, "/")
		if inside = inside && q.Get("delimiter") == "/"; inside {
			entry = prefix + folder + "/"
		}
		if entry <= after || entry == last {
			continue
		}
		if len(page.Contents)+len(page.CommonPrefixes) == 3 {
			page.IsTruncated, page.NextContinuationToken = true, last
			break
		}
		if last = entry; inside {
			page.CommonPrefixes = append(page.CommonPrefixes, struct{ Prefix string }{entry})
		} else {
			page.Contents = append(page.Contents, struct{ Key string }{entry})
		}
	}
	_ = xml.NewEncoder(w).Encode(page)
}

func byKey(x, y digest.Location) int { return strings.Compare(x.Key, y.Key) }

// verifyLive runs the command against buckets, as a user would.
func verifyLive(t *testing.T, b *logBuckets, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	b.seen = map[string]int{}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	c := exec.CommandContext(t.Context(), "holdfast", append([]string{"trail", "verify", "--output", "jsonl"}, args...)...)
	c.Dir = t.TempDir()
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=not-a-secret", "AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL=" + server.URL,
	}
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), problems.String(), c.ProcessState.ExitCode()
}

// verdicts counts the lines of each kind and status.
func verdicts(t *testing.T, stdout string) map[string]int {
	t.Helper()
	out := map[string]int{}
	for d := json.NewDecoder(strings.NewReader(stdout)); ; {
		var line struct{ Object, Kind, Status, Reason string }
		if err := d.Decode(&line); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out[line.Kind+" "+line.Status]++
	}
}

const trailARN = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/"

func liveArgs(trail string, more ...string) []string {
	return append([]string{"--start", "2026-03-01", "--end", "2026-03-01T06:00:00Z", "--trail-arn", trailARN + trail}, more...)
}

func TestTrailVerifyLive(t *testing.T) {
	b := &logBuckets{world: trailWorld()}
	stdout, stderr, code := verifyLive(t, b, liveArgs("main")...)
	if got := verdicts(t, stdout); code != 0 || len(got) != 2 || got["digest valid"] != 5 || got["log valid"] != 10 || strings.Contains(stderr, "not covered") {
		t.Errorf("%d %v\n%s", code, got, stderr)
	}
	if b.seen["GetObject@eu-central-1"] != 15 || b.seen["HeadBucket@eu-west-1"] == 0 || b.seen["ListPublicKeys@eu-west-1"] != 1 {
		t.Errorf("%v: objects are read in the bucket's Region, once each; keys are asked for in that of the digests", b.seen)
	}
}

func TestTrailVerifyLiveOrganisation(t *testing.T) {
	w := orgTrailWorld()
	for _, l := range slices.SortedFunc(maps.Keys(w.Objects), byKey) {
		if strings.Contains(l.Key, "222233334444_CloudTrail_us-east-1") {
			delete(w.Objects, l)
			break
		}
	}
	b := &logBuckets{world: w, org: true}
	stdout, stderr, code := verifyLive(t, b, liveArgs("org")...)
	if got := verdicts(t, stdout); code != 1 || got["digest valid"] != 18 || got["log valid"] != 35 || got["log missing"] != 1 {
		t.Errorf("%d %v\n%s", code, got, stderr)
	}
	if b.seen["ListPublicKeys@us-east-1"] == 0 || b.seen["ListPublicKeys@eu-west-1"] == 0 {
		t.Errorf("%v: each Region has keys of its own", b.seen)
	}
	stdout, stderr, code = verifyLive(t, b, liveArgs("org", "--account-id", "333344445555", "--region", "eu-west-1")...)
	if got := verdicts(t, stdout); code != 0 || got["digest valid"] != 3 || got["log valid"] != 6 {
		t.Errorf("%d %v\n%s", code, got, stderr)
	}
}

func TestTrailVerifyLiveDenied(t *testing.T) {
	for operation, want := range map[string]struct {
		code int
		text string
	}{
		"GetTrail":       {2, "AccessDenied"},
		"ListPublicKeys": {3, "5 objects could not be judged"},
		"ListObjectsV2":  {2, "s3://org-logs/AWSLogs/111122223333/CloudTrail-Digest/: ListObjectsV2: AccessDenied"},
		"GetObject":      {3, "5 objects could not be judged"},
	} {
		t.Run(operation, func(t *testing.T) {
			stdout, stderr, code := verifyLive(t, &logBuckets{world: trailWorld(), deny: operation}, liveArgs("main")...)
			if got := verdicts(t, stdout); code != want.code || !strings.Contains(stderr, want.text) || got["digest valid"]+got["digest invalid"] > 0 {
				t.Errorf("%d %v\n%s", code, got, stderr)
			}
		})
	}
}

// TestTrailVerifyLiveNow: without --start the last day counts, and the world is older.
func TestTrailVerifyLiveNow(t *testing.T) {
	stdout, stderr, code := verifyLive(t, &logBuckets{world: trailWorld()}, "--trail-arn", trailARN+"main")
	if code != 3 || stdout != "" || !strings.Contains(stderr, "no digest was found") {
		t.Errorf("%d\n%s%s", code, stdout, stderr)
	}
}
