package iam

// matter are the unseen keys that decide: those of which two values lead to two
// answers, in some circumstances. Where trying takes too long, or the values
// cannot all be tried, a key counts as one that does.
func (s *settling) matter(req *Request) []*unseenKey {
	var out []*unseenKey
	context := req.Context.clone()
	world := *req
	world.Context = &context
	for i, k := range s.keys {
		t := trial{policies: s.policies, key: k, budget: max(100, settleBudget/2/len(s.keys))}
		t.others = append(append(t.others, s.keys[:i]...), s.keys[i+1:]...)
		if t.matters(&world, 0) {
			out = append(out, k)
		}
	}
	return out
}

// trial looks for circumstances in which one key matters.
type trial struct {
	policies *Policies
	key      *unseenKey
	others   []*unseenKey
	budget   int
}

// matters tries every candidate of the other key at this depth.
func (t *trial) matters(world *Request, depth int) bool {
	if t.decision(world) != Unknown {
		return false // whatever the key is
	}
	if t.budget < 0 {
		return true
	}
	if depth == len(t.others) {
		return t.differs(world)
	}
	other := t.others[depth]
	found := !other.exact
	for _, c := range other.candidates {
		if found {
			break
		}
		other.set(world.Context, c)
		found = t.matters(world, depth+1)
	}
	other.forget(world.Context)
	return found
}

// differs tries the values of the key itself; all other keys are settled.
func (t *trial) differs(world *Request) bool {
	differ := !t.key.exact
	for i, first := 0, Unknown; i < len(t.key.candidates) && !differ; i++ {
		t.key.set(world.Context, t.key.candidates[i])
		d := t.decision(world)
		if i == 0 {
			first = d
		}
		differ = d != first
	}
	t.key.forget(world.Context)
	return differ
}

func (t *trial) decision(world *Request) Decision {
	var d decision
	d.weigh(world, t.policies)
	t.budget--
	return d.outcome().Decision
}

// set gives the key the values of a candidate; nil is the absence of the key.
func (k *unseenKey) set(c *Context, candidate []string) {
	state := Known
	if candidate == nil {
		state = Absent
	}
	c.put(entry{key: k.key.Value(), name: k.name, state: state, values: candidate})
}

// forget makes the key what it was before it was set.
func (k *unseenKey) forget(c *Context) {
	c.put(entry{key: k.key.Value(), name: k.name, state: k.state})
}
