package sigma

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// condition is a parsed expression over search identifiers. Quantifiers are
// resolved to the identifiers they mean.
type condition struct {
	op    conditionOp
	name  string // of a search
	parts []*condition
	least int // of how many parts must hold
}

type conditionOp uint8

const (
	opSearch conditionOp = iota
	opNot
	opAnd
	opOr
	opLeast
)

const (
	mostCondition      = 16 << 10
	mostConditionDepth = 64
	mostConditionParts = 20_000
)

// parser reads the condition grammar of the specification:
//
//	or    = and { "or" and }
//	and   = not { "and" not }
//	not   = "not" not | of
//	of    = ("1" | "any" | "all" | number) "of" ("them" | pattern) | atom
//	atom  = name | "(" or ")"
type parser struct {
	tokens []string
	at     int
	depth  int
	made   int      // parts that quantifiers stand for
	names  []string // the searches there are
}

// parseCondition parses one condition over the given searches.
func parseCondition(s string, names []string) (*condition, error) {
	if len(s) > mostCondition {
		return nil, fmt.Errorf("has %d bytes; %d is the most", len(s), mostCondition)
	}
	tokens, err := cut(s)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return nil, errors.New("is empty")
	}
	p := &parser{tokens: tokens, names: names}
	c, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(tokens) {
		return nil, fmt.Errorf("%q stands where and, or or the end was expected", tokens[p.at])
	}
	return c, nil
}

// cut splits a condition into words and parentheses.
func cut(s string) (tokens []string, err error) {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == '(' || c == ')':
			tokens = append(tokens, s[i:i+1])
			i++
		case c == '|':
			return nil, errors.New("the pipe and its aggregations (count, near, ...) left Sigma with version 2; write a correlation rule")
		case wordByte(c):
			start := i
			for i < len(s) && wordByte(s[i]) {
				i++
			}
			tokens = append(tokens, s[start:i])
		default:
			return nil, fmt.Errorf("%q at offset %d is no part of a condition", s[i:min(i+1, len(s))], i)
		}
	}
	return tokens, nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '*' || c == '.' || c >= 0x80
}

// word tells whether the next token is this word, in any case, and moves past it.
func (p *parser) word(w string) bool {
	if p.at < len(p.tokens) && strings.EqualFold(p.tokens[p.at], w) {
		p.at++
		return true
	}
	return false
}

func (p *parser) peek(ahead int) string {
	if p.at+ahead < len(p.tokens) {
		return p.tokens[p.at+ahead]
	}
	return ""
}

func (p *parser) or() (*condition, error)  { return p.chain("or", opOr, p.and) }
func (p *parser) and() (*condition, error) { return p.chain("and", opAnd, p.not) }

func (p *parser) chain(word string, op conditionOp, next func() (*condition, error)) (*condition, error) {
	c, err := next()
	if err != nil {
		return nil, err
	}
	parts := []*condition{c}
	for p.word(word) {
		if c, err = next(); err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return &condition{op: op, parts: parts}, nil
}

func (p *parser) not() (*condition, error) {
	if p.depth++; p.depth > mostConditionDepth {
		return nil, fmt.Errorf("is nested more than %d deep", mostConditionDepth)
	}
	defer func() { p.depth-- }()
	if p.word("not") {
		c, err := p.not()
		if err != nil {
			return nil, err
		}
		return &condition{op: opNot, parts: []*condition{c}}, nil
	}
	if strings.EqualFold(p.peek(1), "of") {
		return p.of()
	}
	return p.atom()
}

func (p *parser) of() (*condition, error) {
	count, pattern := p.peek(0), p.peek(2)
	p.at += 2
	if pattern == "" || pattern == "(" || pattern == ")" {
		return nil, fmt.Errorf("%q needs the searches it counts: them, or a pattern like selection_*", count+" of")
	}
	p.at++
	var parts []*condition
	for _, name := range p.names {
		if !strings.HasPrefix(name, "_") && (strings.EqualFold(pattern, "them") || likeName(pattern, name)) {
			parts = append(parts, &condition{op: opSearch, name: name})
		}
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("%q means no search; there are %s (those that start with _ never count)", count+" of "+pattern, strings.Join(p.names, ", "))
	}
	if p.made += len(parts); p.made > mostConditionParts {
		return nil, fmt.Errorf("stands for more than %d searches", mostConditionParts)
	}
	least := len(parts)
	switch strings.ToLower(count) {
	case "all":
	case "any":
		least = 1
	default:
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no count; write 1, any, all or a number", count)
		}
		if n > len(parts) {
			return nil, fmt.Errorf("%q can never hold: %d searches are meant", count+" of "+pattern, len(parts))
		}
		least = n
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case least == 1:
		return &condition{op: opOr, parts: parts}, nil
	case least == len(parts):
		return &condition{op: opAnd, parts: parts}, nil
	}
	return &condition{op: opLeast, parts: parts, least: least}, nil
}

func (p *parser) atom() (*condition, error) {
	switch t := p.peek(0); {
	case t == "":
		return nil, errors.New("ends where a search was expected")
	case t == "(":
		p.at++
		c, err := p.or()
		if err != nil {
			return nil, err
		}
		if p.peek(0) != ")" {
			return nil, errors.New("a parenthesis is not closed")
		}
		p.at++
		return c, nil
	case t == ")":
		return nil, errors.New("a parenthesis closes that was not opened")
	default:
		p.at++
		for _, name := range p.names {
			if name == t {
				return &condition{op: opSearch, name: t}, nil
			}
		}
		return nil, fmt.Errorf("%q is no search of this rule; there are %s", t, strings.Join(p.names, ", "))
	}
}

// likeName matches a search's name with * for any number of characters.
func likeName(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, head)
	if !ok {
		return false
	}
	for {
		part, after, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(name, part)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], after
	}
}
