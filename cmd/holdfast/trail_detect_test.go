package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/source/aws/trail/fake"
	"holdfast.dev/holdfast/internal/source/cloudtrail/trailtest"
)

// detectRules are rules of which some hold for single events and one for several.
const detectRules = `title: A secret was read
id: 00000000-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: GetSecretValue}, condition: selection}
level: low
---
title: Decrypt
name: decrypt
id: 00000000-0000-4000-8000-000000000002
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Decrypt}, condition: selection}
level: low
---
title: Much is decrypted
id: 00000000-0000-4000-8000-000000000003
correlation: {type: event_count, rules: [decrypt], group-by: [userIdentity.sessionContext.sessionIssuer.arn], timespan: 30m, condition: {gte: 4}}
level: high
`

// detecting is a command that runs in a folder with rules.yml.
type detecting struct {
	t   *testing.T
	dir string
	env []string
}

func newDetecting(t *testing.T) *detecting {
	d := &detecting{t: t, dir: t.TempDir(), env: os.Environ()}
	if err := os.WriteFile(filepath.Join(d.dir, "rules.yml"), []byte(detectRules), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *detecting) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(d.t.Context(), "holdfast", append([]string{"trail", "detect", "--rules", "rules.yml", "--rules-only", "--fail-on", "none"}, args...)...)
	c.Dir, c.Env = d.dir, d.env
	return c
}

// run gives what the command printed and its exit code.
func (d *detecting) run(args ...string) (stdout, stderr string, code int) {
	d.t.Helper()
	c := d.command(args...)
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		d.t.Fatal(err)
	}
	return out.String(), problems.String(), c.ProcessState.ExitCode()
}

// killed runs the command and kills it after a while, unless it ends before.
func (d *detecting) killed(after time.Duration, args ...string) {
	d.t.Helper()
	c := d.command(args...)
	if err := c.Start(); err != nil {
		d.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	_ = c.Wait() // it was killed
}

func (d *detecting) read(name string) string {
	d.t.Helper()
	b, err := os.ReadFile(filepath.Join(d.dir, name))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// logFiles are some files, in the order of delivery, with their names below a bucket.
func logFiles(n, events int) (keys []string, contents [][]byte) {
	m := trailtest.New(7, 96*events)
	for range n {
		content := trailtest.Gzip(m.File(events))
		keys, contents = append(keys, m.Key()), append(contents, content)
	}
	return keys, contents
}

// TestDetectKilledWhileFollowing: files are added while the process is killed again and
// again; the output is, byte for byte, that of a run that nobody disturbed.
func TestDetectKilledWhileFollowing(t *testing.T) {
	d := newDetecting(t)
	keys, contents := logFiles(150, 40)
	add := func(root string, i int) {
		name := filepath.Join(d.dir, root, filepath.FromSlash(keys[i]))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name+".part", contents[i], 0o600), os.Rename(name+".part", name)); err != nil {
			t.Error(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(d.dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range keys {
		add("all", i)
	}
	if _, stderr, code := d.run("all", "--checkpoint", "all.json", "--output", "jsonl", "--out", "all.jsonl", "--quiet", "0s"); code != 0 {
		t.Fatal(code, stderr)
	}
	want := d.read("all.jsonl")
	if n := strings.Count(want, "\n"); n < 100 || !strings.Contains(want, "Much is decrypted") {
		t.Fatalf("%d alerts are too few to compare", n)
	}
	added := make(chan struct{})
	go func() {
		defer close(added)
		for i := range keys {
			add("logs", i)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	args := []string{"logs", "--checkpoint", "c.json", "--output", "jsonl", "--out", "alerts.jsonl", "--quiet", "0s", "--every", "5ms"}
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	kills := 0
	for done := false; !done; kills++ {
		select {
		case <-added:
			done = true
		default:
		}
		d.killed(time.Duration(20+r.IntN(500))*time.Millisecond, append(args, "--follow")...)
	}
	if _, stderr, code := d.run(args...); code != 0 {
		t.Fatal(code, stderr)
	}
	if got := d.read("alerts.jsonl"); got != want {
		t.Errorf("after %d kills there are %d lines, want %d", kills, strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
	// Once more there is nothing new, and nothing is added.
	if _, _, code := d.run(args...); code != 0 || d.read("alerts.jsonl") != want {
		t.Error("a run with nothing new changed the output")
	}
	// An output that was cut is not gone on with in silence.
	if err := os.Truncate(filepath.Join(d.dir, "alerts.jsonl"), 10); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := d.run(args...); code != 2 || !strings.Contains(stderr, "begin anew") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestDetectKilledWhileReadingAQueue: messages show themselves again after a kill, and
// no alert is lost or doubled.
func TestDetectKilledWhileReadingAQueue(t *testing.T) {
	s := &fake.Server{}
	s.Start(t)
	d := newDetecting(t)
	keys, contents := logFiles(60, 60)
	queue := ""
	for i, key := range keys {
		s.Put("logs", key, contents[i])
		queue = s.Send("q", fmt.Sprintf(`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":%q}}}]}`, key))
	}
	stdout, stderr, code := d.run("s3://logs", "--output", "jsonl")
	if code != 0 {
		t.Fatal(code, stderr)
	}
	want := singles(stdout)
	if len(want) < 50 {
		t.Fatalf("%d alerts are too few to compare", len(want))
	}
	args := []string{"--queue", queue, "--checkpoint", "c.json", "--output", "jsonl", "--out", "alerts.jsonl"}
	r := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	for range 8 {
		d.killed(time.Duration(50+r.IntN(400))*time.Millisecond, append(args, "--follow")...)
		s.Later(10 * time.Minute)
	}
	if _, stderr, code := d.run(args...); code != 0 {
		t.Fatal(code, stderr)
	}
	if got := singles(d.read("alerts.jsonl")); !slices.Equal(got, want) {
		t.Errorf("%d alerts, want %d", len(got), len(want))
	}
	if left := s.Left("q"); left != 0 {
		t.Errorf("%d messages are left", left)
	}
}

// TestDetectGoesOnAfterAnOutage: a service that is away for a while ends nothing.
func TestDetectGoesOnAfterAnOutage(t *testing.T) {
	keys, contents := logFiles(3, 60)
	var asked atomic.Int32
	s := &fake.Server{Fail: func(r *http.Request) (int, string) {
		if n := asked.Add(1); n > 3 && n < 8 && r.URL.Query().Has("list-type") {
			return 400, "OperationAborted" // which the SDK does not try again by itself
		}
		return 0, ""
	}}
	for i, key := range keys {
		s.Put("logs", key, contents[i])
	}
	s.Start(t)
	d := newDetecting(t)
	ctx, stop := context.WithTimeout(t.Context(), 4*time.Second)
	defer stop()
	c := exec.CommandContext(ctx, "holdfast", "trail", "detect", "s3://logs", "--rules", "rules.yml", "--rules-only", "--fail-on", "none", "--follow", "--every", "20ms", "--output", "jsonl")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.Dir, c.Env = d.dir, d.env
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	_ = c.Run() // it is interrupted
	if asked.Load() < 12 || c.ProcessState.ExitCode() != 0 || !strings.Contains(problems.String(), "looked in vain") || !strings.Contains(problems.String(), "3 files") {
		t.Errorf("%d requests, exit code %d\n%s", asked.Load(), c.ProcessState.ExitCode(), problems.String())
	}
}

// singles are the events of alerts about single events, sorted: a queue keeps no order.
func singles(lines string) (ids []string) {
	for line := range strings.Lines(lines) {
		var a struct {
			Severity string
			EventID  string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(line), &a); err == nil && a.Severity == "low" {
			ids = append(ids, a.EventID)
		}
	}
	slices.Sort(ids)
	return ids
}

// TestDetectSaysWhatAWSRefused: one sentence with what, where and what to do next.
func TestDetectSaysWhatAWSRefused(t *testing.T) {
	keys, contents := logFiles(2, 5)
	objects := func(status int, code string) func(*http.Request) (int, string) {
		return func(r *http.Request) (int, string) {
			if strings.HasSuffix(r.URL.Path, ".gz") {
				return status, code
			}
			return 0, ""
		}
	}
	all := func(status int, code string) func(*http.Request) (int, string) {
		return func(*http.Request) (int, string) { return status, code }
	}
	for name, x := range map[string]struct {
		fail func(*http.Request) (int, string)
		args []string
		code int
		want []string
	}{
		"no such bucket":      {nil, []string{"s3://none/x"}, 2, []string{"s3://none", "check the name"}},
		"no such queue":       {nil, []string{"--queue", "$URL/111122223333/none"}, 2, []string{"/none", "check the URL"}},
		"expired":             {all(403, "ExpiredToken"), []string{"s3://logs"}, 2, []string{"s3://logs", "aws sso login"}},
		"unknown credentials": {all(403, "InvalidAccessKeyId"), []string{"s3://logs"}, 2, []string{"s3://logs", "AWS_PROFILE"}},
		"denied objects":      {objects(403, "AccessDenied"), []string{"s3://logs", "--strict"}, 3, []string{keys[0], "docs/permissions.md"}},
		"nothing there":       {nil, []string{"s3://logs/other"}, 2, []string{"no log file in s3://logs/other"}},
		"no bucket named":     {nil, []string{"s3://"}, 2, []string{"names no bucket"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &fake.Server{Fail: x.fail}
			for i, key := range keys {
				s.Put("logs", key, contents[i])
			}
			s.Start(t)
			s.Send("q", "")
			d := newDetecting(t)
			args := slices.Clone(x.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "$URL", s.URL)
			}
			_, stderr, code := d.run(args...)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			told := slices.ContainsFunc(lines, func(line string) bool {
				return !slices.ContainsFunc(x.want, func(part string) bool { return !strings.Contains(line, part) })
			})
			if code != x.code || !told {
				t.Errorf("%d\n%s", code, stderr)
			}
		})
	}
}
