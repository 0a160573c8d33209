package dnslog

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/logfile"
)

const record1 = `{"version":"1.100000","account_id":"111122223333","region":"eu-west-1","vpc_id":"vpc-1","query_timestamp":"2026-01-01T00:00:00Z","query_name":"WWW.Example.COM.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"x.example.net.","Type":"CNAME","Class":"IN"},{"Rdata":"203.0.113.9","Type":"A","Class":"IN"}],"srcaddr":"10.0.0.5","srcport":"56067","transport":"UDP","srcids":{"instance":"i-1"},"firewall_rule_action":"ALERT","firewall_domain_list_id":"rslvr-fdl-1"}`

var addresses = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want evidence.Lookup
	}{
		"all": {record1, evidence.Lookup{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Account: "111122223333", Region: "eu-west-1", VPC: "vpc-1", Instance: "i-1",
			Source: netip.MustParseAddr("10.0.0.5"), Name: "www.example.com", Type: "A", Code: "NOERROR", Answers: []string{"x.example.net", "203.0.113.9"}, Firewall: "ALERT"}},
		"least": {`{"query_timestamp":"2026-01-01T00:00:00.5+01:00","query_name":"."}`, evidence.Lookup{Time: time.Date(2025, 12, 31, 23, 0, 0, 500_000_000, time.UTC)}},
		"milliseconds as the documents write them": {`{"query_timestamp":"2026-01-01T00:00:177Z","query_name":"a."}`,
			evidence.Lookup{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Name: "a"}},
		"through an endpoint": {`{"query_timestamp":"2026-01-01T00:00:00Z","query_name":"a","srcids":{"resolver_endpoint":"rslvr-in-1","resolver_network_interface":"rni-1"},"srcaddr":"::ffff:192.0.2.1","future":[{}]}`,
			evidence.Lookup{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Name: "a", Instance: "rslvr-in-1", Source: netip.MustParseAddr("192.0.2.1")}},
	} {
		t.Run(name, func(t *testing.T) {
			var got evidence.Lookup
			if err := new(Parser).Parse([]byte(c.text), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, addresses); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRefusedRecords(t *testing.T) {
	for text, says := range map[string]string{
		`{`:                   "no record",
		`[]`:                  "no record",
		`{"eventName":"Get"}`: "neither query_name nor query_timestamp",
		`{"query_name":"a"}`:  `query_timestamp "" is not a time`,
		`{"query_name":"a","query_timestamp":"yesterday"}`:                              `query_timestamp "yesterday" is not a time`,
		`{"query_name":"a","query_timestamp":"2026-01-01T00:00:00Z","srcaddr":"there"}`: `srcaddr "there"`,
		`{"query_name":1,"query_timestamp":"2026-01-01T00:00:00Z"}`:                     "no record",
	} {
		var l evidence.Lookup
		if err := new(Parser).Parse([]byte(text), &l); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

func file(name, content string) logfile.File {
	place, _ := logfile.PlaceOf(name)
	return logfile.File{Name: name, Place: place, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func zipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func read(t testing.TB, r *Reader) (lines, faults []string) {
	t.Helper()
	err := r.Each(t.Context(), func(b *Batch) error {
		if b.Fault != nil {
			faults = append(faults, b.Fault.Error())
		}
		for i := range b.Lookups {
			lines = append(lines, b.Lookups[i].Name+" "+b.Lookups[i].Line())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines, faults
}

func TestShapes(t *testing.T) {
	quoted := strings.ReplaceAll(record1, `"`, `\"`)
	for name, content := range map[string]string{
		"lines":               record1 + "\n" + record1 + "\n",
		"zipped":              zipped(t, record1+"\n"+record1),
		"an export":           "2026-01-01T00:00:00.000Z " + record1 + "\n2026-01-01T00:00:00.000Z " + record1 + "\n",
		"messages":            `{"timestamp":1,"message":"` + quoted + "\"}\n" + `{"timestamp":1,"message":"` + quoted + `"}`,
		"what the CLI prints": "{\n\"events\": [\n{\"message\":\"" + quoted + "\"},\n{\"message\":\"" + quoted + "\"}\n]}\n",
		"over several lines":  strings.ReplaceAll(record1, `,"`, ",\n\"") + "\n" + strings.ReplaceAll(record1, `,"`, ",\n\""),
		"without lines":       record1 + record1,
		"an array":            "[" + record1 + "," + record1 + "]",
	} {
		t.Run(name, func(t *testing.T) {
			lines, faults := read(t, &Reader{Files: []logfile.File{file("f", content)}})
			if !slices.Equal(lines, []string{"www.example.com f:1", "www.example.com f:2"}) || len(faults) > 0 {
				t.Error(lines, faults)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		content, says string
		lookups       int
		bad           int64
	}{
		"records of another log": {record1 + "\n{\"eventName\":\"x\"}\n{\"eventName\":\"y\"}\n" + record1, "2 rows passed over: no record", 2, 2},
		"text":                   {"hello\n", "one row passed over", 0, 1},
		"cut off":                {zipped(t, strings.Repeat(record1+"\n", 2000))[:200], "cut off", 0, 0},
		"Parquet":                {"PAR1....", "Parquet", 0, 0},
		"half an object":         {record1[:100], "cut off", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reader{Files: []logfile.File{file("f", c.content), file("g", record1)}}
			lines, faults := read(t, r)
			if len(lines) < c.lookups+1 || len(faults) != 1 || !strings.Contains(faults[0], c.says) || r.Stats().Bad != c.bad || r.Stats().Faulty != 1 {
				t.Errorf("%d lookups, %q, %+v", len(lines), faults, r.Stats())
			}
		})
	}
}

func TestPlaceAndTime(t *testing.T) {
	name := "AWSLogs/444455556666/vpcdnsquerylogs/vpc-9/2026/01/01/vpc-9_vpcdnsquerylogs_444455556666_20260101T0000Z_x.log.gz"
	content := ""
	for minute := range 5 {
		content += fmt.Sprintf(`{"query_name":"a.","query_timestamp":"2026-01-01T00:%02d:00Z"}`+"\n", minute)
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := &Reader{Files: []logfile.File{file(name, content)}, Since: day.Add(time.Minute), Until: day.Add(3 * time.Minute)}
	var got []evidence.Lookup
	if err := r.Each(t.Context(), func(b *Batch) error { got = append(got, b.Lookups...); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Account != "444455556666" || got[0].VPC != "vpc-9" || r.Stats().Outside != 3 || !r.Stats().Last.Equal(day.Add(2*time.Minute)) {
		t.Errorf("%+v %+v", got, r.Stats())
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(record1 + "\n" + record1))
	f.Add([]byte(`{"events":[{"message":"` + strings.ReplaceAll(record1, `"`, `\"`) + `"}]}`))
	f.Add([]byte("2026-01-01T00:00:00.000Z " + record1))
	f.Add([]byte(zipped(f, record1)))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Reader{Files: []logfile.File{file("f", string(content))}, Limits: logfile.Limits{Line: 1 << 16}}
		err := r.Each(t.Context(), func(b *Batch) error {
			for i := range b.Lookups {
				if l := &b.Lookups[i]; l.Time.IsZero() && l.Name == "" || l.Row < 1 {
					t.Errorf("%+v", l)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzFast compares the fast way with the slow one.
func FuzzFast(f *testing.F) {
	f.Add([]byte(record1))
	f.Add([]byte(`{"query_name":"a","query_name":"b","query_timestamp":"","answers":[],"srcids":{}}`))
	f.Add([]byte(`{ "answers" : [ {"Rdata":"1"} , {} ] , "answers":[{"Rdata":"2"}],"srcids":{"instance":"i"},"srcids":{"resolver_endpoint":"e"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var quick, thorough record
		if !new(Parser).fast(text, &quick) {
			return
		}
		if err := slow(text, &thorough); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(quick.Answers) == 0 {
			quick.Answers, thorough.Answers = nil, thorough.Answers[:len(thorough.Answers):len(thorough.Answers)]
			if len(thorough.Answers) == 0 {
				thorough.Answers = nil
			}
		}
		if diff := cmp.Diff(thorough, quick); diff != "" {
			t.Errorf("%q (-slow +fast)\n%s", text, diff)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const records = 20_000
	content := zipped(b, strings.Repeat(record1+"\n", records))
	b.ReportAllocs()
	for b.Loop() {
		r := &Reader{Files: []logfile.File{file("f", content)}, Workers: 1}
		if err := r.Each(b.Context(), func(*Batch) error { return nil }); err != nil || r.Stats().Lookups != records {
			b.Fatal(err)
		}
	}
	b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
