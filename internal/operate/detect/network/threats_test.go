package network

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseList(t *testing.T) {
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"text": {"# a list\n203.0.113.9 # seen in May\n198.51.100.0/24\n; another\n\nEvil.Example.COM.\n*.bad.example.org\n2001:db8::/32\n",
			[]string{"203.0.113.9/32 c2 seen in May", "198.51.100.0/24 c2 ", "evil.example.com c2 ", "bad.example.org c2 ", "2001:db8::/32 c2 "}},
		"a file of hosts":       {"0.0.0.0 evil.example.com\n127.0.0.1\tbad.example.com # really\n", []string{"evil.example.com c2 ", "bad.example.com c2 really"}},
		"as reports write them": {"203[.]0[.]113[.]9\nhxxps://evil[.]example[.]com:8443/path\n", []string{"203.0.113.9/32 c2 ", "evil.example.com c2 "}},
		"Windows":               {"\ufeff203.0.113.9\r\nevil.example.com\r\n", []string{"203.0.113.9/32 c2 ", "evil.example.com c2 "}},
		"IPv4 within IPv6":      {"::ffff:203.0.113.0/120\n", []string{"203.0.113.0/24 c2 "}},
		"CSV": {"# from somewhere\nfirst_seen,dst_ip,Category,Malware\n2026-01-01,203.0.113.9,tor,\"a, b\"\n2026-01-02,198.51.100.1,,x\n2026-01-02,,,\n",
			[]string{"203.0.113.9/32 tor a, b", "198.51.100.1/32 c2 x"}},
		"STIX": {`{"type":"bundle","id":"bundle--1","objects":[
			{"type":"identity","name":["odd"]},
			{"type":"indicator","name":"exit node","pattern_type":"stix","pattern":"[ipv4-addr:value = '203.0.113.9' OR ipv4-addr:value ISSUBSET '198.51.100.0/24']","indicator_types":["anonymization"]},
			{"type":"indicator","pattern_type":"stix","pattern":"[domain-name:value='evil.example.com']","valid_until":"2026-07-01T00:00:00Z"},
			{"type":"indicator","pattern":"[domain-name:value='old.example.com']","valid_until":"2026-05-01T00:00:00Z"},
			{"type":"indicator","pattern":"[domain-name:value='gone.example.com']","revoked":true},
			{"type":"indicator","pattern":"[domain-name:value='a.example.com'] FOLLOWEDBY [file:name='x']"},
			{"type":"indicator","pattern":"x","pattern_type":"yara"},
			{"type":"ipv6-addr","value":"2001:db8::1"}]}`,
			[]string{"203.0.113.9/32 tor exit node", "198.51.100.0/24 tor exit node", "evil.example.com c2 ", "2001:db8::1/128 c2 "}},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := ParseList("list", []byte(c.text), C2, at)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				what := e.Domain
				if what == "" {
					what = e.Range.String()
				}
				category := e.Category
				if category == "" {
					category = C2
				}
				got = append(got, what+" "+string(category)+" "+e.About)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestRefusedLists(t *testing.T) {
	for text, says := range map[string]string{
		"":                                    "no address, range or domain",
		"# nothing\n":                         "no address, range or domain",
		"203.0.113.9\nwhat is this\n":         `list:2: "what"`,
		"0.0.0.0/0\n":                         "large part of all addresses",
		"com\n":                               `"com" is neither`,
		"ip,category\n203.0.113.9,bad ones\n": `list:2: "bad ones" is not a kind`,
		"ip,category\nnothing at all,\n":      "list:2:",
		"; a,b\nip,category\n":                "no column",
		`{"a":1}`:                             "not a STIX 2 bundle",
		`{"type":"bundle","objects":[`:        "not a STIX 2 bundle",
		`{"type":"bundle","objects":[]}`:      "no address, range or domain",
		"203.0.113.9\n" + strings.Repeat("x", 1<<17): "too long",
	} {
		if _, err := ParseList("list", []byte(text), C2, time.Time{}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %v, want %q", text, err, says)
		}
	}
}

func TestThreats(t *testing.T) {
	entries, err := ParseList("list", []byte("203.0.113.9 # one\n198.51.100.0/24 # many\n2001:db8::/32\nevil.example.com # a name\n"), C2, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	more, err := ParseList("list", []byte("198.51.100.7\n"), Tor, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range entries {
		entries[i].Category = C2
	}
	for i := range more {
		more[i].Category = Tor
	}
	l := NewThreats(append(entries, more...), []string{"fine.evil.example.com"})
	for _, c := range []struct {
		what    string
		c2, tor bool
	}{
		{"203.0.113.9", true, false}, {"203.0.113.8", false, false}, {"198.51.100.7", true, true}, {"198.51.101.7", false, false},
		{"2001:db8:1::1", true, false}, {"2001:db9::", false, false},
		{"evil.example.com", true, false}, {"a.b.evil.example.com", true, false}, {"notevil.example.com", false, false}, {"example.com", false, false},
	} {
		m := l.Name(c.what)
		if a, err := netip.ParseAddr(c.what); err == nil {
			m = l.Address(a)
		}
		if m.Has(C2) != c.c2 || m.Has(Tor) != c.tor || m.Has(Mining) {
			t.Errorf("%s: %b", c.what, m)
		}
	}
	if got := l.Why(netip.MustParseAddr("198.51.100.7"), C2); got != " (many)" {
		t.Error(got)
	}
	if got := l.WhyName("x.evil.example.com", C2); got != " (a name)" {
		t.Error(got)
	}
	if d, ok := l.Harmless("x.fine.evil.example.com"); !ok || d != "fine.evil.example.com" {
		t.Error(d, ok)
	}
	if l.without(C2, true) != "" || !strings.Contains(l.without(Mining, true), "--threats KIND=FILE") || !strings.Contains((*Threats)(nil).without(C2, false), "domains") {
		t.Error("which lists are missing")
	}
}

func FuzzParseList(f *testing.F) {
	f.Add([]byte("203.0.113.9 # one\n198.51.100.0/24\nevil.example.com\n"))
	f.Add([]byte("ip,category,description\n203.0.113.9,tor,\"x\"\n"))
	f.Add([]byte(`{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '203.0.113.9']"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := ParseList("list", data, C2, time.Time{})
		if err != nil {
			return
		}
		l := NewThreats(entries, nil)
		for _, e := range entries {
			if e.Domain == "" && !e.Range.IsValid() {
				t.Fatalf("%+v", e)
			}
			category := e.Category
			if category != "" && e.Domain != "" && !l.Name("x."+e.Domain).Has(category) || category != "" && e.Domain == "" && !l.Address(e.Range.Addr()).Has(category) {
				t.Fatalf("%+v is not found", e)
			}
		}
	})
}
