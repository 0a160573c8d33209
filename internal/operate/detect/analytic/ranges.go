package analytic

import (
	"cmp"
	"net/netip"
	"slices"
)

// ranges looks addresses up among networks. Of networks within each other the
// narrowest counts.
type ranges[V any] struct {
	spans []rangeSpan
	of    []V
}

// rangeSpan is a run of addresses of one network, without those of narrower ones.
type rangeSpan struct {
	from, to netip.Addr
	of       int32
}

// network is a network and what is known of it.
type network[V any] struct {
	prefix netip.Prefix
	of     V
}

// newRanges sorts networks once. Of two that are the same the later one counts.
func newRanges[V any](all []network[V]) *ranges[V] {
	slices.SortStableFunc(all, func(a, b network[V]) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
	})
	r := &ranges[V]{of: make([]V, 0, len(all)), spans: make([]rangeSpan, 0, len(all))}
	type open struct {
		of   int32
		last netip.Addr
	}
	var within []open
	var next netip.Addr // the first address that is in no span yet
	until := func(last netip.Addr) {
		top := within[len(within)-1]
		if next.IsValid() && next.Compare(last) <= 0 {
			r.spans = append(r.spans, rangeSpan{next, last, top.of})
		}
		next = last.Next()
	}
	for _, n := range all {
		first := n.prefix.Addr()
		for len(within) > 0 && within[len(within)-1].last.Less(first) {
			until(within[len(within)-1].last)
			within = within[:len(within)-1]
		}
		if len(within) > 0 && next.Less(first) {
			until(first.Prev())
		}
		r.of = append(r.of, n.of)
		within = append(within, open{int32(len(r.of) - 1), lastOf(n.prefix)})
		next = first
	}
	for len(within) > 0 {
		until(within[len(within)-1].last)
		within = within[:len(within)-1]
	}
	r.spans = slices.Clip(r.spans)
	return r
}

// lookUp gives what is known of an address.
func (r *ranges[V]) lookUp(ip netip.Addr) (v V, ok bool) {
	ip = ip.Unmap().WithZone("")
	i, found := slices.BinarySearchFunc(r.spans, ip, func(s rangeSpan, ip netip.Addr) int { return s.from.Compare(ip) })
	if !found {
		if i--; i < 0 {
			return v, false
		}
	}
	if s := r.spans[i]; ip.Compare(s.to) <= 0 && s.from.BitLen() == ip.BitLen() {
		return r.of[s.of], true
	}
	return v, false
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
