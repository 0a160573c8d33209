package logfile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/source/logfile"
)

// bucket is one in memory, with a folder that may not be listed.
type bucket struct {
	objects map[string]string
	denied  string
}

func (b bucket) List(_ context.Context, prefix, after, delimiter string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if b.denied != "" && prefix == b.denied {
			yield("", os.ErrPermission)
			return
		}
		seen := map[string]bool{}
		keys := make([]string, 0, len(b.objects))
		for k := range b.objects {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			rest, ok := strings.CutPrefix(k, prefix)
			if !ok || k <= after {
				continue
			}
			if i := strings.Index(rest, delimiter); delimiter != "" && i >= 0 {
				k = prefix + rest[:i+1]
			}
			if !seen[k] && !yield(k, nil) {
				return
			}
			seen[k] = true
		}
	}
}

func (b bucket) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(b.objects[key])), nil
}

func TestRemote(t *testing.T) {
	at := func(account, region, day string) string {
		return fmt.Sprintf("p/AWSLogs/%s/vpcflowlogs/%s/%s/%s_vpcflowlogs_%s_fl-1_%sT0000Z_ab.log.gz", account, region, day, account, region, strings.ReplaceAll(day, "/", ""))
	}
	hive := "h/AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/hour=00/111122223333_vpcflowlogs_eu-west-1_fl-1_20260102T0000Z_ab.log.parquet"
	b := bucket{objects: map[string]string{
		at("111122223333", "eu-west-1", "2026/01/01"): "x", at("111122223333", "eu-west-1", "2026/01/03"): "x", at("111122223333", "us-east-1", "2026/01/02"): "x",
		at("444455556666", "eu-west-1", "2026/01/02"): "x", hive: "x",
		"p/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/x.json.gz": "no flows", "p/AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/readme.md": "no log",
		"loose/flows.log": "x",
	}}
	list := func(prefix string, s logfile.Selection) (names []string) {
		s.Kind = "vpcflowlogs"
		files, err := (&logfile.Remote{Bucket: b, Name: "b", Prefix: prefix, Selection: s}).List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			names = append(names, strings.TrimPrefix(f.Name, "s3://b/"))
		}
		return names
	}
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		prefix string
		s      logfile.Selection
		want   []string
	}{
		"all":            {"", logfile.Selection{}, []string{"loose/flows.log", at("111122223333", "eu-west-1", "2026/01/01"), hive, at("111122223333", "us-east-1", "2026/01/02"), at("444455556666", "eu-west-1", "2026/01/02"), at("111122223333", "eu-west-1", "2026/01/03")}},
		"an account":     {"p/", logfile.Selection{Accounts: []string{"444455556666"}}, []string{at("444455556666", "eu-west-1", "2026/01/02")}},
		"a Region":       {"p/", logfile.Selection{Regions: []string{"us-east-1"}}, []string{at("111122223333", "us-east-1", "2026/01/02")}},
		"from a day on":  {"p/", logfile.Selection{Since: day(2).Add(2 * time.Hour)}, []string{at("111122223333", "eu-west-1", "2026/01/03")}},
		"until a day":    {"p/", logfile.Selection{Until: day(1)}, []string{at("111122223333", "eu-west-1", "2026/01/01")}},
		"Hive's folders": {"h/AWSLogs/", logfile.Selection{Since: day(2), Regions: []string{"eu-west-1"}}, []string{hive}},
		"Hive too late":  {"h/AWSLogs/", logfile.Selection{Since: day(4)}, nil},
		"one Region":     {"p/AWSLogs/111122223333/vpcflowlogs/eu-west-1/", logfile.Selection{}, []string{at("111122223333", "eu-west-1", "2026/01/01"), at("111122223333", "eu-west-1", "2026/01/03")}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, list(c.prefix, c.s)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a part cannot be listed", func(t *testing.T) {
		b.denied = "p/AWSLogs/444455556666/"
		files, err := (&logfile.Remote{Bucket: b, Name: "b", Prefix: "p/", Selection: logfile.Selection{Kind: "vpcflowlogs"}}).List(t.Context())
		if err != nil || len(files) != 4 {
			t.Fatal(err, len(files))
		}
		for _, f := range files {
			r, err := f.Open(t.Context())
			if denied := strings.HasSuffix(f.Name, "/"); denied != (err != nil) || err != nil && (!errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "could not be listed")) {
				t.Error(f.Name, err)
			} else if err == nil {
				r.Close()
			}
		}
	})
	t.Run("nothing can be listed", func(t *testing.T) {
		b.denied = "p/"
		if _, err := (&logfile.Remote{Bucket: b, Name: "b", Prefix: "p/"}).List(t.Context()); err == nil || !strings.Contains(err.Error(), "s3://b/p/") {
			t.Error(err)
		}
	})
}

func TestLocal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/a.log.gz", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/b.json.gz", "export/1/000000.gz", "notes.md", ".hidden.log"} {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := logfile.Local(logfile.Selection{Kind: "vpcflowlogs"}, dir, filepath.Join(dir, "notes.md"))
	var names []string
	for _, f := range files {
		rest, _ := filepath.Rel(dir, f.Name)
		names = append(names, rest)
	}
	if err != nil || !slices.Equal(names, []string{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/a.log.gz", "export/1/000000.gz", "notes.md"}) {
		t.Error(names, err)
	}
	if _, err := logfile.Local(logfile.Selection{}, filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there is listed")
	}
}
