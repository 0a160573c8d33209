package flowlog

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/flowlog/flowtest"
	"holdfast.dev/holdfast/internal/source/logfile"
)

const (
	row1 = "2 111122223333 eni-0a 10.0.0.5 198.51.100.9 43210 443 6 12 3400 1767225600 1767225660 ACCEPT OK"
	row2 = "2 111122223333 eni-0a 198.51.100.9 10.0.0.5 443 43210 6 9 900 1767225600 1767225660 ACCEPT OK"
	none = "2 111122223333 eni-0a - - - - - - - 1767225660 1767225720 - NODATA"
	lost = "2 111122223333 eni-0b - - - - - - - 1767225660 1767225720 - SKIPDATA"
)

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

func file(name, content string) logfile.File {
	return logfile.File{Name: name, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// read gives "source:port>target:port @row" of every flow, and the faults.
func read(t testing.TB, r *Reader) (flows, faults []string) {
	t.Helper()
	err := r.Each(t.Context(), func(b *Batch) error {
		if b.Fault != nil {
			faults = append(faults, b.Fault.Error())
		}
		for _, f := range b.Flows {
			flows = append(flows, fmt.Sprintf("%v:%d>%v:%d @%d", f.Source, f.SourcePort, f.Target, f.TargetPort, f.Row))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return flows, faults
}

func TestShapes(t *testing.T) {
	both := func(a, b int) []string {
		return []string{fmt.Sprintf("10.0.0.5:43210>198.51.100.9:443 @%d", a), fmt.Sprintf("198.51.100.9:443>10.0.0.5:43210 @%d", b)}
	}
	json1, json2 := `{"timestamp":1767225600000,"message":"`+row1+`"}`, `{"timestamp":1767225600000,"message":"`+row2+`"}`
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"without a header": {row1 + "\n" + row2 + "\n", both(1, 2)},
		"with a header":    {flowtest.Default + "\n" + row1 + "\n\n" + row2, both(2, 4)},
		"another order": {
			"end start dstaddr srcaddr dstport srcport unheard-of\n1767225660 1767225600 198.51.100.9 10.0.0.5 443 43210 x\n1767225660 1767225600 10.0.0.5 198.51.100.9 43210 443 -\n",
			both(2, 3),
		},
		"line ends of Windows":  {flowtest.Default + "\r\n" + row1 + "\r\n" + row2 + "\r\n", both(2, 3)},
		"two files put in one":  {flowtest.Default + "\n" + row1 + "\n" + flowtest.Default + "\n" + row2 + "\n", both(2, 4)},
		"an export":             {"2026-01-01T00:00:00.000Z " + row1 + "\n2026-01-01T00:01:00.000Z " + row2 + "\n", both(1, 2)},
		"lines of JSON":         {json1 + "\n" + json2 + "\n", both(1, 2)},
		"what the CLI prints":   {"{\n  \"events\": [\n    " + json1 + ",\n    " + json2 + "\n  ],\n  \"searchedLogStreams\": []\n}\n", both(1, 2)},
		"what subscribers get":  {`{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"g","logEvents":[` + json1 + `,` + json2 + `]}`, both(1, 1)},
		"several without lines": {`{"logEvents":[` + json1 + `]}{"logEvents":[` + json2 + `]}`, both(1, 2)},
		"an array":              {"[" + json1 + ",\n" + json2 + "]", both(1, 2)},
		"nothing":               {"", nil},
		"empty lines":           {"\n\n  \n", nil},
	} {
		for _, content := range []string{c.content, zipped(t, c.content)} {
			t.Run(name, func(t *testing.T) {
				flows, faults := read(t, &Reader{Files: []logfile.File{file("f", content)}})
				if len(faults) > 0 {
					t.Error(faults)
				}
				if diff := cmp.Diff(c.want, flows); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

func TestNoDataAndSkipData(t *testing.T) {
	r := &Reader{Files: []logfile.File{file("f", strings.Join([]string{row1, none, lost, lost, row2}, "\n"))}}
	flows, faults := read(t, r)
	s := r.Stats()
	if len(flows) != 2 || len(faults) != 0 || s.Flows != 2 || s.NoData != 1 || s.SkipData != 2 || !slices.Equal(s.Lost, []string{"eni-0b"}) || s.Bad != 0 {
		t.Errorf("%v %v %+v", flows, faults, s)
	}
}

func TestFaults(t *testing.T) {
	many := strings.Repeat(row1+"\n", 5000)
	whole := zipped(t, many)
	for name, c := range map[string]struct {
		content string
		flows   int // at least
		bad     int64
		says    string
	}{
		"a row that is none":     {row1 + "\nwhat is this\n" + row2, 2, 1, "f: at byte 96: one row passed over: the row has 3 fields and its format 14"},
		"cut off":                {whole[:len(whole)-20], 1000, 0, "the file is cut off"},
		"gzip that is broken":    {whole[:len(whole)/2] + "xxxxxxxxxxxxxxxx" + whole[len(whole)/2+16:], 0, 0, "f: at byte"},
		"something behind":       {zipped(t, row1+"\n") + "trailing", 1, 0, "f: at byte"},
		"no gzip behind 1f 8b":   {"\x1f\x8bxx", 0, 0, "f: at byte 0"},
		"a transit gateway":      {"version resource-type account-id tgw-id srcaddr dstaddr start end\n", 0, 0, "transit gateway"},
		"a header without time":  {"srcaddr dstaddr action\n" + row1, 0, 0, "neither start nor end"},
		"JSON that ends early":   {`{"events":[{"message":"` + row1 + `"},{"mess`, 1, 0, "cut off"},
		"JSON that is no object": {`[1,2]`, 0, 0, "no object"},
		"JSON without messages":  {`{"a":1}`, 0, 1, "passed over"},
		"a very long line":       {row1 + "\n" + strings.Repeat("x", 3<<20) + "\n" + row2, 2, 1, "longer than any record"},
		"a value without end":    {`{"events":[{"message":"` + strings.Repeat("x", 3<<20), 0, 0, "more than"},
		"a bomb":                 {zipped(t, strings.Repeat("\n", 40<<20)), 0, 0, "times as much"},
		"no Parquet":             {"PAR1 and nothing of it", 0, 0, "f: at byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Reader{Files: []logfile.File{file("f", c.content), file("g", row1)}}
			flows, faults := read(t, r)
			s := r.Stats()
			if len(faults) != 1 || !strings.Contains(faults[0], c.says) || len(flows) < c.flows+1 || s.Faulty != 1 || s.Files != 2 || s.Bad != c.bad {
				t.Errorf("%d flows, %q, %+v; want %d flows, %d bad, %q", len(flows), faults, s, c.flows+1, c.bad, c.says)
			}
		})
	}
}

func TestFileThatCannotBeOpened(t *testing.T) {
	r := &Reader{Files: []logfile.File{{Name: "gone", Open: func(context.Context) (io.ReadCloser, error) { return nil, os.ErrPermission }}, file("g", row1)}}
	var gap evidence.Gap
	flows := 0
	err := r.Each(t.Context(), func(b *Batch) error {
		if b.Fault != nil {
			gap = b.Fault.Gap(Service)
		}
		flows += len(b.Flows)
		return nil
	})
	if err != nil || flows != 1 || gap.Reason != evidence.Denied || gap.Resource != "gone" || gap.Service != "vpcflow" {
		t.Errorf("%v, %d flows, %+v", err, flows, gap)
	}
}

func TestTimeAndPlace(t *testing.T) {
	day := time.Unix(1767225600, 0)
	name := "AWSLogs/444455556666/vpcflowlogs/eu-north-1/2026/01/01/444455556666_vpcflowlogs_eu-north-1_fl-1_20260101T0000Z_x.log.gz"
	files := []logfile.File{file(name, "srcaddr dstaddr start end\n10.0.0.1 10.0.0.2 1767225600 1767225660\n10.0.0.1 10.0.0.2 1767225700 1767225760\n10.0.0.1 10.0.0.2 1767225800 1767225860")}
	files[0].Place, _ = logfile.PlaceOf(name)
	r := &Reader{Files: files, Since: day.Add(80 * time.Second), Until: day.Add(200 * time.Second)}
	var got []evidence.Flow
	if err := r.Each(t.Context(), func(b *Batch) error { got = append(got, b.Flows...); return nil }); err != nil {
		t.Fatal(err)
	}
	s := r.Stats()
	if len(got) != 1 || got[0].Account != "444455556666" || got[0].Region != "eu-north-1" || got[0].Line() != name+":3" || s.Outside != 2 || !s.First.Equal(day.Add(100*time.Second)) {
		t.Errorf("%+v %+v", got, s)
	}
	if !slices.Contains(s.Lacking, "dstport") || slices.Contains(s.Lacking, "srcaddr") {
		t.Error(s.Lacking)
	}
}

// tableRow is a row of Parquet as AWS writes it.
type tableRow struct {
	Version   int32   `parquet:"version"`
	Account   string  `parquet:"account_id"`
	Interface string  `parquet:"interface_id"`
	Source    *string `parquet:"srcaddr,optional"`
	Target    *string `parquet:"dstaddr,optional"`
	From      *int32  `parquet:"srcport,optional"`
	To        *int32  `parquet:"dstport,optional"`
	Protocol  *int32  `parquet:"protocol,optional"`
	Packets   *int64  `parquet:"packets,optional"`
	Bytes     *int64  `parquet:"bytes,optional"`
	Start     int64   `parquet:"start"`
	End       int64   `parquet:"end"`
	Action    *string `parquet:"action,optional"`
	Status    string  `parquet:"log_status"`
}

func written(t testing.TB, rows ...tableRow) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[tableRow](&b, parquet.Compression(&parquet.Snappy))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	p := func(s string) *string { return &s }
	n := func(i int32) *int32 { return &i }
	m := func(i int64) *int64 { return &i }
	good := tableRow{2, "111122223333", "eni-0a", p("10.0.0.5"), p("198.51.100.9"), n(43210), n(443), n(6), m(12), m(3400), 1767225600, 1767225660, p("ACCEPT"), "OK"}
	bad := good
	bad.From = n(-1)
	skip := tableRow{Version: 2, Account: "111122223333", Interface: "eni-0b", Start: 1767225600, End: 1767225660, Status: "SKIPDATA"}
	content := written(t, good, bad, skip, good)
	name := filepath.Join(t.TempDir(), "f.log.parquet")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	local, err := logfile.Local(logfile.Selection{}, name)
	if err != nil {
		t.Fatal(err)
	}
	for where, f := range map[string]logfile.File{"local": local[0], "stream": file("f", content)} {
		t.Run(where, func(t *testing.T) {
			r := &Reader{Files: []logfile.File{f}}
			flows, faults := read(t, r)
			s := r.Stats()
			if !slices.Equal(flows, []string{"10.0.0.5:43210>198.51.100.9:443 @1", "10.0.0.5:43210>198.51.100.9:443 @4"}) || s.SkipData != 1 || s.Bad != 1 {
				t.Errorf("%v %+v", flows, s)
			}
			if len(faults) != 1 || !strings.Contains(faults[0], `srcport "-1"`) {
				t.Error(faults)
			}
		})
	}
	t.Run("cut off", func(t *testing.T) {
		r := &Reader{Files: []logfile.File{file("f", content[:len(content)-30]), file("g", row1)}}
		if flows, faults := read(t, r); len(flows) != 1 || len(faults) != 1 {
			t.Error(flows, faults)
		}
	})
}

func TestOrderAndCancellation(t *testing.T) {
	var files []logfile.File
	for i := range 40 {
		files = append(files, file(fmt.Sprint(i), strings.Repeat(strings.Replace(row1, "43210", fmt.Sprint(1000+i), 1)+"\n", 1+i*97)))
	}
	last, total := 0, 0
	r := &Reader{Files: files, Workers: 5}
	err := r.Each(t.Context(), func(b *Batch) error {
		for _, f := range b.Flows {
			if int(f.SourcePort) < last {
				t.Fatalf("port %d behind %d", f.SourcePort, last)
			}
			last = int(f.SourcePort)
			total++
		}
		return nil
	})
	if err != nil || total != 40+97*39*40/2 {
		t.Error(err, total)
	}
	stop := errors.New("enough")
	if err := (&Reader{Files: files}).Each(t.Context(), func(*Batch) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := (&Reader{Files: files}).Each(ctx, func(*Batch) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(flowtest.Default + "\n" + row1 + "\n" + none))
	f.Add([]byte("2026-01-01T00:00:00.000Z " + row1))
	f.Add([]byte(`{"events":[{"message":"` + row1 + `"}]}`))
	f.Add([]byte(zipped(f, row1)))
	f.Add([]byte(written(f, tableRow{Version: 2, Start: 1, End: 2, Status: "NODATA"})))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Reader{Files: []logfile.File{file("f", string(content))}, Limits: logfile.Limits{Line: 1 << 16}}
		err := r.Each(t.Context(), func(b *Batch) error {
			for _, flow := range b.Flows {
				if !flow.Source.IsValid() || flow.Row < 1 {
					t.Errorf("%+v", flow)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	const rows = 200_000
	for _, long := range []bool{false, true} {
		var log bytes.Buffer
		if _, err := (&flowtest.Log{Rows: rows, Start: time.Unix(1767225600, 0), Long: long}).WriteTo(&log); err != nil {
			b.Fatal(err)
		}
		for name, content := range map[string]string{"plain": log.String(), "gzip": zipped(b, log.String())} {
			b.Run(fmt.Sprintf("%s/long=%t", name, long), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := &Reader{Files: []logfile.File{file("f", content)}, Workers: 1}
					if err := r.Each(b.Context(), func(*Batch) error { return nil }); err != nil || r.Stats().Flows < rows {
						b.Fatal(err, r.Stats())
					}
				}
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
