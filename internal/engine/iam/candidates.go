package iam

import (
	"math"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Limits of what is tried for one key: states of the patterns read side by side,
// values, and sets of values of a key that may have several.
const (
	maxStates = 4096
	maxValues = 256
	maxSet    = 7
)

// family is the kinds of comparison whose values are told apart in the same way.
type family uint8

const (
	texts family = 1 << iota
	numbers
	dates
	networks
	booleans
	binaries
)

func familyOf(b policy.Base) family {
	switch b {
	case policy.StringEquals, policy.StringEqualsIgnoreCase, policy.StringLike, policy.ArnEquals, policy.ArnLike:
		return texts
	case policy.Bool:
		return booleans
	case policy.BinaryEquals:
		return binaries
	case policy.IPAddress:
		return networks
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
		return dates
	case policy.Null:
		return 0
	}
	return numbers
}

// choose finds values of the key such that every value there is has the same
// effect on all conditions as one of them.
func (k *unseenKey) choose(all []*unseenKey) {
	var families family
	multivalued := false
	for _, c := range k.asks {
		families |= familyOf(c.base)
		multivalued = multivalued || c.op.Set != policy.Plain
	}
	if known, ok := action.KeyFor(k.key.Value()); ok && known.Multivalued {
		multivalued = true
	}
	group := k.group(all)
	if len(group) > 1 || len(k.patterns) > 0 {
		families |= texts
	}
	single, complete := k.single(group, families)
	k.exact = complete && !k.opaque
	k.candidates = make([][]string, 0, len(single)+1)
	if k.state != Present {
		k.candidates = append(k.candidates, nil)
	}
	for i := range single {
		k.candidates = append(k.candidates, single[i:i+1:i+1])
	}
	if multivalued {
		k.combine(single)
	}
}

// group are the keys that are compared with this one, itself among them.
func (k *unseenKey) group(all []*unseenKey) []*unseenKey {
	var out []*unseenKey
	for _, other := range all {
		if other.root() == k.root() {
			out = append(out, other)
		}
	}
	return out
}

// combine adds sets of values. Order and repetition make no difference, so the
// subsets are all there is to try.
func (k *unseenKey) combine(single []string) {
	if len(single) > maxSet {
		k.exact = false
		single = single[:maxSet]
	}
	for mask := 1; mask < 1<<len(single); mask++ {
		var set []string
		for i, v := range single {
			if mask>>i&1 != 0 {
				set = append(set, v)
			}
		}
		if len(set) > 1 {
			k.candidates = append(k.candidates, set)
		}
	}
}

// single are values that stand for all others.
func (k *unseenKey) single(group []*unseenKey, families family) ([]string, bool) {
	switch families {
	case 0:
		return []string{"x"}, true // only whether it is there matters
	case texts:
		return textValues(group)
	case numbers:
		return numberValues(ofFamily(k.asks, families)), true
	case dates:
		return dateValues(ofFamily(k.asks, families)), true
	case networks:
		return networkValues(ofFamily(k.asks, families)), true
	case booleans:
		return []string{"false", "true"}, true
	case binaries:
		return rawValues(ofFamily(k.asks, families), "eHg="), true
	}
	// Comparisons of several kinds: all are tried, and it is not claimed that this
	// is all there is.
	var out []string
	for f := texts; f <= binaries; f <<= 1 {
		if families&f != 0 {
			some, _ := k.single(group, f)
			out = append(out, some...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), false
}

// textValues divides texts into classes that no pattern tells apart. Keys that
// are compared with each other need two members of each class: to be equal, and
// to differ.
func textValues(group []*unseenKey) ([]string, bool) {
	var patterns []glob.Glob
	for _, k := range group {
		patterns = append(patterns, k.patterns...)
	}
	if slices.ContainsFunc(patterns, func(g glob.Glob) bool { return g.ARN }) {
		patterns = append(patterns, glob.Glob{Pattern: "arn:*:*:*:*:*"}) // what is no ARN fits no pattern of one
	}
	classes, ok := glob.Classes(patterns, maxStates)
	if !ok || len(classes) > maxValues {
		out := []string{"x"}
		for _, g := range patterns {
			out = append(out, g.Pattern)
		}
		return out, false
	}
	var out []string
	for _, c := range classes {
		out = append(out, c.Witness)
		if len(group) > 1 && !c.Only {
			out = append(out, c.Second)
		}
	}
	// Three keys that all differ would need a third member.
	return out, len(group) < 3
}

// numberValues are the numbers named and their neighbours: between two of them
// nothing changes.
func numberValues(asks []*condition) []string {
	var named []float64
	for _, c := range asks {
		for i := range c.values {
			if c.values[i].valid {
				named = append(named, c.values[i].number)
			}
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	out := []string{"x"} // and what is no number
	for _, n := range named {
		out = append(out, number(math.Nextafter(n, math.Inf(-1))), number(n), number(math.Nextafter(n, math.Inf(1))))
	}
	return out
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// dateValues are the instants named, and one in each gap between them.
func dateValues(asks []*condition) []string {
	var named []time.Time
	for _, c := range asks {
		for i := range c.values {
			if c.values[i].valid {
				named = append(named, c.values[i].instant.UTC())
			}
		}
	}
	slices.SortFunc(named, time.Time.Compare)
	named = slices.CompactFunc(named, time.Time.Equal)
	out := []string{"x"}
	for i, t := range named {
		if i == 0 {
			out = append(out, instant(t.Add(-time.Hour)))
		}
		out = append(out, instant(t))
		if i+1 < len(named) {
			out = append(out, instant(t.Add(named[i+1].Sub(t)/2)))
		} else {
			out = append(out, instant(t.Add(time.Hour)))
		}
	}
	return out
}

func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

// networkValues are the ends of the ranges named and their neighbours: between
// two of them nothing changes.
func networkValues(asks []*condition) []string {
	marks := map[netip.Addr]bool{netip.IPv4Unspecified(): true, netip.IPv6Unspecified(): true}
	for _, c := range asks {
		for i := range c.values {
			if o := &c.values[i]; o.valid {
				p := o.network.Masked()
				marks[p.Addr()] = true
				if next := lastOf(p).Next(); next.IsValid() {
					marks[next] = true
				}
			}
		}
	}
	out := []string{"x"}
	for a := range marks {
		out = append(out, a.String())
	}
	slices.Sort(out)
	return out
}

// lastOf is the last address of a range.
func lastOf(p netip.Prefix) netip.Addr {
	bytes := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}

// rawValues are the values named, and another.
func rawValues(asks []*condition, other string) []string {
	out := []string{other}
	for _, c := range asks {
		for i := range c.values {
			if o := &c.values[i]; o.valid {
				out = append(out, o.raw)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func ofFamily(asks []*condition, f family) []*condition {
	var out []*condition
	for _, c := range asks {
		if familyOf(c.base) == f {
			out = append(out, c)
		}
	}
	return out
}
