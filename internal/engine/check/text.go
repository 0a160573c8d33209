package check

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"holdfast.dev/holdfast/internal/evidence"
)

func texts(args []any) ([]string, bool) {
	out := make([]string, len(args))
	for i, a := range args {
		s, ok := a.(string)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}

func text1(fn func(string) string) function {
	return strict(func(_ *frame, a []any) any {
		s, ok := a[0].(string)
		if !ok {
			return failf("expected a string, found %s", describe(a[0]))
		}
		return fn(s)
	})
}

// partial is a question about a text and a part of it. Of a text that is known
// only in part, what is known may be enough to decide.
func partial(whole func(s, part string) bool, partly func(u evidence.Unknown, part string) any) function {
	return lenient(func(_ *frame, a []any) any {
		part, ok := a[1].(string)
		if !ok || unsettled(a[0]) {
			if u, unknown := unknownOf(a[0]); unknown && ok {
				return partly(u, part)
			}
			return undecidedText(a[0], a[1])
		}
		s, ok := a[0].(string)
		if !ok {
			return undecidedText(a[0], a[1])
		}
		return whole(s, part)
	})
}

func undecidedText(a, b any) any {
	for _, v := range [2]any{a, b} {
		if u, ok := unknownOf(v); ok {
			return u
		}
	}
	for _, v := range [2]any{a, b} {
		if failed, ok := v.(*failure); ok {
			return failed
		}
	}
	return failf("expected two strings, found %s and %s", describe(a), describe(b))
}

func startsPartly(u evidence.Unknown, part string) any {
	switch {
	case u.Prefix != "" && strings.HasPrefix(u.Prefix, part):
		return true
	case !strings.HasPrefix(part, u.Prefix):
		return false
	}
	return u
}

func endsPartly(u evidence.Unknown, part string) any {
	switch {
	case u.Suffix != "" && strings.HasSuffix(u.Suffix, part):
		return true
	case !strings.HasSuffix(part, u.Suffix):
		return false
	}
	return u
}

func containsPartly(u evidence.Unknown, part string) any {
	if u.Prefix != "" && strings.Contains(u.Prefix, part) || u.Suffix != "" && strings.Contains(u.Suffix, part) {
		return true
	}
	return u
}

func split(a []any) any {
	s, ok := texts(a)
	if !ok || len(s) != 2 {
		return failf("split takes a string and a separator")
	}
	var out []any
	for _, part := range strings.Split(s[0], s[1]) {
		out = append(out, part)
	}
	return out
}

func join(a []any) any {
	list, ok := a[0].([]any)
	if !ok {
		return failf("join takes a list, found %s", describe(a[0]))
	}
	separator := ""
	if len(a) == 2 {
		if separator, ok = a[1].(string); !ok {
			return failf("join takes a string as separator")
		}
	}
	var b strings.Builder
	for i, e := range list {
		if u, unknown := unknownOf(e); unknown {
			return u
		}
		s, ok := e.(string)
		if !ok {
			return failf("join takes strings, found %s", describe(e))
		}
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(s)
	}
	return b.String()
}

// matches compiles a constant pattern once.
func matches(args []eval, pattern ast.Expr) (eval, error) {
	var fixed *regexp.Regexp
	if pattern.Kind() == ast.LiteralKind {
		s, _ := pattern.AsLiteral().(types.String)
		var err error
		if fixed, err = regexp.Compile(string(s)); err != nil {
			return nil, fmt.Errorf("matches: %w", err)
		}
	}
	return strict(func(f *frame, a []any) any {
		s, ok := a[0].(string)
		pattern, ok2 := a[1].(string)
		if !ok || !ok2 {
			return failf("matches takes strings, found %s and %s", describe(a[0]), describe(a[1]))
		}
		re := fixed
		if re == nil {
			var err error
			if re, err = f.pattern(pattern); err != nil {
				return failf("matches: %v", err)
			}
		}
		return re.MatchString(s)
	}).bind(args), nil
}

// maxPatterns bounds what a frame remembers; parameters hold a handful.
const maxPatterns = 256

// pattern compiles a pattern that only evaluation knows, and remembers it:
// parameters bring the same few to every resource.
func (f *frame) pattern(source string) (*regexp.Regexp, error) {
	if re, ok := f.patterns[source]; ok {
		return re, nil
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	if f.patterns == nil || len(f.patterns) >= maxPatterns {
		f.patterns = map[string]*regexp.Regexp{}
	}
	f.patterns[source] = re
	return re, nil
}
