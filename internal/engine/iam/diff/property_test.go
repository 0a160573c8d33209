package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// vocabulary is what random policies are made of: small, so that they meet.
var (
	actionWords   = []string{"svc:A", "svc:AB", "svc:B", "svc:B*", "svc:?B", "svc:*", "*", "s3:GetObject", "s3:Get*", "s3:ListBucket", "s3:*"}
	resourceWords = []string{"*", "*", "arn:aws:s3:::a", "arn:aws:s3:::a*", "arn:aws:s3:::a/*", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::?", "arn:*:s3:::*/x", "arn:aws:s3*", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::a/${aws:PrincipalTag/team}*"}
	bases         = []policy.Condition{
		{Operator: "Bool", Key: "aws:MultiFactorAuthPresent", Values: words("true")},
		{Operator: "BoolIfExists", Key: "aws:MultiFactorAuthPresent", Values: words("false")},
		{Operator: "Null", Key: "aws:MultiFactorAuthPresent", Values: words("true")},
		{Operator: "StringEquals", Key: "aws:PrincipalTag/team", Values: words("a", "b")},
		{Operator: "StringLike", Key: "aws:principaltag/Team", Values: words("a*")},
		{Operator: "StringNotEqualsIfExists", Key: "aws:PrincipalTag/team", Values: words("a")},
		{Operator: "StringEquals", Key: "aws:PrincipalTag/team", Values: words("${aws:username}")},
		{Operator: "StringEqualsIgnoreCase", Key: "aws:PrincipalTag/team", Values: words("A")},
		{Operator: "Bool", Key: "aws:PrincipalTag/team", Values: words("true")},
		{Operator: "IpAddress", Key: "aws:SourceIp", Values: words("10.0.0.0/8")},
		{Operator: "NotIpAddress", Key: "aws:SourceIp", Values: words("10.1.0.0/16", "192.168.0.0/16")},
		{Operator: "NumericLessThan", Key: "s3:max-keys", Values: words("10")},
		{Operator: "NumericLessThanEquals", Key: "s3:max-keys", Values: words("5")},
		{Operator: "ForAllValues:StringEquals", Key: "aws:TagKeys", Values: words("a", "b")},
		{Operator: "ForAnyValue:StringEquals", Key: "aws:TagKeys", Values: words("b", "c")},
		{Operator: "DateLessThan", Key: "aws:CurrentTime", Values: words("2030-01-01T00:00:00Z")},
		{Operator: "DateGreaterThan", Key: "aws:CurrentTime", Values: words("2029-01-01T00:00:00Z")},
		{Operator: "ArnLike", Key: "aws:SourceArn", Values: words("arn:aws:s3:::a*")},
		{Operator: "ArnNotEquals", Key: "aws:SourceArn", Values: words("arn:aws:s3:::ab")},
	}
	askedActions   = []string{"svc:A", "svc:AB", "svc:B", "s3:GetObject", "s3:GetObjectTagging", "s3:ListBucket", "s3:ListAllMyBuckets"}
	askedResources = map[string][]string{
		"s3:GetObject": {"arn:aws:s3:::a/b", "arn:aws:s3:::a/x", "arn:aws:s3:::b/x", "arn:aws-cn:s3:::b/x", "arn:aws:s3:::example/y"}, "s3:ListBucket": {"arn:aws:s3:::a", "arn:aws:s3:::ab", "arn:aws:s3:::b", "arn:aws-cn:s3:::b"},
		"s3:ListAllMyBuckets": {"*"}, "": {"*", "arn:aws:s3:::a", "arn:aws:s3:::a/x", "arn:aws:s3:::b", "arn:aws:ec2:::b/x", "arn:aws:s3:::cc", "arn:aws:s3:::example/z"},
	}
	askedKeys = map[string][][]string{
		"aws:MultiFactorAuthPresent": {nil, {"true"}, {"false"}}, "aws:PrincipalTag/team": {nil, {"a"}, {"b"}, {"A"}, {"ab"}, {"c"}, {"true"}, {"example"}}, "aws:SourceIp": {nil, {"10.1.2.3"}, {"10.2.3.4"}, {"192.168.1.1"}, {"8.8.8.8"}, {"::1"}},
		"s3:max-keys": {nil, {"3"}, {"5"}, {"7"}, {"10"}, {"11"}}, "aws:TagKeys": {nil, {"a"}, {"b"}, {"c"}, {"a", "b"}, {"b", "c"}, {"a", "d"}}, "aws:CurrentTime": {{"2028-01-01T00:00:00Z"}, {"2029-06-01T00:00:00Z"}, {"2031-01-01T00:00:00Z"}},
		"aws:SourceArn": {nil, {"arn:aws:s3:::a"}, {"arn:aws:s3:::ab"}, {"arn:aws:sns:::x"}}, "aws:username": {{"a"}, {"b"}, {"example"}},
	}
)

func words(list ...string) []policy.Text {
	out := make([]policy.Text, len(list))
	for i, s := range list {
		out[i] = policy.Text{Value: s}
	}
	return out
}

func some(random *rand.Rand, list []string) []policy.Text {
	var out []policy.Text
	for range 1 + random.IntN(2) {
		out = append(out, policy.Text{Value: list[random.IntN(len(list))]})
	}
	return out
}

func randomStatement(random *rand.Rand) policy.Statement {
	s := policy.Statement{Effect: policy.Allow}
	if random.IntN(3) == 0 {
		s.Effect = policy.Deny
	}
	if s.Actions = some(random, actionWords); random.IntN(6) == 0 {
		s.Actions, s.NotActions = nil, s.Actions
	}
	if s.Resources = some(random, resourceWords); random.IntN(8) == 0 {
		s.Resources, s.NotResources = nil, s.Resources
	}
	for range random.IntN(3) {
		s.Conditions = append(s.Conditions, bases[random.IntN(len(bases))])
	}
	return s
}

func randomDocument(random *rand.Rand) *policy.Document {
	d := &policy.Document{Version: policy.Version2012}
	for range 1 + random.IntN(3) {
		d.Statements = append(d.Statements, randomStatement(random))
	}
	return d
}

// mutate changes a little.
func mutate(random *rand.Rand, d *policy.Document) *policy.Document {
	out := &policy.Document{Version: d.Version, Statements: slices.Clone(d.Statements)}
	i := random.IntN(len(out.Statements))
	s := &out.Statements[i]
	switch random.IntN(5) {
	case 0:
		out.Statements = append(out.Statements, randomStatement(random))
	case 1:
		s.Conditions = append(slices.Clone(s.Conditions), bases[random.IntN(len(bases))])
	case 2:
		s.Conditions = nil
	case 3:
		if s.Resources != nil {
			s.Resources = append(slices.Clone(s.Resources), some(random, resourceWords)...)
		}
	case 4:
		if s.Actions != nil {
			s.Actions = append(slices.Clone(s.Actions), some(random, actionWords)...)
		}
	}
	return out
}

type asked struct {
	action, resource string
	context          map[string][]string
}

func randomRequest(random *rand.Rand) asked {
	q := asked{action: askedActions[random.IntN(len(askedActions))], context: map[string][]string{}}
	list := askedResources[strings.Replace(q.action, "Tagging", "", 1)]
	if list == nil {
		list = askedResources[""]
	}
	q.resource = list[random.IntN(len(list))]
	for key, options := range askedKeys {
		q.context[key] = options[random.IntN(len(options))]
	}
	return q
}

// covers tells whether a region says that the request changes. Regions described
// by several patterns at once, and by variables, are taken to.
func (r *Region) covers(q asked) bool {
	return within1(r.Actions, func(p string) bool {
		compiled := glob.Compile(strings.ToLower(p))
		return compiled.Match(strings.ToLower(q.action))
	}) && within1(r.Resources, func(p string) bool {
		if strings.Contains(p, " and ") || strings.Contains(p, " or ") || strings.Contains(p, "${") {
			return true
		}
		return p == "*" || strings.HasPrefix(q.resource, "arn:") && glob.Glob{Pattern: p, ARN: true}.Machine().Match(q.resource)
	}) && !slices.ContainsFunc(r.When, func(t Term) bool { return !t.is(q) })
}

func within1(list []Span, fits func(string) bool) bool {
	return slices.ContainsFunc(list, func(s Span) bool {
		return fits(s.Pattern) && !slices.ContainsFunc(s.Except, func(p string) bool { return !strings.Contains(p, "${") && fits(p) })
	})
}

func (t Term) is(q asked) bool {
	if t.Operator == "Resource" {
		return true
	}
	p := iam.Compile("", &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{
		Effect: policy.Allow, Actions: words("*"), Resources: words("*"), Conditions: []policy.Condition{{Operator: t.Operator, Key: t.Key, Values: words(t.Values...)}},
	}}})
	return (ask([]Policy{{Doc: p.Doc}}, asked{"ec2:DescribeInstances", "*", q.context}) == iam.Allowed) == t.Holds
}

func ask(side []Policy, q asked) iam.Decision {
	context := iam.NewContext(nil)
	for key, v := range q.context {
		if v == nil {
			context.Mark(key, iam.Absent)
		} else {
			context.Set(key, v...)
		}
	}
	req, err := iam.NewRequest(iam.Request{Principal: asker, Action: q.action, Resource: q.resource, Account: asker.Account, Context: context})
	if err != nil {
		panic(err)
	}
	set := iam.Set{}
	for _, p := range side {
		set.Policies = append(set.Policies, iam.Compile(p.Name, p.Doc))
	}
	return iam.Decide(req, &iam.Policies{Identity: set}).Decision
}

// What diff says of random pairs holds for random requests: where it says
// nothing the two sides decide alike, and where they do not it says so.
func TestRandomPairs(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	equal, differing, unverified := 0, 0, 0
	for range 70 {
		old := []Policy{{"old", randomDocument(random)}}
		new := []Policy{{"new", mutate(random, old[0].Doc)}}
		if random.IntN(3) == 0 {
			new[0].Doc = randomDocument(random)
		}
		r := Compare(Identity, old, new)
		if len(r.Unknown) > 0 {
			t.Fatalf("unknown %v\n%s", r.Unknown, both(old, new))
		}
		if r.Equal() {
			equal++
		} else {
			differing++
		}
		for _, x := range r.Regions {
			if !x.Verified {
				unverified++
				if testing.Verbose() {
					t.Logf("no example: %+v\n%s", x, both(old, new))
				}
			}
		}
		for range 60 {
			q := randomRequest(random)
			if strings.HasPrefix(q.action, "svc:") && !names(old, q.action) && !names(new, q.action) {
				continue // it is one that AWS may add, which regions name by patterns
			}
			before, after := ask(old, q), ask(new, q)
			if before == after {
				continue
			}
			want := change(leaf{old: before, new: after})
			if !slices.ContainsFunc(r.Regions, func(x Region) bool { return x.Change == want && x.covers(q) }) {
				t.Fatalf("%+v: %v before, %v after, and no region says %s\n%+v\n%s", q, before, after, want, r.Regions, both(old, new))
			}
		}
	}
	t.Logf("%d equal, %d different, %d regions without an example", equal, differing, unverified)
	if equal < 10 || differing < 10 {
		t.Errorf("%d equal, %d different: the pairs prove little", equal, differing)
	}
	if unverified > differing/10 { // a few regions that no request has, since ? and variables meet in odd ways
		t.Errorf("%d regions without an example", unverified)
	}
}

func names(side []Policy, action string) bool {
	return slices.ContainsFunc(side[0].Doc.Statements, func(s policy.Statement) bool {
		return slices.ContainsFunc(slices.Concat(s.Actions, s.NotActions), func(a policy.Text) bool { return a.Value == action })
	})
}

func both(old, new []Policy) string {
	var b strings.Builder
	for _, p := range slices.Concat(old, new) {
		fmt.Fprintln(&b, p.Name)
		for _, s := range p.Doc.Statements {
			fmt.Fprintf(&b, "  %s action %v not %v resource %v not %v when %v\n", s.Effect, s.Actions, s.NotActions, s.Resources, s.NotResources, s.Conditions)
		}
	}
	return b.String()
}

// Rewriting a policy without changing what it means changes nothing.
func TestRewritesAreEqual(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 80 {
		d := randomDocument(random)
		r := Compare(Identity, []Policy{{"old", d}}, []Policy{{"new", rewrite(random, d)}})
		if !r.Equal() {
			t.Fatalf("%+v\n%s", r, both([]Policy{{"old", d}}, []Policy{{"new", rewrite(random, d)}}))
		}
	}
}

// rewrite splits statements by action or resource, writes wildcards out and
// shuffles.
func rewrite(random *rand.Rand, d *policy.Document) *policy.Document {
	out := &policy.Document{Version: d.Version}
	for _, s := range d.Statements {
		if s.Actions != nil && random.IntN(2) == 0 {
			var all []policy.Text
			for _, a := range s.Actions {
				if !strings.Contains(a.Value, "*") || !strings.HasPrefix(a.Value, "s3:") {
					all = append(all, a)
					continue
				}
				compiled := glob.Compile(strings.ToLower(a.Value))
				for i, name := range catalogue().lower {
					if compiled.Match(name) {
						all = append(all, policy.Text{Value: catalogue().list[i].String()})
					}
				}
			}
			s.Actions = all
		}
		switch {
		case s.Actions != nil && len(s.Actions) < 5 && random.IntN(2) == 0:
			for _, a := range s.Actions {
				one := s
				one.Actions = []policy.Text{a}
				out.Statements = append(out.Statements, one)
			}
		case s.Resources != nil && random.IntN(2) == 0:
			for _, a := range s.Resources {
				one := s
				one.Resources = []policy.Text{a}
				out.Statements = append(out.Statements, one)
			}
		default:
			out.Statements = append(out.Statements, s)
		}
	}
	random.Shuffle(len(out.Statements), func(i, j int) { out.Statements[i], out.Statements[j] = out.Statements[j], out.Statements[i] })
	return out
}

// A condition of the engine and its atom agree on every value tried.
func TestWorldsAreComplete(t *testing.T) {
	c := newComparison(Identity)
	d := &policy.Document{Version: policy.Version2008}
	for _, b := range bases {
		d.Statements = append(d.Statements, policy.Statement{Effect: policy.Allow, Actions: words("*"), Resources: words("*"), Conditions: []policy.Condition{b}})
	}
	c.add(0, Policy{"all", d})
	c.imagine()
	for _, k := range c.keys {
		for name, options := range askedKeys {
			if !strings.EqualFold(name, k.name) {
				continue
			}
			for _, v := range options {
				truth := make([]kleene.Value, len(k.atoms))
				for i, a := range k.atoms {
					p := iam.Compile("", &policy.Document{Statements: []policy.Statement{{Effect: policy.Allow, Actions: words("*"), Resources: words("*"), Conditions: []policy.Condition{c.atoms[a].condition}}}})
					truth[i] = answer(p, name, v)
				}
				if !slices.ContainsFunc(k.worlds, func(w world) bool { return agrees(w.truth, truth) }) {
					t.Errorf("%s: no world has what %q means: %v in %v", k.name, v, truth, k.worlds)
				}
			}
		}
	}
}

func agrees(world, truth []kleene.Value) bool {
	for i := range world {
		if world[i] != kleene.Unknown && world[i] != truth[i] {
			return false
		}
	}
	return true
}
