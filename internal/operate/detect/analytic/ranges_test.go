package analytic

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// TestRangesAgainstAll compares look-ups with the narrowest network that contains the
// address, among small networks that lie within each other.
func TestRangesAgainstAll(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		var all []network[int]
		for i := range r.IntN(30) {
			ip := netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))})
			bits := 24 + r.IntN(9)
			if r.IntN(4) == 0 {
				ip = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(r.IntN(256))})
				bits = 120 + r.IntN(9)
			}
			p, err := ip.Prefix(bits)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, network[int]{p, i})
		}
		want := func(ip netip.Addr) (of int, ok bool) {
			bits := -1
			for _, n := range all {
				if n.prefix.Contains(ip) && n.prefix.Bits() >= bits {
					of, ok, bits = n.of, true, n.prefix.Bits()
				}
			}
			return of, ok
		}
		var asked []netip.Addr
		for last := range 256 {
			asked = append(asked, netip.AddrFrom4([4]byte{10, 0, 0, byte(last)}), netip.AddrFrom16([16]byte{0x20, 1, 15: byte(last)}))
		}
		asked = append(asked, netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255"), netip.MustParseAddr("::"), netip.MustParseAddr("ffff::"))
		var before []int
		for _, ip := range asked {
			of, ok := want(ip)
			before = append(before, of)
			if !ok {
				before[len(before)-1] = -1
			}
		}
		table := newRanges(all)
		for i, ip := range asked {
			of, ok := table.lookUp(ip)
			if ok != (before[i] >= 0) || ok && of != before[i] {
				t.Fatalf("seed %d: %s: %d %v, want %d", seed, ip, of, ok, before[i])
			}
		}
	}
}

func TestRangesOfEverything(t *testing.T) {
	table := newRanges([]network[string]{{netip.MustParsePrefix("0.0.0.0/0"), "all"}, {netip.MustParsePrefix("255.255.255.255/32"), "last"}, {netip.MustParsePrefix("::/0"), "six"}})
	for ip, want := range map[string]string{"0.0.0.0": "all", "255.255.255.254": "all", "255.255.255.255": "last", "::ffff:1.2.3.4": "all", "::1": "six", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "six"} {
		if got, ok := table.lookUp(netip.MustParseAddr(ip)); !ok || got != want {
			t.Errorf("%s: %q %v, want %q", ip, got, ok, want)
		}
	}
	if _, ok := newRanges[int](nil).lookUp(netip.MustParseAddr("1.2.3.4")); ok {
		t.Error("nothing is known, and something is found")
	}
}
