package lake

import (
	"slices"
	"time"
)

// wanted are the filters of a query with those that its other fields amount to. Folders
// rule most out before, but not what lies with what is not known.
func (q *Query) wanted() []Filter {
	out := slices.Clone(q.Where)
	for _, one := range []struct {
		column Column
		values []string
	}{{Account, q.Accounts}, {Region, q.Regions}} {
		if len(one.values) > 0 {
			out = append(out, Filter{{Column: one.column, Match: func(v string) bool { return slices.Contains(one.values, v) }}})
		}
	}
	// Raw records are asked last: they cost most.
	slices.SortStableFunc(out, func(a, b Filter) int { return boolean01(a.raw()) - boolean01(b.raw()) })
	return out
}

func boolean01(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (f Filter) raw() bool {
	return slices.ContainsFunc(f, func(t Term) bool { return t.Raw != nil })
}

func (t *Term) match(v string) bool {
	if t.Equal != "" {
		return v == t.Equal
	}
	return t.Match != nil && t.Match(v)
}

// find gives the rows of a group that the query wants, in no order but that of the file.
func (g *group) find(q *Query, filters []Filter) ([]int32, error) {
	if !g.mayHold(q) || slices.ContainsFunc(filters, func(f Filter) bool { return !g.mayFit(f) }) {
		return nil, nil
	}
	wanted := make([]bool, g.rows)
	for i := range wanted {
		wanted[i] = true
	}
	for _, f := range filters {
		fits, err := g.fitting(f, wanted)
		if err != nil || fits == nil {
			return nil, err
		}
		some := false
		for i := range wanted {
			wanted[i] = wanted[i] && fits[i]
			some = some || wanted[i]
		}
		if !some {
			return nil, nil
		}
	}
	var rows []int32
	for i, w := range wanted {
		if w {
			rows = append(rows, int32(i))
		}
	}
	return rows, nil
}

// mayHold tells whether the group may have events of the query's time.
func (g *group) mayHold(q *Query) bool {
	if q.Since.IsZero() && q.Until.IsZero() {
		return true
	}
	low, high, ok := g.span()
	return ok && q.between(low, high)
}

// between tells whether some instant from low to high is asked for.
func (q *Query) between(low, high int64) bool {
	return (q.Since.IsZero() || high >= since(q.Since)) && (q.Until.IsZero() || low < since(q.Until))
}

// since is the first millisecond that is not before t.
func since(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return ms
}

// mayFit asks Bloom filters.
func (g *group) mayFit(f Filter) bool {
	return slices.ContainsFunc(f, func(t Term) bool { return t.Raw != nil || t.Column != ID || t.Equal == "" || g.mayHave(t.Equal) })
}

// fitting says for which rows a filter holds; nil is none. Of rows that are not wanted
// it may say anything.
func (g *group) fitting(f Filter, wanted []bool) ([]bool, error) {
	var fits []bool
	mark := func(row int) {
		if fits == nil {
			fits = make([]bool, g.rows)
		}
		fits[row] = true
	}
	for i := range f {
		t := &f[i]
		var err error
		switch {
		case t.Raw != nil:
			continue
		case t.Column == ID:
			err = g.eachText(idLeaf(), wanted, func(row int, v string) { t.mark(v, row, mark) })
		default:
			err = g.matching(t, mark)
		}
		if err != nil {
			return nil, err
		}
	}
	if !f.raw() {
		return fits, nil
	}
	open := slices.Clone(wanted)
	for i := range fits {
		open[i] = open[i] && !fits[i]
	}
	err := g.eachText(rawLeaf(), open, func(row int, v string) {
		if slices.ContainsFunc(f, func(t Term) bool { return t.Raw != nil && t.Raw([]byte(v)) }) {
			mark(row)
		}
	})
	return fits, err
}

func (t *Term) mark(v string, row int, mark func(int)) {
	if v != "" && t.match(v) {
		mark(row)
	}
}

// matching marks the rows whose column matches.
func (g *group) matching(t *Term, mark func(row int)) error {
	var hits []bool
	v, err := g.column(leafOf(t.Column), func(dictionary []string) bool {
		some := false
		hits = make([]bool, len(dictionary))
		for i, d := range dictionary {
			hits[i] = t.match(d)
			some = some || hits[i]
		}
		return some
	})
	if v == nil || err != nil {
		return err
	}
	for row := range g.rows {
		for _, id := range v.elements(int32(row)) {
			if id >= 0 && hits[id] {
				mark(row)
			}
		}
	}
	return nil
}

// eachText goes through a column that has a page for each slice, where a row is wanted.
func (g *group) eachText(leaf int, wanted []bool, do func(row int, v string)) error {
	at, err := g.slices(leaf)
	if err != nil {
		return err
	}
	for i := range at {
		from, to := g.rowsOf(at, i)
		if !slices.Contains(wanted[from:to], true) {
			continue
		}
		texts, err := g.textsOf(leaf, at, i)
		if err != nil {
			return err
		}
		for row := from; row < to; row++ {
			if wanted[row] {
				do(row, texts[row-from])
			}
		}
	}
	return nil
}
