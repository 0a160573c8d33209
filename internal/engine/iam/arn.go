package iam

import (
	"slices"
	"strings"
	"unique"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/kleene"
)

// arn is an ARN taken apart: partition, service, Region, account and the rest.
// What is not an ARN has ok unset, and only * matches it.
type arn struct {
	text string
	part [5]string // partition, service, Region, account, resource
	head int       // length of all before the resource
	ok   bool
	// headWord is all before the resource, where that was worth while to look up.
	headWord word
}

func splitARN(s string) arn {
	a := arn{text: s}
	rest := s
	if !strings.HasPrefix(rest, "arn:") {
		return a
	}
	rest = rest[len("arn:"):]
	for i := range 4 {
		at := strings.IndexByte(rest, ':')
		if at < 0 {
			return a
		}
		a.part[i], rest = rest[:at], rest[at+1:]
	}
	a.part[4], a.head, a.ok = rest, len(s)-len(rest), true
	return a
}

// arnPattern matches ARNs part by part: a * stays within its part, except in the
// last, which takes the colons that are left.
type arnPattern struct {
	arnHead
	last text
	// short is set where the pattern has fewer parts than an ARN. It fits nothing,
	// unless some part ends in *, which may then stand for what is beyond the colon
	// too: whole is the pattern in one. Source: AWS IAM User Guide, "Resource".
	whole *glob.Pattern
	short bool
	any   bool
}

// arnHead is all before the resource: one word where it has neither wildcard nor
// variable, else its parts.
type arnHead struct {
	word  word
	parts *[5]text
}

// before are the parts before the resource, where they are matched one by one.
func (h *arnHead) before() []text {
	if h.parts == nil {
		return nil
	}
	return h.parts[:]
}

func (c *Compiler) arn(s string, variables bool) arnPattern {
	if s == "*" {
		return arnPattern{any: true}
	}
	pieces, n := splitPattern(s, variables)
	if n < len(pieces) {
		return shortPattern(s, pieces[:n])
	}
	head := s[:len(s)-len(pieces[5])]
	return arnPattern{arnHead: c.head(head, pieces[:5], variables), last: compileText(pieces[5], true, variables)}
}

func (c *Compiler) head(s string, pieces []string, variables bool) arnHead {
	if h, ok := c.heads[s]; ok {
		return h
	}
	templated := strings.Contains(s, "${")
	h := arnHead{}
	if strings.ContainsAny(s, "*?") || templated && variables {
		h.parts = &[5]text{}
		for i, piece := range pieces {
			h.parts[i] = compileText(piece, true, variables)
		}
	} else {
		h.word = unique.Make(s)
	}
	if c.heads != nil && !templated {
		c.heads[s] = h
	}
	return h
}

func shortPattern(s string, pieces []string) arnPattern {
	p := arnPattern{short: true}
	if slices.ContainsFunc(pieces, func(piece string) bool { return strings.HasSuffix(piece, "*") }) {
		whole := glob.Compile(s)
		p.whole = &whole
	}
	return p
}

// splitPattern cuts at the first five colons outside of variables, and says how
// many pieces there are.
func splitPattern(s string, variables bool) (pieces [6]string, n int) {
	start, depth := 0, 0
	for i := 0; i < len(s) && n < 5; i++ {
		switch {
		case variables && strings.HasPrefix(s[i:], "${"):
			depth++
		case s[i] == '}' && depth > 0:
			depth--
		case s[i] == ':' && depth == 0:
			pieces[n] = s[start:i]
			n, start = n+1, i+1
		}
	}
	pieces[n] = s[start:]
	return pieces, n + 1
}

// match compares with an ARN; the scope resolves variables.
func (p *arnPattern) match(a *arn, s *scope) kleene.Value {
	switch {
	case p.any:
		return kleene.True
	case !a.ok:
		return kleene.False
	case p.short:
		return kleene.Of(p.whole != nil && p.whole.Match(a.text))
	}
	head := p.matchHead(a, s)
	if head == kleene.False {
		return head
	}
	return head.And(p.last.match(a.part[4], s))
}

// matchStart compares with an ARN of which only the start is known.
func (p *arnPattern) matchStart(a *arn, s *scope) kleene.Value {
	switch {
	case p.any:
		return kleene.True
	case p.short && p.whole == nil:
		return kleene.False
	case p.short:
		t := text{pattern: *p.whole}
		return t.matchStart(a.text)
	case !a.ok:
		return kleene.Unknown // it ends within the parts that say whose it is
	}
	head := p.matchHead(a, s)
	if head == kleene.False {
		return head
	}
	return head.And(p.last.matchStart(a.part[4]))
}

// matchHead compares all before the resource.
func (p *arnPattern) matchHead(a *arn, s *scope) kleene.Value {
	if p.parts == nil {
		if a.headWord != (word{}) {
			return kleene.Of(a.headWord == p.word)
		}
		return kleene.Of(a.text[:a.head] == p.word.Value())
	}
	result := p.parts[0].match("arn", s)
	for i := 0; i < 4 && result != kleene.False; i++ {
		result = result.And(p.parts[i+1].match(a.part[i], s))
	}
	return result
}
