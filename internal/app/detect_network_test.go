package app

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/source/flowlog/flowtest"
	"holdfast.dev/holdfast/internal/source/logfile"
)

// logBuckets are buckets in memory.
type logBuckets map[string]map[string][]byte

func (b logBuckets) Queue(string) (cloudtrail.Queue, error) { return nil, errors.New("no queue") }

func (b logBuckets) Bucket(_ context.Context, name string) (cloudtrail.Bucket, error) {
	if b[name] == nil {
		return nil, fmt.Errorf("the bucket %q: %w", name, fs.ErrNotExist)
	}
	return logBucket(b[name]), nil
}

type logBucket map[string][]byte

func (b logBucket) List(_ context.Context, prefix, after, delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		last := ""
		for _, key := range slices.Sorted(maps.Keys(b)) {
			rest, ok := strings.CutPrefix(key, prefix)
			if i := strings.Index(rest, delimiter); ok && delimiter != "" && i >= 0 {
				key = prefix + rest[:i+1]
			}
			if !ok || key <= after || key == last {
				continue
			}
			if last = key; !yield(key, nil) {
				return
			}
		}
	}
}

func (b logBucket) Open(_ context.Context, key string) (io.ReadCloser, error) {
	if strings.Contains(key, "denied") {
		return nil, fs.ErrPermission
	}
	return io.NopCloser(bytes.NewReader(b[key])), nil
}

func gzipped(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := errors.Join(write(w), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var flowDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// guessing is a flow log of somebody who guesses passwords.
func guessing(w io.Writer) error {
	_, err := fmt.Fprintln(w, flowtest.Default)
	for i := range 12 {
		at := flowDay.Unix() + int64(i*10)
		_, fault := fmt.Fprintf(w, "2 111122223333 eni-0a 198.51.100.9 10.0.0.5 %d 22 6 15 1500 %d %d ACCEPT OK\n", 40000+i, at, at+8)
		err = errors.Join(err, fault)
	}
	return err
}

func TestNetworkDetectFromBuckets(t *testing.T) {
	const folder = "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/03/02/111122223333_vpcflowlogs_eu-west-1_fl-1_20260302T"
	quiet := gzipped(t, func(w io.Writer) error {
		_, err := (&flowtest.Log{Rows: 5000, Start: flowDay}).WriteTo(w)
		return err
	})
	bad := gzipped(t, guessing)
	a := &App{Now: func() time.Time { return flowDay.AddDate(0, 0, 1) }, OpenLogs: func(context.Context, string, string) (TrailLogs, error) {
		return logBuckets{"flows": {
			folder + "0000Z_a.log.gz": quiet, folder + "0005Z_b.log.gz": bad, folder + "0010Z_cut.log.gz": quiet[:len(quiet)/2], folder + "0015Z_denied.log.gz": nil,
			"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/x.json.gz": []byte("never read"),
		}}, nil
	}}
	var alerts []finding.Alert
	var faults []string
	o := NetworkDetectOptions{
		Paths: []string{"s3://flows/AWSLogs"},
		Alert: func(x finding.Alert) error { alerts = append(alerts, x); return nil },
		Fault: func(f *logfile.Fault) { faults = append(faults, f.Error()) },
	}
	found, err := a.NetworkDetect(t.Context(), Workspace{}, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(alerts) != 1 || alerts[0].Rule != "ssh-brute-force-target" || alerts[0].Region != "eu-west-1" || !strings.HasPrefix(alerts[0].EventID, "s3://flows/"+folder+"0005Z_b.log.gz:") {
		t.Errorf("%+v", alerts)
	}
	if len(faults) != 2 || !strings.Contains(faults[0], "cut off") || !strings.Contains(faults[1], "permission denied") || found.Files != 4 || found.Faulty != 2 || found.Unseen() == nil || found.AtLeast(finding.Low) == 0 || found.AtLeast(finding.Medium) > 0 {
		t.Errorf("%q %+v", faults, found)
	}
	o.Paths = []string{"s3://other"}
	if _, err := a.NetworkDetect(t.Context(), Workspace{}, o); Code(err) != ExitUsage || !strings.Contains(err.Error(), `"other"`) {
		t.Error(err)
	}
	a.OpenLogs = nil
	if _, err := a.NetworkDetect(t.Context(), Workspace{}, o); Code(err) != ExitUsage || !strings.Contains(err.Error(), "without a way to read AWS") {
		t.Error(err)
	}
}

// TestNetworkDetectLeavesTheFutureOut: a record of a time to come would end every window.
func TestNetworkDetectLeavesTheFutureOut(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.log")
	var log bytes.Buffer
	if err := guessing(&log); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&log, "2 111122223333 eni-0a 198.51.100.9 10.0.0.5 1 22 6 15 1500 4102444800 4102444801 ACCEPT OK")
	if err := os.WriteFile(name, log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &App{Now: func() time.Time { return flowDay.AddDate(0, 0, 1) }}
	found, err := a.NetworkDetect(t.Context(), Workspace{}, NetworkDetectOptions{Paths: []string{name}})
	if err != nil || found.Records != 12 || found.Outside != 1 || !found.Last.Equal(flowDay.Add(118*time.Second)) {
		t.Errorf("%+v, %v", found, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.NetworkDetect(ctx, Workspace{}, NetworkDetectOptions{Paths: []string{name}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	stop := errors.New("disk full")
	if _, err := a.NetworkDetect(t.Context(), Workspace{}, NetworkDetectOptions{Paths: []string{name}, Alert: func(finding.Alert) error { return stop }}); !errors.Is(err, stop) {
		t.Error(err)
	}
}
