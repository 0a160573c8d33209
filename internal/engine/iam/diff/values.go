package diff

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// domain is how a condition compares.
type domain uint8

const (
	texts domain = iota
	numbers
	dates
	networks
	truths
	presence
)

func domainOf(b policy.Base) domain {
	switch b.Positive() {
	case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
		return numbers
	case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
		return dates
	case policy.IPAddress:
		return networks
	case policy.Bool:
		return truths
	case policy.Null:
		return presence
	}
	return texts
}

// candidates are values of a key of which one stands for each way to satisfy its
// conditions.
func (c *comparison) candidates(k *key) []string {
	written := map[domain][]string{}
	var globs []glob.Glob
	for _, a := range k.atoms {
		cond := c.atoms[a].condition
		op, _ := policy.ParseOperator(cond.Operator)
		d := domainOf(op.Base)
		if d == presence || c.atoms[a].open {
			continue
		}
		if arns := op.Base.Positive() == policy.ArnEquals || op.Base.Positive() == policy.ArnLike; arns && !slices.Contains(globs, everyGlob) {
			globs = append(globs, everyGlob) // what is no ARN fits none of their patterns
		}
		for _, v := range cond.Values {
			written[d] = append(written[d], v.Value)
			globs = append(globs, valueGlob(op.Base.Positive(), v.Value))
		}
	}
	known, ok := action.KeyFor(k.name)
	if len(written) > 0 && ok && known.Type == action.Bool {
		return []string{"true", "false"}
	}
	if len(written[truths]) > 0 { // on a key of any texts
		written[texts] = append(written[texts], written[truths]...)
		delete(written, truths)
	}
	k.open = k.open || len(written) > 1
	var out []string
	out = append(out, aroundNumbers(written[numbers])...)
	out = append(out, aroundDates(written[dates])...)
	out = append(out, aroundNetworks(written[networks])...)
	if len(written) == 0 {
		return append(out, plausible(k.name))
	}
	if len(written[texts]) > 0 {
		classes, ok := glob.Classes(globs, statesOfKey)
		if !ok {
			k.open = true
		}
		out = append(out, pretty(k.name, globs, classes)...)
	}
	return out
}

var everyGlob = resourceGlob(everyARN)

// valueGlob is the value of a condition as a pattern.
func valueGlob(b policy.Base, v string) glob.Glob {
	switch b {
	case policy.StringLike:
		return glob.Glob{Pattern: v}
	case policy.StringEqualsIgnoreCase, policy.Bool:
		return glob.Glob{Pattern: v, Literal: true, Fold: true}
	case policy.ArnEquals, policy.ArnLike:
		return glob.Glob{Pattern: v, ARN: true}
	}
	return glob.Glob{Pattern: v, Literal: true}
}

// plausible is a value for a key that no condition compares.
func plausible(key string) string {
	switch strings.ToLower(key) {
	case "aws:requestedregion":
		return "us-east-1"
	case "aws:principalorgid", "aws:resourceorgid":
		return "o-example"
	case "aws:principalaccount", "aws:resourceaccount", "aws:sourceaccount":
		return strangers
	}
	known, _ := action.KeyFor(key)
	switch known.Type {
	case action.Bool:
		return "true"
	case action.Numeric:
		return "1"
	case action.Date:
		return "2030-01-01T00:00:00Z"
	case action.IPAddress:
		return "203.0.113.7"
	case action.ARN:
		return "arn:aws:iam::111122223333:role/example"
	}
	return "example"
}

// pretty gives each class of texts a value that reads well, where one of the
// obvious ones is of the class, before its shortest.
func pretty(name string, globs []glob.Glob, classes []glob.Class) []string {
	ideas := []string{plausible(name), "example", "other"}
	machines := make([]*glob.Machine, len(globs))
	for i, g := range globs {
		machines[i] = g.Machine()
		if !g.Literal {
			ideas = append(ideas, fill(g.Pattern))
		}
	}
	byVector := map[string]string{}
	for _, idea := range ideas {
		in := make([]bool, len(globs))
		for i, m := range machines {
			in[i] = m.Match(idea)
		}
		if id := fmt.Sprint(in); !has(byVector, id) {
			byVector[id] = idea
		}
	}
	var out []string
	for _, k := range classes {
		if idea, ok := byVector[fmt.Sprint(k.In)]; ok {
			out = append(out, idea)
		}
		out = append(out, k.Witness)
	}
	if known, ok := action.KeyFor(name); ok && known.Type == action.ARN {
		isARN := func(s string) int { return boolean(!strings.HasPrefix(s, "arn:")) }
		slices.SortStableFunc(out, func(a, b string) int { return isARN(a) - isARN(b) })
	}
	return out
}

// aroundNumbers are the numbers, and those between and beyond.
func aroundNumbers(written []string) []string {
	var list []float64
	for _, v := range written {
		if n, err := strconv.ParseFloat(v, 64); err == nil {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	var out []string
	show := func(n float64) { out = append(out, strconv.FormatFloat(n, 'f', -1, 64)) }
	for i, n := range list {
		if i == 0 {
			show(n - 1)
		} else if before := list[i-1]; n-before > 1 && before+1 == float64(int64(before+1)) {
			show(before + 1)
		} else {
			show(before + (n-before)/2)
		}
		show(n)
		if i == len(list)-1 {
			show(n + 1)
		}
	}
	if len(written) > 0 {
		out = append(out, "example") // which is no number
	}
	return out
}

// aroundDates are the instants, and those between and beyond.
func aroundDates(written []string) []string {
	var list []time.Time
	for _, v := range written {
		if t, ok := instant(v); ok {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	list = slices.CompactFunc(list, time.Time.Equal)
	var out []string
	show := func(t time.Time) { out = append(out, t.UTC().Format(time.RFC3339Nano)) }
	for i, t := range list {
		if i == 0 {
			show(t.Add(-24 * time.Hour))
		} else {
			show(list[i-1].Add(t.Sub(list[i-1]) / 2))
		}
		show(t)
		if i == len(list)-1 {
			show(t.Add(24 * time.Hour))
		}
	}
	if len(written) > 0 {
		out = append(out, "example")
	}
	return out
}

// instant reads the forms of dates that package iam reads.
func instant(s string) (time.Time, bool) {
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// aroundNetworks are the addresses where a network begins and those behind where
// one ends: what lies between two of them is all the same.
func aroundNetworks(written []string) []string {
	if len(written) == 0 {
		return nil
	}
	out := []string{"203.0.113.7", "0.0.0.0", "::"}
	for _, v := range written {
		p, err := netip.ParsePrefix(v)
		if err != nil {
			a, err := netip.ParseAddr(v)
			if err != nil {
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		out = append(out, p.Masked().Addr().String())
		if next := last(p).Next(); next.IsValid() {
			out = append(out, next.String())
		}
	}
	return append(out, "example")
}

// last is the last address of a network.
func last(p netip.Prefix) netip.Addr {
	bytes := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}
