package iam

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/kleene"
)

// text is one string of a policy made ready to compare: a literal, a pattern, or
// a template with policy variables in it.
type text struct {
	pattern  glob.Pattern
	template *template // nil where the text has no variable
}

type template struct{ tokens []token }

// tokens are those of the template; none where the text has no variable.
func (t *text) tokens() []token {
	if t.template == nil {
		return nil
	}
	return t.template.tokens
}

// token is one piece of a template.
type token struct {
	kind tokenKind
	text string // literal; of a variable its key, as it was written
	key  keyName
	// otherwise is what a variable stands for where its key is missing.
	otherwise string
	hasOther  bool
}

type tokenKind uint8

const (
	tokenLiteral tokenKind = iota
	tokenStar
	tokenMark
	tokenVariable
)

// compileText reads a string in which wildcards count or not, and variables too.
func compileText(s string, wildcards, variables bool) text {
	if !variables || !strings.Contains(s, "${") {
		if !wildcards {
			return text{pattern: glob.Literal(s)}
		}
		return text{pattern: glob.Compile(s)}
	}
	return text{template: &template{tokenize(s, wildcards)}}
}

// tokenize takes a string with variables apart. What looks like a variable and
// is none stays text.
func tokenize(s string, wildcards bool) []token {
	var out []token
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			out = append(out, token{kind: tokenLiteral, text: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if wildcards && (c == '*' || c == '?') {
			flush()
			kind := tokenStar
			if c == '?' {
				kind = tokenMark
			}
			out = append(out, token{kind: kind})
			continue
		}
		if end := strings.IndexByte(s[i:], '}'); c == '$' && strings.HasPrefix(s[i:], "${") && end > 2 {
			inner := s[i+2 : i+end]
			if inner == "*" || inner == "?" || inner == "$" {
				literal.WriteString(inner) // the character itself
			} else {
				flush()
				out = append(out, variable(inner))
			}
			i += end
			continue
		}
		literal.WriteByte(c)
	}
	flush()
	return out
}

// variable reads "key" or "key, 'default'".
func variable(inner string) token {
	key, other, has := strings.Cut(inner, ",")
	t := token{kind: tokenVariable, text: strings.TrimSpace(key)}
	t.key = keyOf(t.text)
	other = strings.TrimSpace(other)
	if n := len(other); has && n >= 2 && other[0] == '\'' && other[n-1] == '\'' {
		t.otherwise, t.hasOther = other[1:n-1], true
	}
	return t
}

// match compares the whole of a value.
func (t *text) match(value string, s *scope) kleene.Value {
	if t.template == nil {
		return kleene.Of(t.pattern.Match(value))
	}
	return matchTemplate(t.template.tokens, value, s)
}

// matchStart compares with a value of which only the start is known.
func (t *text) matchStart(start string) kleene.Value {
	switch {
	case t.template != nil:
		return kleene.Unknown
	case t.pattern.MustStart(start):
		return kleene.True
	case t.pattern.MayStart(start):
		return kleene.Unknown
	}
	return kleene.False
}

// matchTemplate is glob matching with the values of variables as literal text.
// A variable that cannot be resolved makes the text match nothing; one whose
// value was not seen leaves open what the rest does not rule out.
func matchTemplate(tokens []token, value string, s *scope) kleene.Value {
	unseen := false
	for i := range tokens {
		if t := &tokens[i]; t.kind == tokenVariable {
			switch _, state := s.resolve(t); state {
			case Absent:
				return kleene.False
			case Known:
			default:
				unseen = true
			}
		}
	}
	switch {
	case !fits(tokens, value, s):
		return kleene.False
	case unseen:
		return kleene.Unknown
	}
	return kleene.True
}

// fits matches with one place to come back to, the last *; an unseen variable
// counts as one.
func fits(tokens []token, value string, s *scope) bool {
	at, ti := 0, 0
	backToken, backAt := -1, 0
	for {
		if ti < len(tokens) {
			t := &tokens[ti]
			literal, state := t.text, Known
			if t.kind == tokenVariable {
				literal, state = s.resolve(t)
			}
			switch {
			case t.kind == tokenStar || state != Known:
				backToken, backAt = ti, at
				ti++
				continue
			case t.kind == tokenMark:
				if at < len(value) {
					at += runeLen(value[at:])
					ti++
					continue
				}
			case strings.HasPrefix(value[at:], literal):
				at += len(literal)
				ti++
				continue
			}
		} else if at == len(value) {
			return true
		}
		if backToken < 0 || backAt >= len(value) {
			return false
		}
		backAt++
		at, ti = backAt, backToken+1
	}
}

func runeLen(s string) int {
	n := 1
	for n < len(s) && n < 4 && s[0] >= 0xC0 && s[n]&0xC0 == 0x80 {
		n++
	}
	return n
}

// matchFold compares without regard to case.
func (t *text) matchFold(value string, s *scope) kleene.Value {
	if t.template == nil {
		literal, _ := t.pattern.Text()
		return kleene.Of(strings.EqualFold(literal, value))
	}
	rest, unseen := value, false
	tokens := t.template.tokens
	for i := range tokens {
		piece, state := tokens[i].text, Known
		if tokens[i].kind == tokenVariable {
			piece, state = s.resolve(&tokens[i])
		}
		switch {
		case state == Absent:
			return kleene.False
		case state != Known:
			unseen = true
		case unseen:
			// What is behind a value that was not seen cannot be placed.
		case len(rest) < len(piece) || !strings.EqualFold(rest[:len(piece)], piece):
			return kleene.False
		default:
			rest = rest[len(piece):]
		}
	}
	if unseen {
		return kleene.Unknown
	}
	return kleene.Of(rest == "")
}
