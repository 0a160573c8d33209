package diff

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

var (
	principalWords = []policy.Principal{
		{Kind: policy.Everyone, Name: policy.Text{Value: "*"}},
		{Kind: policy.AWS, Name: policy.Text{Value: "111111111111"}},
		{Kind: policy.AWS, Name: policy.Text{Value: "arn:aws:iam::111111111111:role/r"}},
		{Kind: policy.AWS, Name: policy.Text{Value: "arn:aws:iam::111111111111:user/u"}},
		{Kind: policy.AWS, Name: policy.Text{Value: "arn:aws:sts::333333333333:assumed-role/r/s"}},
		{Kind: policy.AWS, Name: policy.Text{Value: "arn:aws:iam::333333333333:root"}},
		{Kind: policy.Service, Name: policy.Text{Value: "sns.amazonaws.com"}},
		{Kind: policy.Federated, Name: policy.Text{Value: "accounts.google.com"}},
	}
	principalConditions = []policy.Condition{
		{Operator: "StringEquals", Key: "aws:PrincipalAccount", Values: words("111111111111")},
		{Operator: "StringNotEquals", Key: "aws:PrincipalAccount", Values: words("333333333333")},
		{Operator: "ArnLike", Key: "aws:PrincipalArn", Values: words("arn:aws:iam::*:role/r")},
		{Operator: "ArnNotLikeIfExists", Key: "aws:PrincipalArn", Values: words("arn:aws:iam::111111111111:user/*")},
		{Operator: "StringEquals", Key: "aws:PrincipalOrgID", Values: words("o-1")},
		{Operator: "StringNotEqualsIfExists", Key: "aws:PrincipalOrgID", Values: words("o-1")},
		{Operator: "Bool", Key: "aws:PrincipalIsAWSService", Values: words("true")},
		{Operator: "Bool", Key: "aws:SecureTransport", Values: words("false")},
		{Operator: "ArnLike", Key: "aws:SourceArn", Values: words("arn:aws:s3:::a*")},
	}
)

// askers are principals of every sort, named in the words above or not.
func askers() []*iam.Principal {
	user := func(account, name string) *iam.Principal {
		return &iam.Principal{Kind: iam.KindUser, ARN: "arn:aws:iam::" + account + ":user/" + name, Account: account, Name: name}
	}
	session := func(account, role, name string) *iam.Principal {
		return &iam.Principal{Kind: iam.KindSession, ARN: "arn:aws:sts::" + account + ":assumed-role/" + role + "/" + name, Role: "arn:aws:iam::" + account + ":role/" + role, Account: account, Name: name}
	}
	root := func(account string) *iam.Principal {
		return &iam.Principal{Kind: iam.KindRoot, ARN: "arn:aws:iam::" + account + ":root", Account: account}
	}
	out := []*iam.Principal{
		user("111111111111", "u"), user("111111111111", "v"), session("111111111111", "r", "s"), session("111111111111", "q", "s"), root("111111111111"),
		session("333333333333", "r", "s"), session("333333333333", "r", "t"), root("333333333333"), user("444444444444", "u"), session("444444444444", "r", "s"),
		iam.Anonymous(), iam.Service("sns.amazonaws.com"), iam.Service("sqs.amazonaws.com"), iam.Federated("accounts.google.com"), iam.Federated("x"),
	}
	for _, p := range out {
		p.TagsSeen = true
		if p.Account != "" {
			p.OrgSeen = true
		}
	}
	return out
}

func randomResourceDocument(random *rand.Rand) *policy.Document {
	d := &policy.Document{Version: policy.Version2012}
	for range 1 + random.IntN(3) {
		s := policy.Statement{Effect: policy.Allow, Actions: some(random, []string{"s3:GetObject", "s3:Get*", "s3:*"}), Resources: some(random, []string{"*", "arn:aws:s3:::a/*"})}
		if random.IntN(3) == 0 {
			s.Effect = policy.Deny
		}
		s.Principals = []policy.Principal{principalWords[random.IntN(len(principalWords))], principalWords[random.IntN(len(principalWords))]}
		if s.Effect == policy.Deny && random.IntN(3) == 0 {
			s.Principals, s.NotPrincipals = nil, s.Principals
		}
		for range random.IntN(3) {
			s.Conditions = append(s.Conditions, principalConditions[random.IntN(len(principalConditions))])
		}
		d.Statements = append(d.Statements, s)
	}
	return d
}

func askAttached(set []*iam.Policy, p *iam.Principal, resource string, context map[string][]string) iam.Decision {
	req, err := iam.NewRequest(iam.Request{Principal: p, Action: "s3:GetObject", Resource: resource, Account: owner, Context: iam.NewContext(context)})
	if err != nil {
		panic(err)
	}
	return iam.Decide(req, attachedTo(p, set)).Decision
}

// Resource policies that diff finds to be alike decide alike for everybody, and
// what it shows it has seen decided differently.
func TestRandomResourcePolicies(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	equal, unverified, regions := 0, 0, 0
	for range 60 {
		old := randomResourceDocument(random)
		new := randomResourceDocument(random)
		if random.IntN(2) == 0 {
			new = &policy.Document{Version: old.Version, Statements: slices.Clone(old.Statements)}
			slices.Reverse(new.Statements)
			s := &new.Statements[0]
			s.Conditions = append(slices.Clone(s.Conditions), principalConditions[random.IntN(len(principalConditions))])
		}
		r := Compare(Resource, []Policy{{"old", old}}, []Policy{{"new", new}})
		if r.Equal() {
			equal++
		}
		for _, x := range r.Regions {
			if regions++; !x.Verified {
				unverified++
			}
		}
		before, after := []*iam.Policy{iam.Compile("", old)}, []*iam.Policy{iam.Compile("", new)}
		for _, p := range askers() {
			for range 12 {
				if p.Account != "" {
					p.OrgID = []string{"", "o-1", "o-2"}[random.IntN(3)]
				}
				context := map[string][]string{"aws:SecureTransport": {[]string{"true", "false"}[random.IntN(2)]}}
				if random.IntN(2) == 0 {
					context["aws:SourceArn"] = []string{[]string{"arn:aws:s3:::a", "arn:aws:s3:::b"}[random.IntN(2)]}
				}
				resource := []string{"arn:aws:s3:::a/x", "arn:aws:s3:::b/x"}[random.IntN(2)]
				was, is := askAttached(before, p, resource, context), askAttached(after, p, resource, context)
				if was == is {
					continue
				}
				if !slices.ContainsFunc(r.Regions, func(x Region) bool {
					return x.Old == was && x.New == is && x.covers(asked{"s3:GetObject", resource, seenBy(p, context)})
				}) {
					t.Fatalf("%+v on %s with %v: %v before, %v after\n%+v\n%s", p, resource, context, was, is, r.Regions, both([]Policy{{"old", old}}, []Policy{{"new", new}}))
				}
			}
		}
	}
	t.Logf("%d equal, %d regions, %d without an example", equal, regions, unverified)
	if equal < 5 || unverified > regions/20 {
		t.Errorf("%d equal, %d of %d regions without an example", equal, unverified, regions)
	}
}

// seenBy adds the keys that follow from the principal, so that terms can be asked.
func seenBy(p *iam.Principal, context map[string][]string) map[string][]string {
	out := map[string][]string{"aws:PrincipalOrgID": nil, "aws:PrincipalArn": nil, "aws:PrincipalAccount": nil, "aws:PrincipalIsAWSService": {"false"}, "aws:SourceArn": nil}
	for k, v := range context {
		out[k] = v
	}
	switch {
	case p.Account != "":
		out["aws:PrincipalAccount"], out["aws:PrincipalArn"] = []string{p.Account}, []string{p.ARN}
		if p.Role != "" {
			out["aws:PrincipalArn"] = []string{p.Role}
		}
		if p.OrgID != "" {
			out["aws:PrincipalOrgID"] = []string{p.OrgID}
		}
	case p.Kind == iam.KindService:
		out["aws:PrincipalIsAWSService"] = []string{"true"}
	case p.Kind == iam.KindAnonymous:
		out["aws:PrincipalAccount"], out["aws:PrincipalIsAWSService"] = []string{"anonymous"}, nil
	}
	return out
}

func TestPrincipalsInWords(t *testing.T) {
	old := parse(t, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"s3:GetObject","Resource":"*"}`)
	new := parse(t, `{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"*"}`)
	r := Compare(Resource, old, new)
	if len(r.Regions) != 1 {
		t.Fatalf("%+v", r.Regions)
	}
	got := strings.Join(r.Regions[0].Principals, "; ")
	if want := "anybody unsigned; any AWS service; any identity provider; any other AWS account"; got != want {
		t.Errorf("%q", got)
	}
	if r := Compare(Resource, nil, new); len(r.Regions) != 1 || r.Regions[0].Principals[0] != "everyone" {
		t.Errorf("%+v", r.Regions)
	}
}
