package exposure

import (
	"net/netip"
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// addresses are those that the conditions on a key tell apart. Strangers have
// none inside a narrow network, whichever condition names it, and none that is
// not public.
func (s *search) addresses(key string, public bool) []string {
	candidates := []netip.Addr{netip.MustParseAddr("185.14.7.9"), netip.MustParseAddr("2a0e:97c0::9")}
	var networks []netip.Prefix
	for _, c := range s.about[key] {
		if op, ok := policy.ParseOperator(c.Operator); !ok || op.Base.Positive() != policy.IPAddress {
			continue
		}
		for _, v := range c.Values {
			if network, ok := parseNetwork(v.Value); ok && !v.Partial {
				networks = append(networks, network)
			}
		}
	}
	for _, n := range networks {
		candidates = append(candidates, spread(n)...)
	}
	var out []string
	for _, a := range candidates {
		if !public || open(a) && !slices.ContainsFunc(networks, func(n netip.Prefix) bool { return narrow(n) && n.Contains(a) }) {
			out = append(out, a.String())
		}
	}
	return out
}

func parseNetwork(s string) (netip.Prefix, bool) {
	if network, err := netip.ParsePrefix(s); err == nil {
		return network.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

// narrow tells whether a network is small enough to say who is in it. Source:
// Amazon S3 User Guide, "The meaning of public".
func narrow(n netip.Prefix) bool {
	return n.Addr().Is4() && n.Bits() >= 8 || n.Addr().Is6() && n.Bits() >= 32
}

// open tells whether an address is one of the internet's.
func open(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && !shared.Contains(a)
}

// shared is what carriers put between themselves and their customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// spread picks addresses all over a network, and those next to its ends.
func spread(n netip.Prefix) []netip.Addr {
	first := n.Addr()
	out := []netip.Addr{first, first.Next(), first.Prev()}
	const picks = 32
	for i := range picks {
		out = append(out, within(n, i, picks))
	}
	last := within(n, picks-1, picks)
	for a, i := last, 0; i < 2 && a.IsValid(); i++ {
		out, a = append(out, a), a.Next()
	}
	return slices.DeleteFunc(out, func(a netip.Addr) bool { return !a.IsValid() })
}

// within is the i-th of n addresses, evenly spaced; the last one ends the network.
func within(network netip.Prefix, i, n int) netip.Addr {
	bytes := network.Addr().AsSlice()
	free := len(bytes)*8 - network.Bits()
	if i == n-1 {
		for bit := range free {
			bytes[len(bytes)-1-bit/8] |= 1 << (bit % 8)
		}
	} else {
		// The five bits behind the network's own tell the picks apart.
		for bit := range min(5, free) {
			if i>>bit&1 == 1 {
				at := free - 1 - bit
				bytes[len(bytes)-1-at/8] |= 1 << (at % 8)
			}
		}
		if free > 0 {
			bytes[len(bytes)-1] |= 1
		}
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}
