package sigma

// logic gives the expression of a detection: any of its conditions.
func (c *compiler) logic(d *Detection) (*expr, *fault) {
	searches := map[string]*expr{}
	for _, name := range d.names {
		e, f := c.search(d.searches[name])
		if f != nil {
			return nil, f
		}
		searches[name] = e
	}
	var parts []*expr
	for _, cond := range d.conditions {
		parts = append(parts, logicOf(cond, searches))
	}
	e := some(parts)
	if e.op == isTrue || e.op == isFalse {
		return nil, faultf(d.lines[0], join(d.field, "condition"), "is the same for every event")
	}
	return e, nil
}

func logicOf(c *condition, searches map[string]*expr) *expr {
	if c.op == opSearch {
		return searches[c.name]
	}
	parts := make([]*expr, len(c.parts))
	for i, p := range c.parts {
		parts[i] = logicOf(p, searches)
	}
	switch c.op {
	case opNot:
		return not(parts[0])
	case opAnd:
		return every(parts)
	case opOr:
		return some(parts)
	}
	return least(c.least, parts)
}

func (c *compiler) search(s *search) (*expr, *fault) {
	if s.item != nil {
		return c.item(s.item)
	}
	parts := make([]*expr, len(s.parts))
	for i, p := range s.parts {
		var f *fault
		if parts[i], f = c.search(p); f != nil {
			return nil, f
		}
	}
	if s.every {
		return every(parts), nil
	}
	return some(parts), nil
}

// item gives the expression of one field with its modifiers and values.
func (c *compiler) item(it *item) (*expr, *fault) {
	r, f := readModifiers(it)
	if f != nil {
		return nil, f
	}
	fields := c.mapped(it.field)
	var values []*expr
	for _, v := range it.values {
		asks, f := c.questions(it, &r, v, fields)
		if f != nil {
			return nil, f
		}
		values = append(values, some(asks))
	}
	e := some(values)
	if r.every {
		e = every(values)
	} else if e.op == isOr {
		e = c.gather(e)
	}
	if r.negated {
		e = not(e)
	}
	return e, nil
}

// questions gives the predicates of one value; any of them is enough.
func (c *compiler) questions(it *item, r *reading, v scalar, fields []string) (out []*expr, f *fault) {
	if r.kind == "fieldref" {
		return c.references(it, r, v, fields)
	}
	special := asksValue
	switch {
	case r.kind == "exists":
		special = asksPresence
	case v.kind == aNull && !r.keywords && r.plain():
		special = asksNull
	}
	if special != asksValue {
		for _, field := range fields {
			out = append(out, c.predicate(predicate{asks: special, path: c.path(field), cost: 5}))
		}
		if special == asksPresence && v.text == "false" {
			return []*expr{not(some(out))}, nil
		}
		return out, nil
	}
	tests, f := r.alternatives(it, v, c.options)
	if f != nil {
		return nil, f
	}
	for _, t := range tests {
		if r.keywords {
			out = append(out, c.predicate(predicate{asks: asksText, path: -1, test: t, cost: 100 * t.cost()}))
			continue
		}
		for _, field := range fields {
			out = append(out, c.predicate(predicate{path: c.path(field), test: t, cost: t.cost()}))
		}
	}
	return out, nil
}

// plain tells whether no modifier changes what a value means.
func (r *reading) plain() bool {
	return r.kind == "" && !r.front && !r.back && len(r.encode) == 0 && !r.expand && !r.cased
}

func (c *compiler) references(it *item, r *reading, v scalar, fields []string) (out []*expr, f *fault) {
	name, plain := parsePattern(v.text).plain()
	if v.kind != aString || !plain || name == "" {
		return nil, faultf(v.line, it.path, "fieldref takes the name of a field, not %q", v.text)
	}
	for _, field := range fields {
		for _, other := range c.mapped(name) {
			out = append(out, c.predicate(predicate{
				asks: asksField, path: c.path(field), other: c.path(other), front: r.front, back: r.back, cased: r.cased, cost: 60,
			}))
		}
	}
	return out, nil
}

// gather makes one set of the exact texts that any of a list may equal, so that a
// long list costs one look-up.
func (c *compiler) gather(e *expr) *expr {
	type group struct {
		path  int
		cased bool
	}
	sets := map[group]map[string]struct{}{}
	var order []group
	var rest []*expr
	for _, p := range e.parts {
		t, ok := (*textTest)(nil), false
		if p.op == isPred && c.preds[p.pred].asks == asksValue {
			t, ok = c.preds[p.pred].test.(*textTest)
		}
		if !ok || t.shape != exact {
			rest = append(rest, p)
			continue
		}
		g := group{c.preds[p.pred].path, t.cased}
		if sets[g] == nil {
			sets[g] = map[string]struct{}{}
			order = append(order, g)
		}
		sets[g][t.lit] = struct{}{}
	}
	for _, g := range order {
		if len(sets[g]) == 1 {
			for lit := range sets[g] {
				rest = append(rest, c.predicate(predicate{path: g.path, test: newTextTest(pattern{}.add(lit, 0), true).as(g.cased), cost: 5}))
			}
			continue
		}
		t := &setTest{g.cased, sets[g]}
		rest = append(rest, c.predicate(predicate{path: g.path, test: t, cost: t.cost()}))
	}
	return some(rest)
}

// as says whether a test of a literal that was folded already regards case.
func (t *textTest) as(cased bool) *textTest {
	t.cased = cased
	return t
}
