package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
	"holdfast.dev/holdfast/internal/source/aws/collect"
	"holdfast.dev/holdfast/internal/store"
)

const (
	management = "111122223333"
	member     = "222233334444"
	other      = "333344445555"
)

// organisation is the saved responses of three accounts in two Regions each: all
// that the collectors' own tests hold, for every account.
func organisation(t testing.TB) fstest.MapFS {
	t.Helper()
	loaded, err := awstest.Load(filepath.Join("..", "..", "internal", "source", "aws", "collect", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	world := fstest.MapFS{}
	for name, f := range loaded.(fstest.MapFS) {
		parts := strings.SplitN(name, "/", 4) // account/region/service/Operation.json
		if parts[1] != "global" && parts[1] != "eu-west-1" || parts[2] == "cloudcontrol" {
			continue
		}
		for _, account := range []string{management, member, other} {
			if parts[2] == "organizations" && account != management && parts[3] != "DescribeOrganization.json" {
				continue
			}
			data := string(f.Data)
			if parts[2] != "organizations" && account != management {
				data = strings.ReplaceAll(data, management, account)
			}
			for _, region := range []string{"eu-west-1", "us-east-1"} {
				if parts[1] == "global" {
					region = "global"
				}
				world[path.Join(account, region, parts[2], parts[3])] = &fstest.MapFile{
					Data: []byte(strings.ReplaceAll(data, "eu-west-1", map[string]string{"global": "eu-west-1"}[region]+strings.TrimPrefix(region, "global"))),
				}
			}
		}
	}
	return world
}

// onDisk writes saved responses to a directory.
func onDisk(t testing.TB, world fs.FS) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, world); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outline is of saved responses what tells which accounts and Regions there are.
func outline(world fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, f := range world {
		if strings.Contains(name, "/organizations/") || strings.Contains(name, "/sqs/") {
			out[name] = f
		}
	}
	return out
}

// estate is an organisation that is collected into a store again and again.
type estate struct {
	t     *testing.T
	world fstest.MapFS
	app   *app.App
	store *store.Store
	dir   string // of the store
	now   time.Time
}

func newEstate(t *testing.T) *estate {
	e := &estate{t: t, world: organisation(t), dir: t.TempDir(), now: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
	e.app = &app.App{Now: func() time.Time { return e.now }, Env: func(string) string { return "" }, Collectors: collect.All(), Generic: collect.CloudControl}
	e.open()
	return e
}

func (e *estate) open() {
	s, err := store.Open(e.t.Context(), e.dir, store.Options{Now: e.app.Now})
	if err != nil {
		e.t.Fatal(err)
	}
	e.store = s
	e.t.Cleanup(func() { s.Close() })
}

// collect reads the organisation as it is an hour later, each call going
// through trouble.
func (e *estate) collect(ctx context.Context, trouble func(aws.Answer) aws.Answer, o app.CollectOptions) (app.Collected, error) {
	e.t.Helper()
	e.now = e.now.Add(time.Hour)
	answer := aws.FromFS(e.world)
	if trouble != nil {
		answer = trouble(answer)
	}
	o.From, o.Answer, o.Sleep = onDisk(e.t, outline(e.world)), answer, func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return e.app.Collect(ctx, e.store, o)
}

func (e *estate) mustCollect(trouble func(aws.Answer) aws.Answer, o app.CollectOptions) app.Collected {
	e.t.Helper()
	done, err := e.collect(e.t.Context(), trouble, o)
	if err != nil {
		e.t.Fatal(err)
	}
	return done
}

// digests are the resources of the snapshot of now, and what they look like.
func (e *estate) digests() map[string]string {
	e.t.Helper()
	out := map[string]string{}
	for record, err := range e.store.Records(e.t.Context(), e.now, store.Query{}) {
		if err != nil {
			e.t.Fatal(err)
		}
		r, err := record.Resource(new(evidence.Decoder))
		if err != nil {
			e.t.Fatal(err)
		}
		d, err := r.Digest()
		if err != nil {
			e.t.Fatal(err)
		}
		out[r.Key()] = d.String()
	}
	return out
}

func (e *estate) gaps() []evidence.Gap {
	e.t.Helper()
	list, err := e.store.Gaps(e.t.Context(), e.now)
	if err != nil {
		e.t.Fatal(err)
	}
	return list
}

// review judges a minute later and returns every finding by what it is about.
func (e *estate) review() map[string]finding.Finding {
	e.t.Helper()
	e.now = e.now.Add(time.Minute)
	r, err := app.NewReviewing(app.Workspace{Dir: e.t.TempDir()})
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := r.Review(e.t.Context(), e.store, e.now, nil); err != nil {
		e.t.Fatal(err)
	}
	out := map[string]finding.Finding{}
	for f, err := range e.store.Findings(e.t.Context(), store.FindingQuery{}) {
		if err != nil {
			e.t.Fatal(err)
		}
		out[fmt.Sprintf("%s %s %s %s", f.Rule, f.Account, f.Region, f.Resource)] = f
	}
	return out
}

// change rewrites one saved response.
func (e *estate) change(name string, f func(map[string]any)) {
	e.t.Helper()
	file, ok := e.world[name]
	if !ok {
		e.t.Fatalf("there is no saved response %s", name)
	}
	var doc map[string]any
	if err := json.Unmarshal(file.Data, &doc); err != nil {
		e.t.Fatal(err)
	}
	f(doc)
	data, err := json.Marshal(doc)
	if err != nil {
		e.t.Fatal(err)
	}
	e.world[name] = &fstest.MapFile{Data: data}
}

// units counts how often each unit was finished.
type units struct {
	mu       sync.Mutex
	finished map[string]int
	skipped  int
	each     func(total int)
}

func (u *units) Unit(unit aws.Unit, state aws.State) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch state {
	case aws.Skipped:
		u.skipped++
	case aws.Finished, aws.Gapped:
		if u.finished == nil {
			u.finished = map[string]int{}
		}
		u.finished[unit.String()]++
		if u.each != nil {
			u.each(len(u.finished))
		}
	}
}
