package diff

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// key is a condition key and what its atoms can be together.
type key struct {
	name   string
	atoms  []int
	worlds []world
	// open is set where the conditions compare in ways that have too little in
	// common: every combination is taken to be possible.
	open bool
}

// world is a value of a key, or several, or its absence (values nil), and what
// each of the key's atoms says of it. Unknown is an atom that may hold or not.
type world struct {
	values []string
	truth  []kleene.Value
}

// Limits of one key. Nobody writes so many conditions on it.
const (
	worldsOfKey = 2_000
	statesOfKey = 50_000
)

// imagine finds the worlds of every key. What a condition says of a value is
// asked of package iam; that every combination of answers is found is what
// matters here.
func (c *comparison) imagine() {
	for i := range c.keys {
		c.imagineKey(&c.keys[i])
	}
}

func (c *comparison) imagineKey(k *key) {
	ask := make([]*iam.Policy, len(k.atoms))
	known, ok := action.KeyFor(k.name)
	several := ok && known.Multivalued
	for i, a := range k.atoms {
		cond := c.atoms[a].condition
		op, _ := policy.ParseOperator(cond.Operator)
		several = several || op.Set != policy.Plain
		ask[i] = iam.Compile("", &policy.Document{Version: policy.Version2008, Statements: []policy.Statement{{
			Effect: policy.Allow, Actions: []policy.Text{{Value: "*"}}, Resources: []policy.Text{{Value: "*"}}, Conditions: []policy.Condition{cond},
		}}})
	}
	seen := map[string]bool{}
	add := func(values []string) {
		w := world{values: values, truth: make([]kleene.Value, len(ask))}
		for i, p := range ask {
			if w.truth[i] = answer(p, k.name, values); c.atoms[k.atoms[i]].open && values != nil && !isNull(c.atoms[k.atoms[i]].condition) {
				w.truth[i] = kleene.Unknown
			}
		}
		if id := fmt.Sprint(w.truth); !seen[id] {
			seen[id] = true
			k.worlds = append(k.worlds, w)
		}
	}
	if !ok || known.Presence == action.Sometimes || c.kind == Resource && known.Presence == action.Signed {
		add(nil)
	}
	for _, v := range c.candidates(k) {
		add([]string{v})
	}
	if several {
		c.combine(k, add)
	}
	if k.open {
		c.unbind(k)
	}
}

func isNull(cond policy.Condition) bool {
	op, _ := policy.ParseOperator(cond.Operator)
	return op.Base == policy.Null
}

// combine adds worlds of several values until no further answer comes of it:
// what conditions say of two sets of values together follows from what they say
// of each.
func (c *comparison) combine(k *key, add func([]string)) {
	for i := 0; i < len(k.worlds); i++ {
		for j := 0; j < i; j++ {
			if k.worlds[i].values == nil || k.worlds[j].values == nil {
				continue
			}
			if len(k.worlds) > worldsOfKey {
				k.open = true
				return
			}
			add(sorted(slices.Concat(k.worlds[i].values, k.worlds[j].values)))
		}
	}
}

// unbind lets every atom of a key that is there hold or not.
func (c *comparison) unbind(k *key) {
	w := world{values: []string{"example"}, truth: make([]kleene.Value, len(k.atoms))}
	i := slices.IndexFunc(k.worlds, func(w world) bool { return w.values != nil })
	if i < 0 {
		return
	}
	w.values = k.worlds[i].values
	for j := range w.truth {
		if isNull(c.atoms[k.atoms[j]].condition) {
			w.truth[j] = k.worlds[i].truth[j]
		}
	}
	k.worlds = append(k.worlds, w)
}

// asker makes the requests by which conditions are asked.
var asker = &iam.Principal{Kind: iam.KindUser, ARN: "arn:aws:iam::111122223333:user/example", Account: "111122223333", Name: "example", OrgSeen: true, TagsSeen: true}

// answer is what a condition says where its key has these values.
func answer(p *iam.Policy, key string, values []string) kleene.Value {
	context := iam.NewContext(nil)
	if values == nil {
		context.Mark(key, iam.Absent)
	} else {
		context.Set(key, values...)
	}
	req, err := iam.NewRequest(iam.Request{Principal: asker, Action: "ec2:DescribeInstances", Resource: "*", Account: asker.Account, Context: context})
	if err != nil {
		return kleene.Unknown
	}
	return iam.Decide(req, &iam.Policies{Identity: iam.Set{Policies: []*iam.Policy{p}}}).Allowed
}
