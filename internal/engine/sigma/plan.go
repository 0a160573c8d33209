package sigma

import (
	"encoding/binary"

	"holdfast.dev/holdfast/internal/kleene"
)

// plan is what is left of the rules once the keys of an event are known.
type plan struct{ left []remainder }

type remainder struct {
	rule int
	expr *expr
}

// plans remembers plans by keys. There are as many as there are calls in use; what
// hostile names could add is bounded by forgetting all.
type plans struct {
	of   map[string]*plan
	key  []byte
	size int
}

const (
	mostPlans   = 1 << 13
	mostPlanned = 1 << 20 // remainders in all plans
)

// plan finds the plan for the keys of the event, or makes it. It is nil where a key
// has several values, or one that is no text.
func (m *Matcher) plan() *plan {
	key := m.plans.key[:0]
	for _, path := range m.e.keys {
		l := m.load(path)
		switch {
		case len(l.values) == 0:
			key = append(key, 0)
		case len(l.values) == 1 && l.values[0].Kind == String && len(l.values[0].Text) <= 256:
			key = append(key, 1)
			key = binary.AppendUvarint(key, uint64(len(l.values[0].Text)))
			key = append(key, l.values[0].Text...)
		default:
			return nil
		}
	}
	m.plans.key = key
	if p, ok := m.plans.of[string(key)]; ok {
		return p
	}
	p := m.makePlan()
	if m.plans.of == nil || len(m.plans.of) >= mostPlans || m.plans.size > mostPlanned {
		m.plans.of, m.plans.size = map[string]*plan{}, 0
	}
	m.plans.of[string(key)] = p
	m.plans.size += len(p.left) + 1
	return p
}

func (m *Matcher) makePlan() *plan {
	p := &plan{}
	known := func(pred int32) kleene.Value { return kleene.Of(m.ask(pred)) }
	for _, i := range m.e.keyedRules {
		if e := m.e.rules[i].expr.reduce(known); e.op != isFalse {
			p.left = append(p.left, remainder{i, e})
		}
	}
	return p
}
