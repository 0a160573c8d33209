package lake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"holdfast.dev/holdfast/internal/evidence"
)

var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// row makes an event of its own.
func row(n int, at time.Time, set map[Column]string) *Row {
	r := &Row{Time: at}
	put := func(c Column, v string) { r.Text[c] = []byte(v) }
	put(ID, fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n))
	put(Operation, "GetObject")
	put(Service, "s3.amazonaws.com")
	put(Account, "111122223333")
	put(Region, "eu-west-1")
	put(Actor, "arn:aws:iam::111122223333:user/alice")
	for c, v := range set {
		put(c, v)
	}
	r.Raw = fmt.Appendf(nil, `{"eventID":%q,"n":%d,"error":%q}`, r.Text[ID], n, r.Text[Error])
	return r
}

// variety makes events that differ in everything, over some accounts, Regions and days.
func variety(n int) []*Row {
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	var rows []*Row
	for i := range n {
		r := row(i, midnight.Add(time.Duration(random.IntN(3*86400*1000))*time.Millisecond), map[Column]string{
			Operation: pick("GetObject", "PutObject", "CreateUser", "DeleteTrail", "Decrypt", ""),
			Service:   pick("s3.amazonaws.com", "iam.amazonaws.com", "kms.amazonaws.com"),
			Error:     pick("", "", "", "AccessDenied", "NoSuchKey"),
			Message:   pick("", "not allowed: "+strings.Repeat("long ", random.IntN(60))),
			Account:   pick("111122223333", "222233334444"), Region: pick("eu-west-1", "us-east-1", ""),
			Organisation: pick("o-exampleorg", ""),
			Actor:        pick("arn:aws:iam::111122223333:user/alice", "arn:aws:sts::111122223333:assumed-role/deploy/ci", ""),
			Issuer:       pick("", "arn:aws:iam::111122223333:role/deploy"),
			AccessKey:    fmt.Sprintf("ASIA%016d", random.IntN(n)),
			SourceIP:     pick("198.51.100.7", "203.0.113.9", ""), SourceName: pick("", "ec2.amazonaws.com"),
			ReadOnly: pick("true", "false", ""), MFA: pick("true", "false", ""), UserAgent: pick("aws-cli", "Boto3", "日本語"),
			Original: pick("", "", "", "00000000-0000-4000-8000-000000000000"),
		})
		if random.IntN(50) == 0 {
			r.Time = time.Time{}
		}
		for range random.IntN(3) {
			r.Resources = append(r.Resources, Resource{ARN: []byte(pick("arn:aws:s3:::a", "arn:aws:s3:::b", "")), Type: []byte(pick("", "AWS::S3::Bucket"))})
		}
		rows = append(rows, r)
	}
	return rows
}

// event is what the lake should make of a row.
func event(r *Row) evidence.Event {
	e := evidence.Event{
		ID: string(r.Text[ID]), Kind: "cloudtrail", Time: r.Time, Account: string(r.Text[Account]), Region: string(r.Text[Region]),
		Service: string(r.Text[Service]), Name: string(r.Text[Operation]), Principal: string(r.Text[Actor]),
		SourceIP: cmp.Or(string(r.Text[SourceIP]), string(r.Text[SourceName])), UserAgent: string(r.Text[UserAgent]),
		Error: string(r.Text[Error]), ReadOnly: string(r.Text[ReadOnly]) == "true", Raw: r.Raw,
	}
	for _, res := range r.Resources {
		if len(res.ARN) > 0 {
			e.Resources = append(e.Resources, string(res.ARN))
		}
	}
	return e
}

func events(rows []*Row, wanted func(*Row) bool) []evidence.Event {
	var out []evidence.Event
	for _, r := range rows {
		if wanted == nil || wanted(r) {
			out = append(out, event(r))
		}
	}
	slices.SortFunc(out, func(a, b evidence.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	return out
}

func fill(t testing.TB, dir string, o Options, rows ...*Row) Written {
	t.Helper()
	w, err := OpenWriter(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, r := range rows {
		if err := w.Append(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
	return w.Written()
}

func opened(t testing.TB, dir string) *Lake {
	t.Helper()
	l, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func all(t testing.TB, l *Lake, q Query) []evidence.Event {
	t.Helper()
	var out []evidence.Event
	for e, err := range l.Events(context.Background(), q) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func same(t *testing.T, got, want []evidence.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d events, and there are %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("event %d is\n%+v\nand should be\n%+v", i, got[i], want[i])
		}
	}
}

func TestEventsComeBackAsTheyWereInOrderOfTime(t *testing.T) {
	rows := variety(5000)
	for name, o := range map[string]Options{"at once": {}, "in many row groups": {Buffer: 64 << 10}, "in many units": {Unit: 1300}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if w := fill(t, dir, o, rows...); w.Events != len(rows) || w.Duplicates != 0 {
				t.Fatalf("wrote %+v", w)
			}
			same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, nil))
		})
	}
}

// TestAnotherReaderReadsIt looks at every value through parquet-go's own reader.
func TestAnotherReaderReadsIt(t *testing.T) {
	rows := variety(3000)
	dir := t.TempDir()
	fill(t, dir, Options{Buffer: 200 << 10}, rows...)
	byID := map[string]*Row{}
	for _, r := range rows {
		byID[string(r.Text[ID])] = r
	}
	l, err := list(t.Context(), dir, selection{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range l.files {
		for _, got := range rowsOf(t, filepath.Join(dir, f.path)) {
			seen++
			want := byID[got.Metadata.UID]
			if want == nil {
				t.Fatalf("there is no event %q", got.Metadata.UID)
			}
			got.compare(t, want)
		}
	}
	if seen != len(rows) {
		t.Errorf("%d rows of %d", seen, len(rows))
	}
}

// elsewhere is how another program sees the columns.
type elsewhere struct {
	ActivityID int32      `parquet:"activity_id"`
	ClassUID   int32      `parquet:"class_uid"`
	TypeUID    int64      `parquet:"type_uid"`
	Status     string     `parquet:"status"`
	Time       *int64     `parquet:"time,optional"`
	TimeDT     *time.Time `parquet:"time_dt,optional,timestamp(millisecond)"`
	Metadata   struct {
		UID     string `parquet:"uid,optional"`
		Version string `parquet:"version"`
	} `parquet:"metadata"`
	API struct {
		Operation *string `parquet:"operation,optional"`
		Response  struct {
			Error   *string `parquet:"error,optional"`
			Message *string `parquet:"message,optional"`
		} `parquet:"response"`
	} `parquet:"api"`
	Actor struct {
		Session struct {
			MFA *bool `parquet:"is_mfa,optional"`
		} `parquet:"session"`
	} `parquet:"actor"`
	Resources []struct {
		UID  *string `parquet:"uid,optional"`
		Type *string `parquet:"type,optional"`
	} `parquet:"resources,list"`
	Raw string `parquet:"raw_data"`
}

func rowsOf(t *testing.T, path string) []elsewhere {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(in, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	r := parquet.NewGenericReader[elsewhere](file)
	defer r.Close()
	out := make([]elsewhere, file.NumRows())
	if n, err := r.Read(out); n != len(out) || err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%d of %d rows: %v", n, len(out), err)
	}
	return out
}

func (e *elsewhere) compare(t *testing.T, want *Row) {
	t.Helper()
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	}
	is := func(what, got string, want []byte) {
		t.Helper()
		if got != string(want) {
			t.Errorf("%s of %s is %q and should be %q", what, e.Metadata.UID, got, want)
		}
	}
	is("raw", e.Raw, want.Raw)
	is("operation", text(e.API.Operation), want.Text[Operation])
	is("error", text(e.API.Response.Error), want.Text[Error])
	is("message", text(e.API.Response.Message), want.Text[Message])
	mfa := ""
	if e.Actor.Session.MFA != nil {
		mfa = fmt.Sprint(*e.Actor.Session.MFA)
	}
	is("MFA", mfa, want.Text[MFA])
	is("status", e.Status, []byte(status(string(want.Text[Error]))))
	if e.ClassUID != 6003 || e.TypeUID != 600300+int64(e.ActivityID) || int(e.ActivityID) != activity(string(want.Text[Operation])) || e.Metadata.Version != "1.5.0" {
		t.Errorf("%s has class %d, type %d, activity %d", e.Metadata.UID, e.ClassUID, e.TypeUID, e.ActivityID)
	}
	switch {
	case want.Time.IsZero():
		if e.Time != nil || e.TimeDT != nil {
			t.Errorf("%s has a time", e.Metadata.UID)
		}
	case e.Time == nil || *e.Time != want.Time.UnixMilli() || e.TimeDT == nil || !e.TimeDT.Equal(want.Time):
		t.Errorf("%s has time %v", e.Metadata.UID, e.TimeDT)
	}
	if len(e.Resources) != len(want.Resources) {
		t.Fatalf("%s has %d resources of %d", e.Metadata.UID, len(e.Resources), len(want.Resources))
	}
	for i, r := range e.Resources {
		is("ARN", text(r.UID), want.Resources[i].ARN)
		is("type", text(r.Type), want.Resources[i].Type)
	}
}

func TestQueriesGiveWhatLookingAtEachEventGives(t *testing.T) {
	rows := variety(4000)
	dir := t.TempDir()
	fill(t, dir, Options{Buffer: 300 << 10}, rows...)
	l := opened(t, dir)
	is := func(v string) func(string) bool { return func(got string) bool { return got == v } }
	has := func(r *Row, arn string) bool {
		return slices.ContainsFunc(r.Resources, func(res Resource) bool { return string(res.ARN) == arn })
	}
	from, until := midnight.Add(20*time.Hour+time.Millisecond), midnight.Add(31*time.Hour+777*time.Millisecond)
	within := func(r *Row) bool { return !r.Time.IsZero() && !r.Time.Before(from) && r.Time.Before(until) }
	for name, c := range map[string]struct {
		q      Query
		wanted func(*Row) bool
	}{
		"all":          {Query{}, nil},
		"time":         {Query{Since: from, Until: until}, within},
		"since":        {Query{Since: from}, func(r *Row) bool { return !r.Time.IsZero() && !r.Time.Before(from) }},
		"account":      {Query{Accounts: []string{"222233334444"}}, func(r *Row) bool { return string(r.Text[Account]) == "222233334444" }},
		"region, time": {Query{Regions: []string{"us-east-1"}, Since: from, Until: until}, func(r *Row) bool { return string(r.Text[Region]) == "us-east-1" && within(r) }},
		"id":           {Query{Where: []Filter{{{Column: ID, Equal: string(rows[77].Text[ID])}}}}, func(r *Row) bool { return r == rows[77] }},
		"no such id":   {Query{Where: []Filter{{{Column: ID, Equal: "nothing"}}}}, func(*Row) bool { return false }},
		"error":        {Query{Where: []Filter{{{Column: Error, Match: is("NoSuchKey")}}}}, func(r *Row) bool { return string(r.Text[Error]) == "NoSuchKey" }},
		"read only":    {Query{Where: []Filter{{{Column: ReadOnly, Match: is("false")}}}}, func(r *Row) bool { return string(r.Text[ReadOnly]) == "false" }},
		"either": {Query{Where: []Filter{{{Column: Operation, Match: is("DeleteTrail")}, {Column: ResourceARN, Match: is("arn:aws:s3:::b")}}}},
			func(r *Row) bool { return string(r.Text[Operation]) == "DeleteTrail" || has(r, "arn:aws:s3:::b") }},
		"both": {Query{Where: []Filter{{{Column: Operation, Match: is("Decrypt")}}, {{Column: SourceIP, Match: is("203.0.113.9")}}}},
			func(r *Row) bool {
				return string(r.Text[Operation]) == "Decrypt" && string(r.Text[SourceIP]) == "203.0.113.9"
			}},
		"raw": {Query{Where: []Filter{{{Raw: func(b []byte) bool { return strings.Contains(string(b), `"n":7`) }}, {Column: Service, Match: is("kms.amazonaws.com")}}}},
			func(r *Row) bool {
				return strings.Contains(string(r.Raw), `"n":7`) || string(r.Text[Service]) == "kms.amazonaws.com"
			}},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.Raw = true
			same(t, all(t, l, c.q), events(rows, c.wanted))
		})
	}
}

func TestEventsAreInTheLakeOnce(t *testing.T) {
	rows := variety(2000)
	dir := t.TempDir()
	fill(t, dir, Options{}, rows[:1500]...)
	again := slices.Concat(rows[700:], rows[:900], rows[1400:])
	rand.New(rand.NewPCG(9, 9)).Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	w := fill(t, dir, Options{Buffer: 50 << 10, Unit: 600}, again...)
	if w.Events != 500 || w.Duplicates != len(again)-500 {
		t.Errorf("wrote %+v", w)
	}
	same(t, all(t, opened(t, dir), Query{Raw: true}), events(rows, nil))

	// The same event may be known of an organisation and not: it is the same event.
	other := row(1, rows[1].Time, map[Column]string{Account: string(rows[1].Text[Account]), Region: string(rows[1].Text[Region]), Organisation: "o-anotherorg", Original: string(rows[1].Text[Original])})
	if w := fill(t, dir, Options{}, other); w.Events != 0 {
		t.Errorf("the copy of another organisation's trail was added: %+v", w)
	}
	// A correction is another event, though it may have the id of what it corrects.
	correction := row(1, rows[1].Time, map[Column]string{Account: string(rows[1].Text[Account]), Region: string(rows[1].Text[Region]), Original: "0a0a0a0a-0000-4000-8000-000000000000"})
	if w := fill(t, dir, Options{}, correction); w.Events != 1 {
		t.Errorf("a correction was taken for its original: %+v", w)
	}
	if w := fill(t, dir, Options{}, correction); w.Events != 0 {
		t.Errorf("a correction was added twice: %+v", w)
	}
	// Without an id the record itself says whether it is the same.
	nameless := row(5, midnight, map[Column]string{ID: ""})
	if w := fill(t, dir, Options{}, nameless, row(5, midnight, map[Column]string{ID: ""}), row(6, midnight, map[Column]string{ID: ""})); w.Events != 2 {
		t.Errorf("of records without an id %d were kept", w.Events)
	}
}

func TestHostileValuesNameNoFolder(t *testing.T) {
	dir := t.TempDir()
	rows := []*Row{
		row(1, midnight, map[Column]string{Region: "../../../../tmp/x", Account: "..", Organisation: "o-../.."}),
		row(2, midnight, map[Column]string{Region: "a/b", Account: "1111222233334", Organisation: "__HIVE_DEFAULT_PARTITION__"}),
		row(3, time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), map[Column]string{Region: strings.Repeat("a-", 4000) + "1", UserAgent: "\xff\xfe", Actor: strings.Repeat("x", 70000)}),
		row(4, time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), map[Column]string{Region: "mars-north-1"}),
	}
	rows[2].Raw = []byte("{\"x\":\"\xff\"}")
	fill(t, dir, Options{}, rows...)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		if err == nil && d.Type().IsRegular() && strings.HasSuffix(path, suffix) {
			if _, _, ok := parsePath(rel); !ok {
				t.Errorf("%s is no path of the lake", rel)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got := all(t, opened(t, dir), Query{Raw: true})
	if len(got) != 4 {
		t.Fatalf("%d events", len(got))
	}
	// What is no UTF-8 would keep query engines from reading the file at all.
	if i := slices.IndexFunc(got, func(e evidence.Event) bool { return e.ID == string(rows[2].Text[ID]) }); string(got[i].Raw) != "{\"x\":\"\uFFFD\"}" || got[i].UserAgent != "\uFFFD" {
		t.Errorf("%+v", got[i])
	}
	// A Region that names no folder is found all the same.
	if got := all(t, opened(t, dir), Query{Regions: []string{"a/b"}}); len(got) != 1 {
		t.Errorf("%d events of Region a/b", len(got))
	}
}
