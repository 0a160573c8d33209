package iam

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// unseenKey is a key whose value may decide, and what to try for it.
type unseenKey struct {
	key   word
	name  string // as policies or the context write it
	state State
	// candidates are lists of values; nil is the absence of the key.
	candidates [][]string
	// exact is set where the candidates stand for every value there is.
	exact bool

	asks     []*condition // the comparisons with the key
	patterns []glob.Glob  // the texts it is compared with
	linked   *unseenKey   // leads to the first of the keys that are compared with each other
	opaque   bool         // it is used in a way that candidates cannot follow
}

// unseenKeys finds the keys on which the answer may depend: those of statements
// that nothing else rules out. Keys that can be settled come first.
func unseenKeys(req *Request, p *Policies) []*unseenKey {
	g := gathering{scope: scope{req: req, bounded: p.Boundary != nil}, byKey: map[word]*unseenKey{}}
	g.set(&p.Identity, IdentityLayer)
	g.set(p.Boundary, BoundaryLayer)
	g.set(p.Session, SessionLayer)
	g.set(p.Resource, ResourceLayer)
	g.set(p.Endpoint, EndpointLayer)
	for i := range p.SCPs {
		g.set(&p.SCPs[i], SCPLayer)
	}
	for i := range p.RCPs {
		g.set(&p.RCPs[i], RCPLayer)
	}
	for _, k := range g.keys {
		k.choose(g.keys)
	}
	slices.SortStableFunc(g.keys, func(a, b *unseenKey) int {
		if a.exact != b.exact {
			if a.exact {
				return -1
			}
			return 1
		}
		return strings.Compare(a.key.Value(), b.key.Value())
	})
	return g.keys
}

// gathering walks the statements that may have a say.
type gathering struct {
	scope scope
	keys  []*unseenKey
	byKey map[word]*unseenKey
}

func (g *gathering) set(set *Set, layer Layer) {
	if set == nil {
		return
	}
	for _, p := range set.Policies {
		if len(p.index.always) == 0 && p.index.find(g.scope.req.serviceName) < 0 {
			continue // nothing in it is about the service
		}
		for i := range p.statements {
			g.statement(&p.statements[i], p.Doc, i, layer)
		}
	}
}

func (g *gathering) statement(s *statement, doc *policy.Document, number int, layer Layer) {
	if s.concerns(g.scope.req) == kleene.False {
		return
	}
	if layer.namesCallers() {
		if s.names(&g.scope, layer).any() == kleene.False {
			return
		}
	}
	if s.matches(&g.scope, layer) == kleene.False {
		return
	}
	for i := range s.resources {
		g.resource(&s.resources[i])
	}
	written := doc.Statements[number].Conditions
	for i := range s.conditions {
		g.condition(&s.conditions[i], written[s.conditions[i].written].Key)
	}
}

// unseen is the key by this name if its value was not seen, else nil.
func (g *gathering) unseen(key keyName, written string) *unseenKey {
	v := g.scope.lookup(key)
	if v.state != Unseen && v.state != Present {
		return nil
	}
	k := g.byKey[key.word]
	if k == nil {
		k = &unseenKey{key: key.word, name: written, state: v.state, exact: true}
		g.byKey[key.word], g.keys = k, append(g.keys, k)
	}
	return k
}

func (g *gathering) condition(c *condition, written string) {
	k := g.unseen(c.key, written)
	if k != nil {
		k.asks = append(k.asks, c)
		k.opaque = k.opaque || c.unseen || c.invalid
	}
	for i := range c.values {
		if o := &c.values[i]; familyOf(c.base) == texts {
			g.operand(o, k, c)
		} else if k != nil && o.partial {
			k.opaque = true
		}
	}
}

// operand notes the text that a key is compared with. One that is made of unseen
// keys makes those keys matter too.
func (g *gathering) operand(o *operand, k *unseenKey, c *condition) {
	var tokens []token
	var parts []*unseenKey
	if o.templated() {
		tokens = tokenize(o.raw, false)
		for i := range tokens {
			if tokens[i].kind == tokenVariable {
				if v := g.unseen(tokens[i].key, tokens[i].text); v != nil {
					parts = append(parts, v)
				}
			}
		}
	}
	switch {
	case len(parts) == 1 && k == nil:
		g.fillsIn(o, parts[0], c, tokens)
	case len(parts) == 1 && len(tokens) == 1 && !tokens[0].hasOther && (c.base == policy.StringEquals || c.base == policy.StringLike):
		join(parts[0], k)
	case len(parts) > 0:
		for _, v := range parts {
			v.opaque = true
		}
		if k != nil {
			k.opaque = true
		}
	case k != nil && o.partial:
		k.opaque = true
	case k != nil && o.valid:
		g.pattern(o, k, c, tokens)
	}
}

// pattern notes a text whose variables, if it has any, are known.
func (g *gathering) pattern(o *operand, k *unseenKey, c *condition, tokens []token) {
	pattern := glob.Glob{Pattern: o.raw, Literal: c.base == policy.StringEquals || c.base == policy.StringEqualsIgnoreCase}
	pattern.Fold = c.base == policy.StringEqualsIgnoreCase
	pattern.ARN = c.base == policy.ArnEquals || c.base == policy.ArnLike
	if o.templated() {
		var text strings.Builder
		for i := range tokens {
			piece := tokens[i].text
			if tokens[i].kind == tokenVariable {
				value, state := g.scope.resolve(&tokens[i])
				if state == Absent {
					return // it fits nothing
				}
				if piece = value; !pattern.Literal && strings.ContainsAny(value, "*?") {
					k.opaque = true
				}
			}
			text.WriteString(piece)
		}
		if pattern.Pattern = text.String(); !pattern.Literal && strings.Contains(o.raw, "${*}") || strings.Contains(o.raw, "${?}") {
			k.opaque = true
		}
	}
	k.patterns = append(k.patterns, pattern)
}

// templated tells whether the value has variables, which only a request fills in.
func (o *operand) templated() bool {
	switch {
	case o.text != nil:
		return o.text.template != nil
	case o.arn == nil:
		return false
	case o.arn.last.template != nil:
		return true
	}
	return slices.ContainsFunc(o.arn.before(), func(t text) bool { return t.template != nil })
}

// fillsIn notes the values with which a variable makes the text what it is
// compared with, which is known.
func (g *gathering) fillsIn(o *operand, v *unseenKey, c *condition, tokens []token) {
	subject := g.scope.lookup(c.key)
	for i := range subject.len() {
		value := subject.at(i)
		switch c.base {
		case policy.StringEqualsIgnoreCase:
			if len(tokens) > 1 {
				v.opaque = true
			}
			v.patterns = append(v.patterns, glob.Glob{Pattern: value, Literal: true, Fold: true})
		case policy.ArnEquals, policy.ArnLike:
			g.obscureHead(o.arn)
			if o.arn.last.template != nil {
				a := splitARN(value)
				v.fitting(o.arn.last.tokens(), a.part[4], &g.scope)
			}
		default:
			v.fitting(o.text.tokens(), value, &g.scope)
		}
	}
}

// resource notes the unseen keys that a resource is made of. What they would have
// to be for the resource to match is a part of its ARN.
func (g *gathering) resource(r *resourcePattern) {
	g.obscureHead(&r.pattern)
	tokens := r.pattern.last.tokens()
	var only *unseenKey
	for i := range tokens {
		if tokens[i].kind != tokenVariable {
			continue
		}
		v := g.unseen(tokens[i].key, tokens[i].text)
		if v == nil {
			continue
		}
		if only != nil {
			g.obscure(tokens)
			return
		}
		only = v
	}
	if only != nil {
		only.fitting(tokens, g.scope.req.arn.part[4], &g.scope)
	}
}

func (g *gathering) obscureHead(p *arnPattern) {
	for _, part := range p.before() {
		g.obscure(part.tokens())
	}
}

func (g *gathering) obscure(tokens []token) {
	for i := range tokens {
		if tokens[i].kind == tokenVariable {
			if v := g.unseen(tokens[i].key, tokens[i].text); v != nil {
				v.opaque = true
			}
		}
	}
}

// maxFitting bounds the texts that a variable may stand for in one resource.
const maxFitting = 64

// fitting finds the values for which a resource with one variable matches: they
// are parts of the text it is compared with.
func (k *unseenKey) fitting(tokens []token, text string, s *scope) {
	trial := scope{req: &Request{}, bounded: s.bounded}
	*trial.req = *s.req
	context := s.req.Context.clone()
	trial.req.Context = &context
	found := 0
	for i := 0; i <= len(text); i++ {
		for j := i; j <= len(text); j++ {
			if i == j && i > 0 {
				continue
			}
			context.Set(k.key.Value(), text[i:j])
			if matchTemplate(tokens, text, &trial) != kleene.True {
				continue
			}
			if found++; found > maxFitting {
				k.opaque = true
				return
			}
			k.patterns = append(k.patterns, glob.Glob{Pattern: text[i:j], Literal: true})
		}
	}
}

// join makes two keys one group, whose members take each other's candidates.
func join(a, b *unseenKey) {
	if ra, rb := a.root(), b.root(); ra != rb {
		ra.linked = rb
	}
}

func (k *unseenKey) root() *unseenKey {
	for k.linked != nil {
		k = k.linked
	}
	return k
}
