package cloudformation

import (
	"maps"
	"math/big"
	"net/netip"
	"slices"
	"strconv"

	"holdfast.dev/holdfast/internal/evidence"
)

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// selectItem takes [index, list].
func (e *evaluator) selectItem(arg *node) any {
	args := e.arguments("Fn::Select", arg, 2, 2)
	if args == nil {
		return nil
	}
	at, from := e.eval(args[0].value, nil), e.eval(args[1].value, nil)
	if e.err != nil {
		return nil
	}
	if u, ok := from.(evidence.Unknown); ok {
		return evidence.Unknown{Reason: u.Reason, Present: u.Present, Ref: u.Ref}
	}
	items, ok := from.([]any)
	if !ok {
		return e.fail(args[1].value, "the second value of Fn::Select must be a list")
	}
	if u, ok := at.(evidence.Unknown); ok {
		return selectAny(items, u.Reason)
	}
	s, _ := textOf(at)
	i, err := strconv.Atoi(s)
	if err != nil || i < 0 || i >= len(items) {
		return e.fail(arg, "Fn::Select takes item %q of a list of %d", s, len(items))
	}
	if mayBeAbsent(items[:i]) {
		return selectAny(items, "which item is selected depends on a condition that is not known")
	}
	return items[i]
}

// mayBeAbsent tells whether an item may turn out to be AWS::NoValue, so that
// the items behind it would move up.
func mayBeAbsent(items []any) bool {
	return slices.ContainsFunc(items, func(v any) bool {
		u, ok := v.(evidence.Unknown)
		return ok && !u.Present
	})
}

// selectAny is an item of the list, not known which.
func selectAny(items []any, reason string) any {
	if len(items) == 0 {
		return evidence.Unknown{Reason: reason, Present: true}
	}
	all := items[0]
	for _, v := range items[1:] {
		all = either(all, v, reason)
	}
	return all
}

// length counts a list (language extensions).
func (e *evaluator) length(arg *node) any {
	switch v := e.eval(arg, nil).(type) {
	case []any:
		if mayBeAbsent(v) {
			return evidence.Unknown{Reason: "the list has items that depend on what is not known", Present: true}
		}
		return int64(len(v))
	case evidence.Unknown:
		return evidence.Unknown{Reason: v.Reason, Present: true}
	}
	return e.fail(arg, "Fn::Length takes a list")
}

// cidr takes [block, count, host bits] and cuts the block into ranges.
func (e *evaluator) cidr(arg *node) any {
	args := e.arguments("Fn::Cidr", arg, 2, 3)
	if args == nil {
		return nil
	}
	var values [3]string
	for i, m := range args {
		v := e.eval(m.value, nil)
		if u, ok := v.(evidence.Unknown); ok {
			return evidence.Unknown{Reason: u.Reason, Present: true, Ref: u.Ref}
		}
		values[i], _ = textOf(v)
	}
	if e.err != nil {
		return nil
	}
	block, err := netip.ParsePrefix(values[0])
	if err != nil {
		return e.fail(arg, "Fn::Cidr takes an address block such as 10.0.0.0/16, not %q", values[0])
	}
	count, err := strconv.Atoi(values[1])
	if err != nil || count < 1 || count > 256 {
		return e.fail(arg, "Fn::Cidr makes 1 to 256 ranges, not %q", values[1])
	}
	size := block.Addr().BitLen()
	hostBits := 8
	if size == 128 {
		hostBits = 64
	}
	if values[2] != "" {
		if hostBits, err = strconv.Atoi(values[2]); err != nil {
			return e.fail(arg, "the third value of Fn::Cidr is a number of bits, not %q", values[2])
		}
	}
	bits := size - hostBits
	if hostBits < 0 || bits < block.Bits() || count > 1 && bits-block.Bits() < 31 && count > 1<<(bits-block.Bits()) {
		return e.fail(arg, "Fn::Cidr: %s has no room for %d ranges of %d host bits", block, count, hostBits)
	}
	return cutBlock(block.Masked().Addr(), count, hostBits, bits)
}

func cutBlock(first netip.Addr, count, hostBits, bits int) any {
	step := new(big.Int).Lsh(big.NewInt(1), uint(hostBits))
	at := new(big.Int).SetBytes(first.AsSlice())
	out := make([]any, 0, count)
	raw := make([]byte, first.BitLen()/8)
	for range count {
		addr, _ := netip.AddrFromSlice(at.FillBytes(raw))
		out = append(out, netip.PrefixFrom(addr, bits).String())
		at.Add(at, step)
	}
	return out
}
