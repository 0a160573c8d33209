package network

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// TestBoardAgainstAllSightings compares the board with a look at everything that was
// ever seen, for sightings in order.
func TestBoardAgainstAllSightings(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		need, window := 2+r.IntN(5), 1+r.IntN(60)
		b := newBoard[int](need, time.Duration(window)*time.Second, time.Minute)
		all := map[int][]sighting{}
		fired := map[int]int64{}
		at := int64(1_700_000_000)
		for range 400 {
			at += r.Int64N(12)
			key, s := r.IntN(3), sighting{At: at, What: r.Uint64N(9)}
			found, _ := b.see(key, s, func(list []sighting) bool { return len(list) >= need })
			if fired[key] != 0 && at < fired[key]+60 {
				if found != nil {
					t.Fatalf("seed %d: a second signal after %d seconds", seed, at-fired[key])
				}
				continue
			}
			all[key] = append(all[key], s)
			different := map[uint64]bool{}
			for _, x := range all[key] {
				if x.At > at-int64(window) {
					different[x.What] = true
				}
			}
			if want := len(different) >= need; want != (found != nil) {
				t.Fatalf("seed %d: %d different within %d s at %d, need %d, signal %t", seed, len(different), window, at, need, found != nil)
			}
			if found != nil {
				fired[key] = at
				all[key] = nil
			}
		}
		total := 0
		for _, w := range b.all {
			total += len(w.seen)
		}
		if total != b.total {
			t.Fatalf("seed %d: %d sightings are kept, and %d counted", seed, total, b.total)
		}
	}
}

// TestBoardTakesLateSightings: whatever the order within the tolerance, enough sightings
// within a window are found.
func TestBoardTakesLateSightings(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		const need = 10
		b := newBoard[string](need, 5*time.Minute, time.Hour)
		order := r.Perm(need)
		signals := 0
		for n, i := range order {
			found, _ := b.see("k", sighting{At: 1000 + int64(i)*30, What: uint64(i)}, func(list []sighting) bool { return len(list) >= need })
			if found == nil {
				continue
			}
			if signals++; n != need-1 || found[0].At != 1000 || found[need-1].At != 1270 || !slices.IsSortedFunc(found, func(a, b sighting) int { return int(a.At - b.At) }) {
				t.Fatalf("seed %d: after %d: %+v", seed, n, found)
			}
		}
		if signals != 1 {
			t.Fatalf("seed %d: %d signals", seed, signals)
		}
	}
}

func TestBoardForgets(t *testing.T) {
	b := newBoard[int](5, time.Minute, time.Hour)
	never := func([]sighting) bool { return false }
	for i := range 3 * mostKeys {
		b.see(i, sighting{At: int64(i), What: 1}, never)
	}
	if len(b.all) != mostKeys || b.forgot != 2*mostKeys || b.oldest.key != 2*mostKeys {
		t.Errorf("%d keys, %d forgot, oldest %d", len(b.all), b.forgot, b.oldest.key)
	}
	b.Advance(time.Unix(int64(3*mostKeys)+3600, 0), nil)
	if len(b.all) != 0 || b.oldest != nil || b.newest != nil || b.total != 0 {
		t.Errorf("%d keys are left", len(b.all))
	}
	data, err := b.Save()
	if err != nil {
		t.Fatal(err)
	}
	c := newBoard[int](5, time.Minute, time.Hour)
	if err := c.Load(data); err != nil || c.forgot != b.forgot {
		t.Error(err, c.forgot)
	}
	for _, broken := range []string{"", "[]", `{"watches":[{"k":1},{"k":1}]}`, `{"watches":[{"k":1,"s":[{"t":2},{"t":1}]}]}`} {
		if err := c.Load([]byte(broken)); err == nil {
			t.Errorf("%q is taken for a state", broken)
		}
	}
}

// A detection that is set to need less goes on with what it has.
func TestBoardWithOtherParametersGoesOn(t *testing.T) {
	never := func([]sighting) bool { return false }
	b := newBoard[int](100, time.Hour, time.Hour)
	for i := range 100 {
		b.see(1, sighting{At: int64(1000 + i), What: uint64(i)}, never)
	}
	data, err := b.Save()
	if err != nil {
		t.Fatal(err)
	}
	c := newBoard[int](10, time.Hour, time.Hour)
	if err := c.Load(data); err != nil || c.total != c.keep || c.total >= b.total {
		t.Fatalf("%v; %d sightings of %d", err, c.total, b.total)
	}
	found, _ := c.see(1, sighting{At: 1100, What: 100}, func(list []sighting) bool { return len(list) >= 10 })
	if len(found) < 10 || found[len(found)-2].At != 1099 {
		t.Errorf("found %+v", found)
	}
}

func TestSides(t *testing.T) {
	flow := func(eni, from, to string) *evidence.Flow {
		return &evidence.Flow{Interface: eni, Source: netip.MustParseAddr(from), Target: netip.MustParseAddr(to), PacketSource: netip.MustParseAddr(from), PacketTarget: netip.MustParseAddr(to), Protocol: tcp, SourcePort: 40000, TargetPort: 80}
	}
	var s Sides
	for i, x := range []struct {
		eni, from, to string
		want          string
	}{
		{"a", "10.0.0.1", "198.51.100.1", "out sided"},
		{"a", "198.51.100.1", "10.0.0.1", "in sided"},
		{"b", "10.0.0.2", "10.0.0.3", "out"}, // either may be the interface's
		{"b", "10.0.0.3", "10.0.0.2", "out"},
		{"b", "10.0.0.4", "10.0.0.2", "in sided"}, // 10.0.0.2 is in all
		{"b", "10.0.0.2", "10.0.0.3", "out sided"},
		{"c", "2001:db8::1", "2001:db8::2", "out"},
		{"c", "2001:db8::3", "2001:db8::1", "in sided"},
		{"", "10.0.0.2", "10.0.0.3", "out"},
	} {
		var c Contact
		s.Look(flow(x.eni, x.from, x.to), &c)
		got := "in"
		if c.Out {
			got = "out"
		}
		if c.Sided {
			got += " sided"
		}
		if got != x.want {
			t.Errorf("%d: %s of %s > %s: %s, want %s", i, x.eni, x.from, x.to, got, x.want)
		}
		data, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		var back Sides
		if err := back.Load(data); err != nil {
			t.Fatal(err)
		}
		if again, err := back.Save(); err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s and %s, %v", data, again, err)
		}
		s = back
	}
}

func TestAsked(t *testing.T) {
	for _, c := range []struct {
		protocol     uint8
		from, to     uint16
		flags        uint8
		asked, known bool
	}{
		{tcp, 40000, 443, 0, true, false}, {tcp, 443, 40000, 0, false, false}, {tcp, 443, 40000, 2, true, true}, {tcp, 443, 40000, 18, false, true},
		{tcp, 40000, 443, 3, true, true}, {tcp, 40000, 443, 19, false, true}, {tcp, 7777, 45000, 0, false, false}, {tcp, 45000, 7777, 0, true, false},
		{udp, 53, 33000, 0, false, false}, {udp, 33000, 53, 0, true, false}, {udp, 123, 123, 0, true, false}, {icmp, 0, 0, 0, true, false}, {tcp, 45000, 46000, 0, true, false},
	} {
		asked, known := asked(&evidence.Flow{Protocol: c.protocol, SourcePort: c.from, TargetPort: c.to, TCPFlags: c.flags})
		if asked != c.asked || known != c.known {
			t.Errorf("%+v: %t %t", c, asked, known)
		}
	}
}

func TestRegistered(t *testing.T) {
	for name, want := range map[string]string{
		"www.example.com": "example.com www", "a.b.example.co.uk": "example.co.uk a.b", "example.com": "example.com ", "com": " ", "co.uk": " ", "": " ",
		"db.corp.internal": " ", "printer.local": " ", "b.s3.amazonaws.com": "b.s3.amazonaws.com ", "x.d111.cloudfront.net": "d111.cloudfront.net x", "a..com": " ", ".com": " ",
	} {
		domain, below, _ := registered(name)
		if got := domain + " " + below; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestLikelihood(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	words, lots := 0.0, 0.0
	names := []string{"google", "wikipedia", "stackoverflow", "cloudflare", "windowsupdate", "letsencrypt", "deutsche-bank", "kubernetes", "wordpress", "mozilla"}
	for _, name := range names {
		words += Likelihood(name) / float64(len(names))
	}
	for range 1000 {
		b := make([]byte, 12)
		for i := range b {
			b[i] = 'a' + byte(r.IntN(26))
		}
		lots += Likelihood(string(b)) / 1000
	}
	if words < -4.9 || lots > -5.7 {
		t.Errorf("words score %.2f, lots %.2f", words, lots)
	}
	if Likelihood("") > 0 {
		t.Error("an empty name")
	}
}

func TestSettings(t *testing.T) {
	for _, name := range Names() {
		about, ok := Describe(name)
		if !ok || about.About == "" || len(about.Fields) == 0 || len(about.Parameters) == 0 {
			t.Errorf("%s: %+v", name, about)
		}
		if _, err := New(name, map[string]any{"nothing": 1}, nil); err == nil {
			t.Errorf("%s takes any parameter", name)
		}
	}
	for i, c := range []struct {
		engine string
		params map[string]any
	}{
		{"nothing", nil}, {"brute-force", nil}, {"brute-force", map[string]any{"ports": []any{int64(22)}}}, {"brute-force", map[string]any{"ports": []any{int64(70000)}, "role": "actor"}},
		{"brute-force", map[string]any{"ports": "22", "role": "actor"}}, {"brute-force", map[string]any{"ports": []any{}, "role": "actor"}}, {"flood", map[string]any{"kind": "water"}},
		{"port-scan", map[string]any{"window": "5"}}, {"port-scan", map[string]any{"window": "-5m"}}, {"port-scan", map[string]any{"window": "25h"}}, {"port-scan", map[string]any{"share": "x"}},
		{"port-scan", map[string]any{"share": 1.5}}, {"port-scan", map[string]any{"ports": 2.5}}, {"port-use", nil}, {"listed-address", nil}, {"dns-exfiltration", map[string]any{"except": "x"}},
		{"dns-exfiltration", map[string]any{"except": []any{1}}},
	} {
		if _, err := New(c.engine, c.params, nil); err == nil {
			t.Errorf("%d: %s takes %v", i, c.engine, c.params)
		}
	}
	if _, err := New("brute-force", map[string]any{"ports": []any{int64(22), int64(2222)}, "role": "actor", "attempts": int64(20), "window": "1h"}, nil); err != nil {
		t.Error(err)
	}
}

// TestVolume: what late records of the day before change, and that days without traffic
// count.
func TestVolume(t *testing.T) {
	v := &volume{}
	at := func(d int, after time.Duration) int64 { return int64(d)*day + int64(after/time.Second) }
	add := func(when int64, bytes float64) bool {
		d := v.at(when)
		if d == nil {
			return false
		}
		d.add(netip.MustParseAddr("198.51.100.1"), bytes)
		return true
	}
	add(at(100, 23*time.Hour), 10)
	if !add(at(101, 5*time.Minute), 1) || !add(at(100, 23*time.Hour), 10) || v.Days != 0 {
		t.Errorf("a late record of yesterday: %+v", v)
	}
	if !add(at(101, 20*time.Minute), 1) || v.Days != 1 || v.Mean != 20 {
		t.Errorf("yesterday is over: %+v", v)
	}
	if add(at(100, 23*time.Hour), 10) {
		t.Error("a record of a day that is over was taken")
	}
	if !add(at(104, 20*time.Minute), 7) || v.Days != 4 || v.Mean != 22.0/4 {
		t.Errorf("two days without traffic: %+v", v)
	}
}

func ExampleThreats_Why() {
	entries, _ := ParseList("list", []byte("203.0.113.0/24 # seen in May"), Scanner, time.Time{})
	t := NewThreats(entries, nil)
	a := netip.MustParseAddr("203.0.113.9")
	fmt.Println(t.Address(a).Has(Scanner), t.Why(a, Scanner))
	// Output: true  (seen in May)
}
