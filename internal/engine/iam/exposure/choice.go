package exposure

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// choice is one way to have a condition key.
type choice struct {
	key    string
	leave  bool // not mentioned: the request itself tells
	values []string
}

func (c *choice) put(ctx *iam.Context) {
	switch {
	case c.leave:
	case c.values == nil:
		ctx.Mark(c.key, iam.Absent)
	default:
		ctx.Set(c.key, c.values...)
	}
}

// maxChoices bounds the values of one key that are tried. A document that names
// more is read as far as that; see worlds for what becomes of the rest.
const maxChoices = 256

// choices are the ways in which the visitor can have a key that matter to the
// document: those that some condition on it tells apart.
func (s *search) choices(v *visitor, key string) (out []choice, all bool) {
	r := v.reach(key, s)
	if r.leave {
		return []choice{{key: key, leave: true}}, true
	}
	var values []string
	if r.addresses {
		values = s.addresses(key, r.public)
	} else if len(r.own) > 0 {
		for i, own := range r.own {
			if i == 0 || !strings.ContainsAny(own.Pattern, "*?") {
				values = append(values, plain(own))
			}
		}
		for _, c := range s.about[key] {
			values = append(values, s.fitting(v, c, r)...)
		}
	}
	slices.Sort(values)
	values = slices.Compact(values)
	if r.not != "" {
		values = slices.DeleteFunc(values, func(s string) bool { return s == r.not || strings.HasPrefix(s, r.not+"/") })
	}
	all = len(values) <= maxChoices
	values = values[:min(len(values), maxChoices)]
	for _, value := range values {
		out = append(out, choice{key: key, values: []string{value}})
	}
	if len(values) > 1 && !r.addresses && s.takesSets(key) {
		out = append(out, choice{key: key, values: values})
	}
	if r.absent {
		out = append(out, choice{key: key})
	}
	return out, all
}

// takesSets tells whether a condition uses a set operator on the key.
func (s *search) takesSets(key string) bool {
	return slices.ContainsFunc(s.about[key], func(c *policy.Condition) bool {
		op, _ := policy.ParseOperator(c.Operator)
		return op.Set != policy.Plain
	})
}

// plain is a text that a pattern of ours stands for.
func plain(g glob.Glob) string {
	text, _ := glob.Common(g, glob.Glob{Pattern: "*"})
	return text
}

// fitting are values within reach that a condition's own values lead to.
func (s *search) fitting(v *visitor, c *policy.Condition, r reach) []string {
	op, _ := policy.ParseOperator(c.Operator)
	var out []string
	for _, t := range c.Values {
		value := t.Value
		if t.Partial {
			value = t.Value + "*" + t.Suffix
		} else if s.variables {
			value = s.substitute(v, value)
		}
		switch base := op.Base.Positive(); base {
		case policy.Null, policy.IPAddress:
		case policy.Bool:
			out = append(out, meet("true", false, r)...)
			out = append(out, meet("false", false, r)...)
		case policy.NumericEquals, policy.NumericLessThan, policy.NumericLessThanEquals, policy.NumericGreaterThan, policy.NumericGreaterThanEquals:
			out = append(out, around(value)...)
		case policy.DateEquals, policy.DateLessThan, policy.DateLessThanEquals, policy.DateGreaterThan, policy.DateGreaterThanEquals:
			out = append(out, instants(value)...)
		case policy.ArnEquals, policy.ArnLike:
			out = append(out, meet(value, true, r)...)
		case policy.StringLike:
			out = append(out, meet(value, false, r)...)
		default:
			if t.Partial || !strings.ContainsAny(value, "*?") {
				out = append(out, meet(value, false, r)...)
			}
		}
	}
	return out
}

// meet is the plainest value that a pattern of the document and one within reach
// both fit.
func meet(pattern string, arn bool, r reach) []string {
	for _, own := range r.own {
		if strings.HasSuffix(own.Pattern, "/*") && !own.ARN {
			if text, ok := meetPath(pattern, own.Pattern); ok {
				return []string{text}
			}
			continue
		}
		text, ok := glob.Common(glob.Glob{Pattern: pattern, ARN: arn}, own)
		if ok && !(strings.Contains(own.Pattern, ":iam:") && strings.Count(text, ":") > 5) { // no name of IAM has a colon
			return []string{text}
		}
	}
	return nil
}

// meetPath compares paths in an organisation: what stands before the first slash
// is the organisation, and no wildcard of ours goes beyond it.
func meetPath(pattern, own string) (string, bool) {
	head, rest, has := strings.Cut(pattern, "/")
	org, ok := glob.Common(glob.Glob{Pattern: head}, glob.Glob{Pattern: strings.TrimSuffix(own, "/*")})
	if !ok {
		return "", false
	}
	tail := "r-0/ou-0/"
	if has {
		tail, _ = glob.Common(glob.Glob{Pattern: rest}, glob.Glob{Pattern: "*"})
	} else if !strings.HasSuffix(pattern, "*") {
		return org, true
	}
	return org + "/" + tail, true
}

// around are a number and its neighbours.
func around(value string) []string {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return nil
	}
	var out []string
	for _, m := range []float64{n - 1, n, n + 1} {
		out = append(out, strconv.FormatFloat(m, 'f', -1, 64))
	}
	return out
}

// instants are a time and those right before and after it.
func instants(value string) []string {
	if _, err := json.Number(value).Int64(); err == nil {
		return around(value)
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return []string{value}
	}
	var out []string
	for _, d := range []time.Duration{-time.Second, 0, time.Second} {
		out = append(out, t.Add(d).UTC().Format(time.RFC3339))
	}
	return out
}

// substitute puts in for each variable what the visitor would have there.
func (s *search) substitute(v *visitor, text string) string {
	var out strings.Builder
	for {
		start := strings.Index(text, "${")
		if start < 0 {
			break
		}
		end := strings.IndexByte(text[start:], '}')
		if end < 0 {
			break
		}
		out.WriteString(text[:start])
		out.WriteString(s.variable(v, text[start+2:start+end]))
		text = text[start+end+1:]
	}
	out.WriteString(text)
	return out.String()
}

func (s *search) variable(v *visitor, inner string) string {
	if inner == "*" || inner == "?" || inner == "$" {
		return inner
	}
	name, _, _ := strings.Cut(inner, ",")
	key := strings.ToLower(strings.TrimSpace(name))
	r := v.reach(key, s)
	switch {
	case len(r.own) > 0:
		return plain(r.own[0])
	case r.leave && key == "aws:principalaccount":
		return v.principal.Account
	case r.leave && key == "aws:resourceaccount":
		return s.zone.Account
	}
	return freshWord
}
