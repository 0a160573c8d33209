package check

import (
	"fmt"
	"maps"
	"slices"

	"cel.dev/cel-go/common/ast"

	"holdfast.dev/holdfast/internal/evidence"
)

func (b *builder) comprehension(c ast.ComprehensionExpr) (eval, error) {
	if c.HasIterVar2() {
		return nil, fmt.Errorf("two-variable comprehensions are not available in controls")
	}
	over, err := b.build(c.IterRange())
	if err != nil {
		return nil, err
	}
	initial, err := b.build(c.AccuInit())
	if err != nil {
		return nil, err
	}
	iter, accu := b.next, b.next+1
	if accu >= maxSlots {
		return nil, fmt.Errorf("quantifiers are nested too deep")
	}
	b.next += 2
	outer, outerAccu := maps.Clone(b.slots), b.accu
	defer func() { b.slots, b.next, b.accu = outer, b.next-2, outerAccu }()
	b.slots[c.AccuVar()] = accu
	result, err := b.build(c.Result()) // the iteration variable is not in its scope
	if err != nil {
		return nil, err
	}
	b.slots[c.IterVar()], b.accu = iter, c.AccuVar()
	condition, err := b.build(c.LoopCondition())
	if err != nil {
		return nil, err
	}
	step, err := b.build(c.LoopStep())
	if err != nil {
		return nil, err
	}
	return func(f *frame) any {
		list := items(over(f))
		if list.stop != nil {
			return list.stop
		}
		f.slots[accu] = initial(f)
		for _, v := range list.values {
			f.slots[iter] = element(v)
			if condition(f) != true {
				break
			}
			if f.steps++; f.steps > maxSteps {
				return failf("gave up after %d steps", maxSteps)
			}
			next := step(f)
			if why, doubt := doubtful(v); doubt {
				next = perhaps(f.slots[accu], next, why)
			}
			f.slots[accu] = next
		}
		return result(f)
	}, nil
}

// perhaps is what a quantifier has gathered where one more element may or may
// not be there: what both cases agree on.
func perhaps(without, with any, why evidence.Unknown) any {
	if gathered, ok := without.([]any); ok {
		return append(gathered[:len(gathered):len(gathered)], rest{Unknown: why})
	}
	if equal(without, with) == true {
		return without
	}
	return why
}

// sequence is what a quantifier runs over, or why it cannot.
type sequence struct {
	values []any
	stop   any
}

func items(v any) sequence {
	switch v := v.(type) {
	case []any:
		return sequence{values: v}
	case map[string]any:
		var keys []any
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if why, doubt := doubtful(v[k]); doubt {
				keys = append(keys, rest{why, k})
				continue
			}
			keys = append(keys, k)
		}
		return sequence{values: keys}
	}
	if unsettled(v) {
		return sequence{stop: v}
	}
	return sequence{stop: failf("cannot go through %s as a list", describe(v))}
}
