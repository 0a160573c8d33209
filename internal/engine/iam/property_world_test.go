package iam_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// maker makes random worlds in a universe small enough that statements often meet:
// two accounts, a few principals, resources and condition keys.
type maker struct {
	*rand.Rand
	sets bool // set operators on keys of one value too
	// focus makes statements mostly be about what is asked, so that conditions decide.
	focus bool
}

// cases is how many worlds a property looks at: a second's worth, and more in CI.
func cases(t *testing.T, n int) int {
	t.Helper()
	switch {
	case os.Getenv("HOLDFAST_CI") != "":
		return n * 20
	case testing.Short():
		return n / 10
	}
	return n
}

func newMaker(seed uint64) *maker { return &maker{Rand: rand.New(rand.NewPCG(seed, 14))} }

func pick[T any](m *maker, from ...T) T { return from[m.IntN(len(from))] }

// chance is true n times of a hundred.
func (m *maker) chance(n int) bool { return m.IntN(100) < n }

// some picks one to three of a list.
func some[T any](m *maker, from []T) []T {
	var out []T
	for range 1 + m.IntN(3) {
		out = append(out, from[m.IntN(len(from))])
	}
	return out
}

func (m *maker) principal() *iam.Principal {
	p := &iam.Principal{Account: ownAccount, OrgSeen: true, TagsSeen: true}
	switch m.IntN(12) {
	case 0:
		return iam.Anonymous()
	case 1:
		return iam.Service("sns.amazonaws.com")
	case 2:
		return iam.Federated("accounts.google.com")
	case 3:
		p = caller("federated")
	case 4:
		p = caller("root")
	case 5, 6, 7:
		p = caller("session")
		p.ID = pick(m, "", "AROAEXAMPLE")
	case 8:
		p = caller("session")
		p.Kind, p.ARN, p.Name = iam.KindRole, p.Role, "dev"
	case 9:
		p = caller("session")
		p.ARN, p.Name = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/x", "x"
		p.Role = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
	default:
		p = caller("user")
		p.ID = pick(m, "", "AIDAEXAMPLE")
	}
	if p.ID == "" && (p.Kind == iam.KindUser || p.Role != "") {
		p.ID = "AXDAOTHER" // a known world knows it
	}
	p.Management = m.chance(10)
	p.CanonicalID = pick(m, "c0ffee", "decaf0")
	if m.chance(50) {
		p.OrgID, p.OrgPaths = "o-mine", []string{"o-mine/r-1/ou-1/"}
	}
	if m.chance(50) {
		p.Tags = map[string]string{"team": pick(m, "red", "blue")}
	}
	return p
}

// questions are actions and the resources they are about.
var questions = [][2]string{
	{"s3:GetObject", "arn:aws:s3:::bucket/red/x"}, {"s3:GetObject", "arn:aws:s3:::bucket/blue"}, {"s3:ListBucket", "arn:aws:s3:::bucket"},
	{"s3:PutObject", "arn:aws:s3:::bucket/red"}, {"s3:PutBucketPolicy", "arn:aws:s3:::bucket"},
	{"sqs:SendMessage", "arn:aws:sqs:us-east-1:ACCOUNT:red"}, {"kms:Decrypt", "arn:aws:kms:us-east-1:ACCOUNT:key/k"}, {"kms:RetireGrant", "arn:aws:kms:us-east-1:ACCOUNT:key/k"},
	{"sts:AssumeRole", "arn:aws:iam::ACCOUNT:role/target"}, {"sts:GetSessionToken", "*"}, {"iam:GetUser", "arn:aws:iam::ACCOUNT:user/alice"},
	{"iam:DeleteRole", "arn:aws:iam::ACCOUNT:role/aws-reserved/sso.amazonaws.com/x"}, {"iam:DeletePolicy", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
	{"ec2:RunInstances", "*"},
}

func (m *maker) world() *world {
	w := &world{principal: m.principal(), account: pick(m, ownAccount, ownAccount, otherAccount), management: m.chance(10)}
	q := pick(m, questions...)
	w.action, w.resource = q[0], inAccount(q[1], w.account)
	if m.focus && !strings.HasPrefix(w.principal.ARN, "arn:aws:iam::111122223333:user") && m.chance(50) {
		w.principal = caller("user")
		w.principal.ID, w.principal.CanonicalID = "AIDAEXAMPLE", "c0ffee"
	}
	switch w.principal.Kind {
	case iam.KindUser, iam.KindRole, iam.KindSession, iam.KindFederatedUser:
		w.identity = m.documents(w, false, m.IntN(3))
		w.boundary, w.session = m.maybe(w, 30, false), m.maybe(w, 30, false)
	case iam.KindRoot:
		w.session = m.maybe(w, 20, false)
	}
	w.attached = m.maybe(w, 60, true)
	w.endpoint = m.maybe(w, 15, true)
	for range m.IntN(3) {
		w.scps = append(w.scps, m.level(w, false))
	}
	for range m.IntN(3) {
		w.rcps = append(w.rcps, m.level(w, true))
	}
	if strings.HasPrefix(w.action, "s3:") && m.chance(50) {
		w.bucket = m.bucket()
	}
	w.context = m.context()
	if w.principal.Kind == iam.KindRole {
		w.context["aws:userid"] = []string{w.principal.ID + ":work"} // of a role without a session it is not known
	}
	return w
}

func inAccount(arn, account string) string {
	if i := len("ACCOUNT"); len(arn) > i {
		for j := 0; j+i <= len(arn); j++ {
			if arn[j:j+i] == "ACCOUNT" {
				return arn[:j] + account + arn[j+i:]
			}
		}
	}
	return arn
}

func (m *maker) maybe(w *world, percent int, principals bool) *documents {
	if !m.chance(percent) {
		return nil
	}
	d := m.documents(w, principals, 1+m.IntN(2))
	return &d
}

func (m *maker) documents(w *world, principals bool, n int) documents {
	var out documents
	for range n {
		d := &policy.Document{Version: pick(m, policy.Version2012, policy.Version2012, policy.Version2012, policy.Version2008, "")}
		for range 1 + m.IntN(3) {
			d.Statements = append(d.Statements, m.statement(w, principals))
		}
		out = append(out, d)
	}
	return out
}

// level is a level of guardrails: mostly everything is allowed and something denied.
func (m *maker) level(w *world, principals bool) documents {
	out := m.documents(w, principals, m.IntN(2))
	if m.chance(80) {
		s := policy.Statement{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}
		if principals {
			s.Principals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: "*"})}
		}
		out = append(out, &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}})
	}
	return out
}

var actionPatterns = []string{"*", "s3:*", "s3:Get*", "S3:g?tobject", "sqs:SendMessage", "sqs:*", "kms:Decrypt", "kms:*", "sts:AssumeRole", "sts:*", "iam:*", "iam:Delete*", "s3:PutObject", "*:*Object", "ec2:Run*"}

var resourcePatterns = []string{
	"*", "*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket", "arn:aws:s3:::bucket/red*", "arn:aws:s3:::b*t/?lue", "arn:aws:s3:::bucket/${test:color}/*",
	"arn:aws:s3:::bucket/${aws:PrincipalTag/team}*", "arn:aws:s3:::bucket/${test:color, 'blue'}", "arn:aws:sqs:*:*:red", "arn:aws:sqs:*:red", "arn:aws:s3:*",
	"arn:aws:sqs:us-east-1:111122223333:${test:color}", "arn:aws:kms:*:111122223333:key/*", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/target", "arn:aws:iam::111122223333:user/${aws:username}",
	"arn:aws:iam::*:policy/*", "arn:aws:s3:::${*}", "arn:*:*:*:*:*",
}

func (m *maker) statement(w *world, principals bool) policy.Statement {
	s := policy.Statement{Effect: pick(m, policy.Allow, policy.Allow, policy.Deny)}
	actions := texts(some(m, actionPatterns)...)
	direct := 40
	if m.focus {
		direct = 85
	}
	if m.chance(direct) {
		actions = texts(pick(m, "*", w.action))
	}
	if !m.focus && m.chance(15) {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	resources := texts(some(m, resourcePatterns)...)
	if m.chance(direct) {
		resources = texts(pick(m, "*", w.resource))
	}
	switch {
	case !m.focus && m.chance(15):
		s.NotResources = resources
	case principals && m.chance(5): // as in trust policies
	default:
		s.Resources = resources
	}
	if principals {
		who := some(m, m.principals(w))
		if m.focus && m.chance(50) {
			who = append(who, policy.Named(policy.AWS, policy.Text{Value: "*"}))
		}
		if m.chance(10) {
			s.NotPrincipals = who
		} else {
			s.Principals = who
		}
	}
	conditions := pick(m, 0, 0, 1, 1, 2)
	if m.focus {
		conditions = pick(m, 0, 1, 1, 2)
	}
	for range conditions {
		s.Conditions = append(s.Conditions, m.condition())
	}
	return s
}

func (m *maker) principals(w *world) []policy.Principal {
	var out []policy.Principal
	for _, name := range []string{"*", ownAccount, otherAccount, "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:role/team/dev", w.principal.ARN, w.principal.Role, w.principal.ID, "arn:aws:iam::111122223333:user/b*"} {
		if name != "" {
			out = append(out, policy.Named(policy.AWS, policy.Text{Value: name}))
		}
	}
	return append(out,
		policy.Principal{Kind: policy.Service, Name: policy.Text{Value: "sns.amazonaws.com"}},
		policy.Principal{Kind: policy.Federated, Name: policy.Text{Value: "accounts.google.com"}},
		policy.Principal{Kind: policy.Canonical, Name: policy.Text{Value: "c0ffee"}})
}

func (m *maker) bucket() *iam.Bucket {
	truth := func() kleene.Value { return kleene.Of(m.chance(40)) }
	b := &iam.Bucket{RestrictPublicBuckets: truth(), IgnorePublicACLs: truth(), ACLsDisabled: truth()}
	for range m.IntN(3) {
		b.Grants = append(b.Grants, iam.Grant{
			Grantee:    pick(m, "http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "c0ffee", "decaf0"),
			Permission: pick(m, "READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"), Object: m.chance(50),
		})
	}
	return b
}

// testKey is a condition key with the operators that suit it, values that policies
// ask for and values that requests have.
type testKey struct {
	name      string
	operators []string
	asked     []string
	had       []string
	many      bool // the request may have several values
}

var stringOperators = []string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "stringlike"}

var testKeys = []testKey{
	{name: "test:color", operators: stringOperators, asked: []string{"red", "Red", "blue", "r*", "*e*", "?lue", "${aws:username}", "${test:other}", "${test:other, 'red'}", "${aws:PrincipalTag/team}"}, had: []string{"red", "RED", "blue", "green", "rex", ""}},
	{name: "test:other", operators: stringOperators, asked: []string{"red", "blue", "r*"}, had: []string{"red", "blue", "rx"}},
	{name: "test:size", operators: []string{"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"}, asked: []string{"10", "20", "ten"}, had: []string{"5", "10", "15", "20.0", "25", "x"}},
	{name: "aws:CurrentTime", operators: []string{"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"}, asked: []string{"2026-01-01T00:00:00Z", "2026-02-01", "never"}, had: []string{"2025-12-31T00:00:00Z", "1767225600", "2026-01-15T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "x"}},
	{name: "aws:SourceIp", operators: []string{"IpAddress", "NotIpAddress"}, asked: []string{"10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32", "0.0.0.0/0", "nowhere"}, had: []string{"10.0.0.1", "10.1.0.1", "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db9::1", "x"}},
	{name: "aws:MultiFactorAuthPresent", operators: []string{"Bool"}, asked: []string{"true", "false", "TRUE"}, had: []string{"true", "false"}},
	{name: "aws:SourceArn", operators: []string{"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"}, asked: []string{"arn:aws:sns:*:111122223333:*", "arn:aws:sns:us-east-1:*:alerts", "arn:aws:sqs:*:*:q"}, had: []string{"arn:aws:sns:us-east-1:111122223333:alerts", "arn:aws:sns:us-west-1:111122223333:alerts", "arn:aws:sns:us-east-1:444455556666:alerts", "arn:aws:sns:eu-west-1:444455556666:x", "arn:aws:sqs:us-east-1:1:q", "x"}},
	{name: "test:tags", operators: []string{"ForAllValues:StringEquals", "ForAllValues:StringLike", "ForAllValues:StringNotEquals", "ForAnyValue:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals", "ForAnyValue:StringNotLike", "ForAllValues:StringNotLike"}, asked: []string{"red", "blue", "r*"}, had: []string{"red", "blue", "rx", "y"}, many: true},
}

// derivedKeys are those that a request has by itself.
var derivedKeys = []testKey{
	{name: "aws:PrincipalArn", operators: append([]string{"ArnLike", "ArnNotEquals"}, stringOperators...), asked: []string{"arn:aws:iam::111122223333:role/team/dev", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:user/*", "arn:aws:iam::*:role/*"}},
	{name: "aws:PrincipalAccount", operators: stringOperators, asked: []string{ownAccount, otherAccount, "${aws:ResourceAccount}"}},
	{name: "aws:PrincipalType", operators: stringOperators, asked: []string{"User", "AssumedRole", "A*", "Account"}},
	{name: "aws:username", operators: stringOperators, asked: []string{"alice", "a*"}},
	{name: "aws:userid", operators: stringOperators, asked: []string{"AIDAEXAMPLE", "AROAEXAMPLE:*", ownAccount + ":carol", ownAccount}},
	{name: "aws:PrincipalTag/team", operators: stringOperators, asked: []string{"red", "blue", "${test:color}"}},
	{name: "aws:PrincipalOrgID", operators: stringOperators, asked: []string{"o-mine", "o-other"}},
	{name: "aws:PrincipalOrgPaths", operators: []string{"ForAnyValue:StringLike", "ForAllValues:StringLike"}, asked: []string{"o-mine/*", "o-mine/r-1/ou-2/*"}},
	{name: "aws:ResourceAccount", operators: stringOperators, asked: []string{ownAccount, otherAccount, "${aws:PrincipalAccount}"}},
	{name: "aws:PrincipalServiceName", operators: stringOperators, asked: []string{"sns.amazonaws.com"}},
}

func (m *maker) condition() policy.Condition {
	k := pick(m, testKeys...)
	if m.chance(30) {
		k = pick(m, derivedKeys...)
	}
	c := policy.Condition{Key: k.name, Operator: pick(m, k.operators...), Values: texts(some(m, k.asked)...)}
	if m.chance(10) {
		c.Operator, c.Values = "Null", texts(pick(m, "true", "false"))
		return c
	}
	if m.sets && !strings.Contains(c.Operator, ":") && m.chance(30) {
		c.Operator = pick(m, "ForAllValues:", "ForAnyValue:") + c.Operator
	}
	if m.chance(20) {
		c.Operator += "IfExists"
	}
	return c
}

// context has some keys, of one value, of several, or of none.
func (m *maker) context() map[string][]string {
	out := map[string][]string{}
	for _, k := range testKeys {
		switch {
		case m.chance(40):
		case k.many || m.sets && m.chance(30):
			out[k.name] = slices.Clone(some(m, k.had)[m.IntN(2):])
		default:
			out[k.name] = []string{pick(m, k.had...)}
		}
	}
	return out
}
