package sigma

import (
	"math"
	"slices"
)

// judge tells whether the events of a window make the correlation true, and what
// its condition was about.
func (c *correlation) judge(entries []entry) (n float64, ok bool) {
	d := c.def
	if d.expression != nil && d.Type == "temporal" {
		parts := partsOf(entries, len(d.Rules))
		count := 0
		for _, there := range parts {
			if there {
				count++
			}
		}
		there := func(name string) bool { return parts[slices.Index(d.Rules, name)] }
		return float64(count), d.expression.holds(there)
	}
	if d.expression != nil { // of temporal_ordered: all that it names, in order
		steps := d.expression.named()
		n := c.inOrder(entries, func(part int) int { return slices.Index(steps, d.Rules[part]) }, len(steps))
		return float64(n), n == len(steps)
	}
	return c.meets(c.aggregate(entries))
}

// meets tells whether a count or value meets the bounds.
func (c *correlation) meets(n float64) (float64, bool) {
	whole := n == math.Trunc(n) && math.Abs(n) < 1<<53
	return n, c.def.met(number{whole, int64(n), n})
}

func (c *correlation) aggregate(entries []entry) float64 {
	switch c.def.Type {
	case "event_count":
		return float64(len(entries))
	case "value_count":
		return float64(distinct(entries, func(e *entry) string { return e.value }))
	case "temporal":
		return float64(distinct(entries, func(e *entry) int { return e.part }))
	case "temporal_ordered":
		return float64(c.inOrder(entries, func(part int) int { return part }, len(c.def.Rules)))
	}
	sum := 0.0
	numbers := make([]float64, len(entries))
	for i := range entries {
		numbers[i] = entries[i].number
		sum += numbers[i]
	}
	switch c.def.Type {
	case "value_sum":
		return sum
	case "value_avg":
		return sum / float64(len(numbers))
	}
	slices.Sort(numbers)
	switch c.def.Type {
	case "value_min":
		return numbers[0]
	case "value_max":
		return numbers[len(numbers)-1]
	case "value_median":
		middle := len(numbers) / 2
		if len(numbers)%2 == 0 {
			return (numbers[middle-1] + numbers[middle]) / 2
		}
		return numbers[middle]
	}
	// The nearest rank: the least value that so many percent do not exceed.
	rank := int(math.Ceil(c.def.Percentile / 100 * float64(len(numbers))))
	return numbers[max(rank, 1)-1]
}

func distinct[T comparable](entries []entry, of func(*entry) T) int {
	seen := make(map[T]struct{}, len(entries))
	for i := range entries {
		seen[of(&entries[i])] = struct{}{}
	}
	return len(seen)
}

func partsOf(entries []entry, n int) []bool {
	parts := make([]bool, n)
	for i := range entries {
		parts[entries[i].part] = true
	}
	return parts
}

// inOrder gives the length of the longest row of steps in which each happened no
// earlier than the one before. CloudTrail tells time in seconds, so events of one
// moment count in whatever order suits.
func (c *correlation) inOrder(entries []entry, step func(part int) int, steps int) int {
	longest := make([]int, steps) // ending with this step
	for i := 0; i < len(entries); {
		j := i
		for j < len(entries) && entries[j].at == entries[i].at {
			j++
		}
		for k := range steps {
			there := slices.ContainsFunc(entries[i:j], func(e entry) bool { return step(e.part) == k })
			if !there {
				continue
			}
			before := 0
			for _, n := range longest[:k] {
				before = max(before, n)
			}
			longest[k] = max(longest[k], before+1)
		}
		i = j
	}
	return slices.Max(longest)
}

// named gives the searches of a conjunction, in order, each once.
func (c *condition) named() (names []string) {
	if c.op == opSearch {
		return []string{c.name}
	}
	for _, p := range c.parts {
		for _, name := range p.named() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
