package flowlog

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
)

func mustFormat(t testing.TB, s string) *Format {
	t.Helper()
	f, err := ParseFormat(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

var flows = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestParse(t *testing.T) {
	full := "${version} ${vpc-id} ${subnet-id} ${instance-id} ${interface-id} ${account-id} ${type} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${pkt-srcaddr} ${pkt-dstaddr} ${protocol} ${bytes} ${packets} ${start} ${end} ${action} ${tcp-flags} ${log-status} ${region} ${flow-direction} ${reject-reason}"
	for name, c := range map[string]struct {
		format, row string
		want        evidence.Flow
		kind        Row
	}{
		"default": {
			row: "2 111122223333 eni-0a 10.0.0.5 198.51.100.9 43210 443 6 12 3400 1767225600 1767225660 ACCEPT OK",
			want: evidence.Flow{Account: "111122223333", Interface: "eni-0a", Source: addr("10.0.0.5"), Target: addr("198.51.100.9"),
				PacketSource: addr("10.0.0.5"), PacketTarget: addr("198.51.100.9"),
				SourcePort: 43210, TargetPort: 443, Protocol: 6, Packets: 12, Bytes: 3400, Accepted: true,
				Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225660, 0).UTC()},
		},
		"order and NAT": {
			format: full,
			row:    "5 vpc-1 subnet-1 i-1 eni-1 111122223333 IPv4 10.0.1.5 10.0.0.220 49152 443 10.0.1.5 203.0.113.5 6 100 2 1767225600 1767225601 REJECT 2 OK eu-west-1 egress BPA",
			want: evidence.Flow{Account: "111122223333", Region: "eu-west-1", VPC: "vpc-1", Subnet: "subnet-1", Instance: "i-1", Interface: "eni-1",
				Source: addr("10.0.1.5"), Target: addr("10.0.0.220"), PacketSource: addr("10.0.1.5"), PacketTarget: addr("203.0.113.5"),
				SourcePort: 49152, TargetPort: 443, Protocol: 6, TCPFlags: 2, Packets: 2, Bytes: 100, Direction: "egress",
				Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225601, 0).UTC()},
		},
		"IPv6, and dashes": {
			format: full,
			row:    "3 - - - eni-1 111122223333 IPv6 2001:db8::1 ::ffff:10.0.0.1 0 0 - - 58 100 2 1767225600 1767225601 ACCEPT - OK - - -",
			want: evidence.Flow{Account: "111122223333", Interface: "eni-1",
				Source: addr("2001:db8::1"), Target: addr("10.0.0.1"), PacketSource: addr("2001:db8::1"), PacketTarget: addr("10.0.0.1"),
				Protocol: 58, Packets: 2, Bytes: 100, Accepted: true,
				Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225601, 0).UTC()},
		},
		"no data": {
			row:  "2 111122223333 eni-0a - - - - - - - 1767225600 1767225660 - NODATA",
			kind: NoData,
			want: evidence.Flow{Account: "111122223333", Interface: "eni-0a", Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225660, 0).UTC()},
		},
		"skipped data": {
			row:  "2 111122223333 eni-0a - - - - - - - 1767225600 1767225660 - SKIPDATA",
			kind: SkipData,
			want: evidence.Flow{Account: "111122223333", Interface: "eni-0a", Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225660, 0).UTC()},
		},
		"packet addresses alone": {
			format: "pkt-srcaddr pkt-dstaddr start",
			row:    "10.0.0.1  10.0.0.2\t1767225600",
			want: evidence.Flow{Source: addr("10.0.0.1"), Target: addr("10.0.0.2"), PacketSource: addr("10.0.0.1"), PacketTarget: addr("10.0.0.2"),
				Start: time.Unix(1767225600, 0).UTC(), End: time.Unix(1767225600, 0).UTC()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p Parser
			if c.format != "" {
				p.Format = mustFormat(t, c.format)
			}
			var got evidence.Flow
			kind, err := p.Parse([]byte(c.row), &got)
			if err != nil || kind != c.kind {
				t.Fatal(kind, err)
			}
			if diff := cmp.Diff(c.want, got, flows); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRefusedRows(t *testing.T) {
	good := "2 111122223333 eni-0a 10.0.0.5 198.51.100.9 43210 443 6 12 3400 1767225600 1767225660 ACCEPT OK"
	for _, c := range []struct{ old, with, says string }{
		{"10.0.0.5", "10.0.0.500", `srcaddr "10.0.0.500"`},
		{"10.0.0.5", "10.0.0", `srcaddr "10.0.0"`},
		{"10.0.0.5", "10.0.0.05", `srcaddr "10.0.0.05"`},
		{"10.0.0.5", "fe80::1%eth0", `srcaddr "fe80::1%eth0"`},
		{"43210", "65536", `srcport "65536"`},
		{"43210", "-1", `srcport "-1"`},
		{" 6 ", " 256 ", `protocol "256"`},
		{"3400", "99999999999999999999", `bytes "9999`},
		{"1767225600", "1767225600000", `start "1767225600000"`},
		{"ACCEPT", "accept", `action "accept"`},
		{" OK", " FINE", `log-status "FINE"`},
		{" OK", "", "the row has 13 fields and its format 14; where the log has a format of its own, and no header, give it with --format"},
		{" OK", " OK more", "the row has 15 fields and its format 14"},
		{"10.0.0.5", "-", "a recorded flow without addresses"},
		{"1767225600 1767225660", "- -", "a recorded flow without a time"},
	} {
		row := strings.Replace(good, c.old, c.with, 1)
		var f evidence.Flow
		if _, err := new(Parser).Parse([]byte(row), &f); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", row, err, c.says)
		}
	}
}

func TestRefusedFormats(t *testing.T) {
	for format, says := range map[string]string{
		"":                              "at least one field",
		"${srcaddr} ${wrong}":           `"${wrong}" is not a field`,
		"srcaddr srcaddr dstaddr start": `"srcaddr" comes twice`,
		"srcaddr start":                 "no srcaddr and dstaddr",
		"srcaddr dstaddr":               "neither start nor end",
	} {
		if _, err := ParseFormat(format); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", format, err, says)
		}
	}
}

// TestAddressAgreesWithNetip: the short way reads the addresses that netip reads.
func TestAddressAgreesWithNetip(t *testing.T) {
	for _, s := range []string{"0.0.0.0", "255.255.255.255", "1.2.3.4", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1..2.3", ".1.2.3", "1.2.3.", "256.1.1.1", "1.2.3.4a", "::", "2001:db8::1", "::ffff:1.2.3.4", "x", "", "1.2.3.0004", "10.00.0.1"} {
		want, err := netip.ParseAddr(s)
		got, fault := address([]byte(s))
		if (err == nil) != (fault == nil) || err == nil && got != want.Unmap() {
			t.Errorf("%q: %v %v, netip %v %v", s, got, fault, want, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("", "2 111122223333 eni-0a 10.0.0.5 198.51.100.9 43210 443 6 12 3400 1767225600 1767225660 ACCEPT OK")
	f.Add("srcaddr dstaddr start end", "2001:db8::1 10.0.0.1 1 2")
	f.Add("${version} ${srcaddr} ${dstaddr} ${start} ${flow-direction}", "8 1.2.3.4 - 5 ingress")
	f.Fuzz(func(t *testing.T, format, row string) {
		var p Parser
		if format != "" {
			parsed, err := ParseFormat(format)
			if err != nil {
				return
			}
			p.Format = parsed
		}
		var flow evidence.Flow
		kind, err := p.Parse([]byte(row), &flow)
		if err == nil && kind == Recorded && (!flow.Source.IsValid() || !flow.Target.IsValid() || flow.Start.IsZero() || flow.End.Before(flow.Start)) {
			t.Errorf("%q gives %+v", row, flow)
		}
		_, _, _ = header([]byte(row))
	})
}
