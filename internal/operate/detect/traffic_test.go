package detect_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/detect/network"
	"holdfast.dev/holdfast/internal/source/flowlog"
	"holdfast.dev/holdfast/internal/source/flowlog/flowtest"
)

// traffic has the catalogue's detections of one log at work, with lists that hold what
// no quiet day meets.
func traffic(t testing.TB, lookups bool, o detect.Options) *detect.Traffic {
	t.Helper()
	folder := "detections/network"
	if o.Log = detect.Flows; lookups {
		folder, o.Log = "detections/dns", detect.Lookups
	}
	all, err := detect.Load(catalog.Files, folder)
	if err != nil {
		t.Fatal(err)
	}
	var entries []network.Entry
	for i, c := range network.Categories {
		entries = append(entries, network.Entry{Range: netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i + 1)}), 32), Category: c}, network.Entry{Domain: string(c) + ".example.net", Category: c})
	}
	d, err := detect.NewTraffic(all, o, network.NewThreats(entries, nil))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var midnight = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// quietFlows are those of a day of work.
func quietFlows(t testing.TB, rows int, long bool) (flows []evidence.Flow) {
	t.Helper()
	var log bytes.Buffer
	if _, err := (&flowtest.Log{Rows: rows, Start: midnight, Long: long, Seed: 3}).WriteTo(&log); err != nil {
		t.Fatal(err)
	}
	header, rest, _ := strings.Cut(log.String(), "\n")
	format, err := flowlog.ParseFormat(header)
	if err != nil {
		t.Fatal(err)
	}
	p := flowlog.Parser{Format: format}
	row := int64(1)
	for line := range strings.Lines(rest) {
		var f evidence.Flow
		if _, err := p.Parse([]byte(strings.TrimSpace(line)), &f); err != nil {
			t.Fatal(err)
		}
		row++
		f.File, f.Row, f.Region = "quiet", row, "eu-west-1"
		flows = append(flows, f)
	}
	return flows
}

// attack is a flow of somebody's attack.
func attack(at time.Duration, from, to string, fromPort, toPort uint16, change func(*evidence.Flow)) evidence.Flow {
	f := evidence.Flow{
		Start: midnight.Add(at), End: midnight.Add(at + 30*time.Second), Account: "111122223333", Region: "eu-west-1", Interface: "eni-bad", Instance: "i-bad",
		Source: netip.MustParseAddr(from), Target: netip.MustParseAddr(to), SourcePort: fromPort, TargetPort: toPort, Protocol: 6, Packets: 15, Bytes: 1500, Accepted: true,
		Direction: "egress", File: "bad", Row: int64(at / time.Second),
	}
	if to == "10.0.9.66" {
		f.Direction = "ingress"
	}
	f.PacketSource, f.PacketTarget = f.Source, f.Target
	if change != nil {
		change(&f)
	}
	return f
}

// attacks are some, and the detections that find them.
func attacks() (flows []evidence.Flow, want []string) {
	reject := func(f *evidence.Flow) { f.Accepted, f.Packets = false, 1 }
	for i := range 60 {
		n := time.Duration(i)
		flows = append(flows,
			attack(2*time.Hour+n*3*time.Second, "10.0.9.66", "10.0.1.10", 41000, uint16(1000+i), reject),
			attack(3*time.Hour+n*5*time.Second, "10.0.9.66", fmt.Sprintf("192.0.2.%d", 100+i), 41000, 23, reject),
			attack(4*time.Hour+n*5*time.Second, "198.51.100.66", "10.0.9.66", uint16(42000+i), 22, nil),
			attack(5*time.Hour+n*5*time.Second, "10.0.9.66", "10.0.1.11", uint16(43000+i), 3389, nil))
	}
	flows = append(flows,
		attack(6*time.Hour, "10.0.9.66", "192.0.2.1", 44000, 443, nil),
		attack(7*time.Hour, "192.0.2.6", "10.0.9.66", 44000, 9200, nil),
		attack(8*time.Hour, "10.0.9.66", "192.0.2.200", 44000, 80, func(f *evidence.Flow) { f.Packets, f.Bytes = 200_000, 9_000_000 }))
	return flows, []string{"c2-address", "denial-of-service-tcp", "port-probe-search", "port-scan-outbound", "port-sweep-outbound", "rdp-brute-force-actor", "ssh-brute-force-target"}
}

func byTime(flows []evidence.Flow) []evidence.Flow {
	slices.SortStableFunc(flows, func(a, b evidence.Flow) int { return a.Start.Compare(b.Start) })
	return flows
}

// run gives the alerts of flows, with the state saved and read back at some places.
func run(t testing.TB, flows []evidence.Flow, o detect.Options, restarts ...int) (alerts []finding.Alert) {
	t.Helper()
	d := traffic(t, false, o)
	keep := func(a finding.Alert) error { alerts = append(alerts, a); return nil }
	for i := range flows {
		if slices.Contains(restarts, i) {
			state, err := d.Save()
			if err != nil {
				t.Fatal(err)
			}
			d = traffic(t, false, o)
			if forgotten, err := d.Load(state); err != nil || len(forgotten) > 0 {
				t.Fatal(err, forgotten)
			}
			if again, err := d.Save(); err != nil || !bytes.Equal(state, again) {
				t.Fatal("what was read back is written down in another way", err)
			}
		}
		if err := d.Flow(&flows[i], keep); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Flush(keep); err != nil {
		t.Fatal(err)
	}
	return alerts
}

func rules(alerts []finding.Alert) (names []string) {
	for _, a := range alerts {
		names = append(names, a.Rule)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestQuietDayOfFlows(t *testing.T) {
	for _, long := range []bool{false, true} {
		for _, a := range run(t, quietFlows(t, 60_000, long), detect.Options{}) {
			t.Errorf("long %t: %s %s: %s", long, a.Rule, a.Resource, a.Message)
		}
	}
}

func TestAttacksOnADayOfFlows(t *testing.T) {
	bad, want := attacks()
	alerts := run(t, byTime(append(quietFlows(t, 20_000, true), bad...)), detect.Options{})
	if diff := cmp.Diff(want, rules(alerts)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, a := range alerts {
		if a.Resource != "arn:aws:ec2:eu-west-1:111122223333:instance/i-bad" || a.Account != "111122223333" || a.Count < 1 || a.First.After(a.Last) || a.Message == "" || a.Service != "vpcflow" ||
			len(a.Events) == 0 || a.EventID != a.Events[len(a.Events)-1] || !strings.HasPrefix(a.EventID, "bad:") || a.Playbook == "" || a.Exception != "" {
			t.Errorf("%+v", a)
		}
		if a.Rule == "ssh-brute-force-target" && (a.SourceIP != "198.51.100.66" || a.Principal != "198.51.100.66" || a.Count != 10 || a.Last.Sub(a.First) != 45*time.Second) {
			t.Errorf("%+v", a)
		}
	}
}

// TestSavedState: however often the state is saved and read back, the alerts are the same.
func TestSavedState(t *testing.T) {
	bad, _ := attacks()
	flows := byTime(append(quietFlows(t, 6_000, false), bad...))
	whole := run(t, flows, detect.Options{})
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 1))
		var restarts []int
		for range 1 + r.IntN(12) {
			restarts = append(restarts, r.IntN(len(flows)))
		}
		if diff := cmp.Diff(whole, run(t, flows, detect.Options{}, restarts...)); diff != "" {
			t.Fatalf("restarts at %v (-without +with)\n%s", restarts, diff)
		}
	}
}

// TestUnordered: records that come up to the tolerance late lead to the same findings.
func TestUnordered(t *testing.T) {
	bad, _ := attacks()
	flows := byTime(append(quietFlows(t, 6_000, true), bad...))
	findings := func(alerts []finding.Alert) map[string]bool {
		out := map[string]bool{}
		for _, a := range alerts {
			out[a.Rule+" "+a.Resource] = true
		}
		return out
	}
	want := findings(run(t, flows, detect.Options{}))
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 2))
		type late struct {
			at   time.Time
			flow evidence.Flow
		}
		var mixed []late
		for _, f := range flows {
			mixed = append(mixed, late{f.Start.Add(time.Duration(r.Int64N(int64(network.Tolerance)))), f})
		}
		slices.SortStableFunc(mixed, func(a, b late) int { return a.at.Compare(b.at) })
		shuffled := make([]evidence.Flow, len(mixed))
		for i := range mixed {
			shuffled[i] = mixed[i].flow
		}
		if diff := cmp.Diff(want, findings(run(t, shuffled, detect.Options{}))); diff != "" {
			t.Errorf("seed %d (-ordered +late)\n%s", seed, diff)
		}
	}
}

func TestDecisionsAboutTraffic(t *testing.T) {
	bad, _ := attacks()
	bad = byTime(bad)
	o := detect.Options{
		Trusted:  []detect.Network{{Range: netip.MustParsePrefix("198.51.100.0/24"), Owner: "o", Reason: "r"}, {Range: netip.MustParsePrefix("10.0.1.11/32"), Owner: "o", Reason: "r"}},
		Severity: map[string]finding.Severity{"port-scan-outbound": finding.Critical},
		Switched: []detect.Switch{{Rule: "c2-address", Owner: "o", Reason: "r"}},
		Params:   map[string]map[string]any{"port-sweep-outbound": {"targets": int64(90)}},
	}
	got := map[string]string{}
	for _, a := range run(t, bad, o) {
		got[a.Rule] = string(a.Severity) + " " + a.Exception
	}
	want := map[string]string{
		"denial-of-service-tcp": "high ", "port-probe-search": "high ", "port-scan-outbound": "critical ",
		"rdp-brute-force-actor": "high trusted-network 10.0.1.11/32", "ssh-brute-force-target": "low trusted-network 198.51.100.0/24",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	all, err := detect.Load(catalog.Files, "detections/network")
	if err != nil {
		t.Fatal(err)
	}
	for says, o := range map[string]detect.Options{
		`there is no detection "nothing"`: {Log: detect.Flows, Switched: []detect.Switch{{Rule: "nothing"}}},
		`there is no parameter`:           {Log: detect.Flows, Params: map[string]map[string]any{"port-scan-outbound": {"port": int64(3)}}},
		`from 2 to 1000`:                  {Log: detect.Flows, Params: map[string]map[string]any{"port-scan-outbound": {"ports": int64(1)}}},
		`is no log of traffic`:            {Log: detect.Trail},
	} {
		if _, err := detect.NewTraffic(all, o, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestOffTraffic(t *testing.T) {
	all, err := detect.Load(catalog.Files, "detections/network")
	if err != nil {
		t.Fatal(err)
	}
	d, err := detect.NewTraffic(all, detect.Options{Log: detect.Flows}, nil)
	if err != nil {
		t.Fatal(err)
	}
	why := func() map[detect.Why]int {
		out := map[detect.Why]int{}
		for _, off := range d.Off() {
			out[off.Why]++
		}
		return out
	}
	if got := why(); got[detect.Blind] != len(all) {
		t.Error(got)
	}
	f := attack(0, "10.0.9.66", "198.51.100.1", 40000, 443, nil)
	if err := d.Flow(&f, func(finding.Alert) error { return io.EOF }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[detect.Why]int{detect.Lacking: 10, detect.Cold: 2}, why()); diff != "" {
		t.Error(diff)
	}
}

// TestFlood: who sends ever new addresses and ports costs no more than a budget.
func TestFlood(t *testing.T) {
	d := traffic(t, false, detect.Options{})
	none := func(finding.Alert) error { return nil }
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 300_000 {
		f := attack(time.Duration(i)*10*time.Millisecond, "10.0.9.66", "10.0.1.1", uint16(r.Uint32()), uint16(r.Uint32()), nil)
		f.Source = netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
		f.Target = netip.AddrFrom4([4]byte{198, 51, byte(r.Uint32()), byte(r.Uint32())})
		f.PacketSource, f.PacketTarget = f.Source, f.Target
		f.Interface, f.Instance = fmt.Sprint("eni-", i), ""
		if i%3 == 0 {
			f.TargetPort, f.Packets, f.Bytes = 22, 15, 1500
		}
		if i%5 == 0 {
			f.Packets, f.Bytes = 50_000, 4_000_000
		}
		if err := d.Flow(&f, none); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 160<<20 {
		t.Errorf("%d MiB are kept", m.HeapAlloc>>20)
	}
	forgot := 0
	for _, off := range d.Off() {
		if strings.Contains(off.Reason, "for want of room") || strings.Contains(off.Reason, "more than 16384") {
			forgot++
		}
	}
	if forgot < 4 {
		t.Errorf("%d detections say that they forgot something: %+v", forgot, d.Off())
	}
	runtime.KeepAlive(d)
}

// quietLookups are those of a day of work: names of services, of mail, of content
// networks, mistyped ones, and names that are looked up backwards.
func quietLookups(n int) (all []evidence.Lookup) {
	r := rand.New(rand.NewPCG(5, 5))
	letters := "abcdefghijklmnopqrstuvwxyz0123456789"
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	sites := []string{"example", "holiday-booking", "northern-bakery", "weather-report", "open-library", "city-transport", "garden-tools", "music-store", "daily-news", "code-hosting"}
	for i := range n {
		l := evidence.Lookup{
			Time: midnight.Add(24 * time.Hour * time.Duration(i) / time.Duration(n)), Account: "111122223333", Region: "eu-west-1", VPC: "vpc-1",
			Instance: fmt.Sprintf("i-%d", r.IntN(20)), Source: netip.MustParseAddr("10.0.0.5"), Type: "A", Code: "NOERROR", File: "quiet", Row: int64(i + 1), Answers: []string{"198.51.100.7"},
		}
		site := sites[r.IntN(len(sites))] + ".com"
		switch dice := r.IntN(100); {
		case dice < 50:
			l.Name = []string{"www.", "api.", "static.", ""}[r.IntN(4)] + site
		case dice < 70:
			l.Name = text(20) + "." + text(12) + ".elb.eu-west-1.amazonaws.com"
		case dice < 80:
			l.Name = fmt.Sprintf("d%s.cloudfront.net", text(13))
		case dice < 85:
			l.Name, l.Type = fmt.Sprintf("%d.%d.0.10.in-addr.arpa", r.IntN(250), r.IntN(250)), "PTR"
		case dice < 90:
			l.Name, l.Code, l.Answers = site+".corp.internal", "NXDOMAIN", nil
		case dice < 93:
			l.Name, l.Type = "_dmarc."+site, "TXT"
		case dice < 96:
			l.Name, l.Answers = "instance-data.ec2.internal", []string{"169.254.169.254"}
		default:
			l.Name = fmt.Sprintf("edge-%d-%s.%s", r.IntN(1000), text(8), site)
		}
		all = append(all, l)
	}
	return all
}

func TestADayOfLookups(t *testing.T) {
	var alerts []finding.Alert
	keep := func(a finding.Alert) error { alerts = append(alerts, a); return nil }
	for _, bad := range []bool{false, true} {
		d, day := traffic(t, true, detect.Options{}), quietLookups(40_000)
		if bad {
			r := rand.New(rand.NewPCG(9, 9))
			for i := range 80 {
				at := midnight.Add(5*time.Hour + time.Duration(i)*time.Second)
				day = append(day,
					evidence.Lookup{Time: at, Account: "111122223333", Region: "eu-west-1", Instance: "i-3", Name: fmt.Sprintf("%x%x.t.example.org", r.Uint64(), r.Uint64()), Type: "A", Code: "NOERROR", File: "bad", Row: 1},
					evidence.Lookup{Time: at.Add(time.Hour), Account: "111122223333", Region: "eu-west-1", Instance: "i-4", Name: fmt.Sprintf("qx%czk%cvjw%cq.com", 'a'+r.IntN(26), 'a'+r.IntN(26), 'a'+r.IntN(26)), Type: "A", Code: "NXDOMAIN", File: "bad", Row: 2})
			}
			day = append(day, evidence.Lookup{Time: midnight.Add(time.Hour), Instance: "i-5", Name: "x.c2.example.net", Type: "A", Code: "NOERROR", File: "bad", Row: 3})
			slices.SortStableFunc(day, func(a, b evidence.Lookup) int { return a.Time.Compare(b.Time) })
		}
		for i := range day {
			if err := d.Lookup(&day[i], keep); err != nil {
				t.Fatal(err)
			}
			if i%5000 == 17 {
				state, err := d.Save()
				if err != nil {
					t.Fatal(err)
				}
				d = traffic(t, true, detect.Options{})
				if _, err := d.Load(state); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := d.Flush(keep); err != nil {
			t.Fatal(err)
		}
		var want []string
		if bad {
			want = []string{"c2-domain", "dns-exfiltration", "generated-domains"}
		}
		if got := rules(alerts); !slices.Equal(got, want) {
			t.Errorf("attacks %t: %v", bad, got)
			for _, a := range alerts {
				t.Log(a.Rule, a.Resource, a.Message)
			}
		}
	}
}

func BenchmarkTraffic(b *testing.B) {
	flows := quietFlows(b, 100_000, true)
	d := traffic(b, false, detect.Options{})
	none := func(finding.Alert) error { return nil }
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for i := range flows {
			if err := d.Flow(&flows[i], none); err != nil {
				b.Fatal(err)
			}
		}
		n += len(flows)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "flows/s")
}
