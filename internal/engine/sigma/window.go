package sigma

import (
	"cmp"
	"container/heap"
	"slices"
	"sort"
	"time"
)

// group is what a correlation keeps of events that share the fields of group-by.
type group struct {
	values  []string
	entries []entry // by time
	quiet   int64   // no hit before
	opened  int64   // of windows that are judged when they close
	last    int64
	sum     float64 // of the entries' numbers
}

// entry is one event in a group.
type entry struct {
	at     int64
	ref    string
	part   int    // which rule of the correlation
	value  string // of value_count
	number float64
	carry  [][]string
}

// windowEnd is the end of a window that is judged then.
type windowEnd struct {
	at  int64
	to  int // correlation
	key string
}

type closings []windowEnd

func (c closings) Len() int      { return len(c) }
func (c closings) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *closings) Push(x any)   { *c = append(*c, x.(windowEnd)) }
func (c *closings) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
func (c closings) Less(i, j int) bool { return c[i].compare(c[j]) < 0 }

func (w windowEnd) compare(x windowEnd) int {
	return cmp.Or(cmp.Compare(w.at, x.at), cmp.Compare(w.to, x.to), cmp.Compare(w.key, x.key))
}

// take puts an occurrence into its group, and says so if that makes the
// correlation true.
func (s *State) take(c *correlation, f *feed, o *occurrence, key, value []string) {
	e := entry{at: o.at, ref: o.ref, part: f.part}
	switch {
	case c.def.Type == "value_count":
		e.value = keyOf(value)
	case len(value) > 0:
		n, ok := parseNumber(value[0])
		if !ok {
			s.stats.Unreadable++
			return
		}
		e.number = n.f
	}
	for _, place := range f.carry {
		e.carry = append(e.carry, o.values[place])
	}
	k := keyOf(key)
	g := s.groups[c.at][k]
	if g == nil {
		end := o.at + int64(c.def.Timespan)
		if !c.lasting && s.horizon != never64 && end < s.horizon {
			return // came so late that its window was judged without it
		}
		g = &group{values: key, quiet: never64, last: o.at}
		s.groups[c.at][k] = g
		s.count++
		if !c.lasting {
			g.opened = o.at
			heap.Push(&s.closings, windowEnd{end, c.at, k})
		}
	}
	g.last = max(g.last, o.at)
	i := s.insert(c, g, e)
	if c.lasting && i >= 0 {
		if i -= s.trim(c, g); i >= 0 {
			s.look(c, g, i)
		}
	}
	if s.count > s.o.Groups || s.entries > s.o.Entries {
		s.evict()
	}
}

// insert puts an entry into its place, and gives that. Where only the newest of its
// kind matters, an older one makes room; -1 says the new one is the older.
func (s *State) insert(c *correlation, g *group, e entry) int {
	if c.lasting {
		if i := c.replaces(g.entries, &e); i >= 0 {
			if g.entries[i].at > e.at {
				return -1
			}
			s.remove(g, i, i+1)
		}
	}
	i := len(g.entries)
	for i > 0 && g.entries[i-1].at > e.at {
		i--
	}
	g.entries = slices.Insert(g.entries, i, e)
	g.sum += e.number
	s.entries++
	return i
}

// replaces gives the entry that has no use once the new one is there: the same
// value or the same rule again, or in an order the same step twice in a row.
func (c *correlation) replaces(entries []entry, e *entry) int {
	switch n := len(entries); c.def.Type {
	case "value_count":
		return slices.IndexFunc(entries, func(old entry) bool { return old.value == e.value })
	case "temporal":
		return slices.IndexFunc(entries, func(old entry) bool { return old.part == e.part })
	case "temporal_ordered":
		if n == 0 || entries[n-1].part != e.part || entries[n-1].at > e.at {
			return -1
		}
		// Beside another step of its moment it may have stood before that one.
		if n == 1 || entries[n-1].at == e.at || entries[n-2].at < entries[n-1].at {
			return n - 1
		}
	}
	return -1
}

func (s *State) remove(g *group, from, to int) {
	for i := from; i < to; i++ {
		g.sum -= g.entries[i].number
	}
	g.entries = slices.Delete(g.entries, from, to)
	s.entries -= to - from
	if len(g.entries) == 0 {
		g.sum = 0 // no rounding is carried on
	}
}

// look judges every window that has the entry at i in it.
func (s *State) look(c *correlation, g *group, i int) {
	span := int64(c.def.Timespan)
	for j := i; j < len(g.entries) && g.entries[j].at-g.entries[i].at <= span; j++ {
		end := g.entries[j].at
		if end < g.quiet {
			continue
		}
		from := sort.Search(j+1, func(k int) bool { return end-g.entries[k].at <= span })
		window := g.entries[from : j+1]
		if c.counts && len(window) < c.least {
			continue // however different they are
		}
		n, ok := 0.0, false
		if c.def.Type == "value_sum" && len(window) == len(g.entries) {
			n, ok = c.meets(g.sum)
		} else {
			n, ok = c.judge(window)
		}
		if !ok {
			continue
		}
		if c.def.Type == "temporal_ordered" { // what stands before the first step is no part of it
			window = window[sort.Search(len(window), func(k int) bool { _, ok := c.judge(window[k:]); return !ok })-1:]
		}
		g.quiet = end + span
		s.hit(c, g, window, end, n)
		return
	}
}

// trim forgets what no window can reach any more, and what the condition has no
// use for. It gives how many entries went.
func (s *State) trim(c *correlation, g *group) int {
	oldest := g.entries[len(g.entries)-1].at - int64(c.def.Timespan)
	n := sort.Search(len(g.entries), func(k int) bool { return g.entries[k].at >= oldest })
	most, lossless := mostInGroup, true
	switch c.def.Type {
	case "event_count", "value_count":
		most = c.def.atLeast()
	case "value_max", "value_min":
		most = 1
	case "temporal_ordered":
		most, lossless = mostInOrder, false
	default:
		lossless = false
	}
	if over := len(g.entries) - n - most; over > 0 {
		n += over
		if !lossless {
			s.stats.Dropped += over
		}
	}
	if n > 0 {
		s.remove(g, 0, n)
	}
	return n
}

// close judges a window that has passed, and forgets its group.
func (s *State) close(x windowEnd) {
	c := s.e.correlations[x.to]
	g := s.groups[x.to][x.key]
	if g == nil || g.opened+int64(c.def.Timespan) != x.at {
		return // it was evicted
	}
	s.forget(x.to, x.key, g)
	if n, ok := c.judge(g.entries); ok {
		s.hit(c, g, g.entries, x.at, n)
	}
}

func (s *State) forget(to int, key string, g *group) {
	delete(s.groups[to], key)
	s.count--
	s.entries -= len(g.entries)
}

// hit reports a correlation that came true and hands it on to those that take it as
// their part.
func (s *State) hit(c *correlation, g *group, entries []entry, at int64, n float64) {
	if c.alone && s.yield != nil {
		h := Hit{Rule: c.rule, First: time.Unix(0, entries[0].at).UTC(), Last: time.Unix(0, at).UTC(), Count: len(entries), Value: n}
		for i, v := range g.values {
			h.Group = append(h.Group, GroupValue{c.def.GroupBy[i], v})
		}
		for _, e := range entries[max(0, len(entries)-100):] {
			h.Events = append(h.Events, e.ref)
		}
		s.yield(h)
	}
	if last := entries[len(entries)-1]; len(c.feeds) > 0 {
		s.deliver(c.feeds, &occurrence{at: at, ref: last.ref, values: last.carry})
	}
}

// sweep forgets groups that can come to nothing any more.
func (s *State) sweep() {
	for to, groups := range s.groups {
		c := s.e.correlations[to]
		if !c.lasting {
			continue // they close
		}
		for key, g := range groups {
			if g.last+int64(c.def.Timespan) < s.horizon && g.quiet < s.horizon {
				s.forget(to, key, g)
			}
		}
	}
}

// evict makes room: it forgets what can come to nothing, and then the groups that
// were quiet longest, until a tenth is free.
func (s *State) evict() {
	roomy := func() bool { return s.count <= s.o.Groups*9/10 && s.entries <= s.o.Entries*9/10 }
	if s.sweep(); roomy() {
		return
	}
	var all []windowEnd // by when they were last heard of
	for to, groups := range s.groups {
		for key, g := range groups {
			all = append(all, windowEnd{g.last, to, key})
		}
	}
	slices.SortFunc(all, windowEnd.compare)
	for _, x := range all {
		if roomy() {
			break
		}
		g := s.groups[x.to][x.key]
		s.stats.Evicted++
		s.stats.Dropped += len(g.entries)
		s.forget(x.to, x.key, g)
	}
	s.closings = slices.DeleteFunc(s.closings, func(x windowEnd) bool { return s.groups[x.to][x.key] == nil })
	heap.Init(&s.closings)
}
