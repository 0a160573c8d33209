package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func parse(t *testing.T, text string) []Policy {
	t.Helper()
	if text == "" {
		return nil
	}
	if !strings.Contains(text, "Statement") {
		text = `{"Version":"2012-10-17","Statement":[` + text + `]}`
	}
	doc, problems := policy.Parse([]byte(text))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return []Policy{{Name: "policy", Doc: doc}}
}

// say is a region in a line.
func say(r Region) string {
	list := func(spans []Span) string {
		var out []string
		for _, s := range spans {
			out = append(out, s.String())
		}
		return strings.Join(out, "; ")
	}
	parts := []string{r.Change.String(), list(r.Actions), list(r.Resources)}
	if r.Later {
		parts[0] += " later"
	}
	if !r.Verified {
		parts[0] += " perhaps"
	}
	if r.Principals != nil {
		parts = append(parts, "by "+strings.Join(r.Principals, "; "))
	}
	for _, w := range r.When {
		parts = append(parts, w.String())
	}
	return strings.Join(parts, " | ")
}

func TestCompare(t *testing.T) {
	const bucket = `"Resource":"arn:aws:s3:::b/*"`
	for _, c := range []struct {
		name     string
		kind     Kind
		old, new string
		want     []string
	}{
		{"same", Identity, `{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}`, `{"Effect":"Allow","Action":["s3:get*","s3:GetObject"],"Resource":["*","arn:aws:s3:::b/*"]}`, nil},
		{
			"an action more", Identity, `{"Effect":"Allow","Action":"s3:GetObject",` + bucket + `}`, `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],` + bucket + `}`,
			[]string{"newly allowed | s3:PutObject | arn:aws:s3:::b/*"},
		},
		{
			"an exception", Identity, `{"Effect":"Allow","Action":"s3:GetObject",` + bucket + `}`, `{"Effect":"Allow","Action":"s3:GetObject",` + bucket + `},{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/secret/*"}`,
			[]string{"newly denied | s3:GetObject | arn:aws:s3:::b/secret/*"},
		},
		{
			"a condition", Identity, `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}`, `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}}`,
			[]string{"newly denied | iam:PassRole | * | not (iam:PassedToService is ec2.amazonaws.com)"},
		},
		{
			"a condition that asks for less", Identity, `{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}}}`,
			`{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","10.1.2.0/24"]}}}`,
			[]string{"newly allowed | ec2:RunInstances | * | aws:SourceIp is in 10.0.0.0/8 or 10.1.2.0/24 | not (aws:SourceIp is in 10.1.0.0/16)"},
		},
		{
			"conditions that exclude each other", Identity, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":["a","b"]}}}`,
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}},{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:principaltag/Team":"b"}}}`, nil,
		},
		{
			"a denial beside a denial", Identity, `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`,
			`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"BoolIfExists":{"aws:SecureTransport":"false"}}}`, nil, // the key is always there
		},
		{
			"MFA may be absent", Identity, `{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}`,
			`{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`,
			[]string{"now denied explicitly | iam:CreateUser | * | aws:MultiFactorAuthPresent is false, or it is absent | not (aws:MultiFactorAuthPresent is false)"},
		},
		{
			"a guardrail gone", SCP, `{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}`, `{"Effect":"Allow","Action":"*","Resource":"*"}`,
			[]string{"newly allowed | organizations:LeaveOrganization | *"},
		},
		{
			"a denial of an SCP by itself", SCP, `{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}`, `{"Effect":"Deny","Action":"account:CloseAccount","Resource":"*"}`,
			[]string{"no longer denied explicitly | organizations:LeaveOrganization | *", "now denied explicitly | account:CloseAccount | *"},
		},
		{
			"a variable", Identity, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/*"}`, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*"}`,
			[]string{"newly denied | s3:GetObject | arn:aws:s3:::home/* except arn:aws:s3:::home/*/*", "newly denied | s3:GetObject | arn:aws:s3:::home/*/* | the resource does not fit arn:aws:s3:::home/${aws:username}/*"},
		},
		{
			"a variable split off", Identity, `{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a/${aws:username}/*","arn:aws:s3:::b/${aws:username}"]}`,
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/${aws:username}/*"}`, nil,
		},
		{
			"a wildcard for what it covers today", Identity, `{"Effect":"Allow","Action":["organizations:LeaveOrganization","sts:GetAccessKeyInfo"],"Resource":"*"}`,
			`{"Effect":"Allow","Action":["organizations:LeaveOrganizatio?","sts:GetAccessKeyInfo"],"Resource":"*"}`,
			[]string{"newly allowed later | organizations:LeaveOrganizatio? | *"},
		},
		{
			"resources that the action does not work on", Identity, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`,
			`{"Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::b/*","arn:aws:ec2:*:*:instance/*"]}`, nil,
		},
		{
			"another account", Resource, `{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sqs:SendMessage","Resource":"*"}`,
			`{"Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::444455556666:role/r"]},"Action":"sqs:SendMessage","Resource":"*"}`,
			[]string{"newly allowed | sqs:SendMessage | * | by arn:aws:iam::444455556666:role/r"},
		},
		{
			"everyone", Resource, `{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}`,
			`{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}},{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}`,
			[]string{"newly allowed | sns:Publish | * | by any AWS account | aws:PrincipalOrgID is o-1"},
		},
		{
			"trust", Resource, `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]},"Action":"sts:AssumeRole"}`,
			[]string{"newly allowed | sts:AssumeRole | * | by lambda.amazonaws.com"},
		},
		{"nothing before", Identity, "", `{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:q"}`, []string{"newly allowed | sqs:* except sqs:ListQueues | arn:aws:sqs:*:*:q"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := Compare(c.kind, parse(t, c.old), parse(t, c.new))
			var got []string
			for _, x := range r.Regions {
				got = append(got, say(x))
			}
			if !slices.Equal(got, c.want) || len(r.Unknown) > 0 {
				t.Errorf("got:\n  %s\nwant:\n  %s\nunknown %v", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "), r.Unknown)
			}
		})
	}
}

func TestGranted(t *testing.T) {
	p := parse(t, `{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`)
	for actions, want := range map[string]string{"s3:DeleteBucket": "", "s3:DeleteBucket,s3:putobject": "newly allowed | s3:PutObject | *", "iam:*": ""} {
		got := ""
		for _, r := range Granted(Identity, p, strings.Split(actions, ",")).Regions {
			got += say(r)
		}
		if got != want {
			t.Errorf("%s: %q", actions, got)
		}
	}
}

// What could not be read is said, never taken for equal.
func TestUnknown(t *testing.T) {
	allow := policy.Statement{Effect: policy.Allow, Actions: words("s3:GetObject"), Resources: words("*")}
	for name, change := range map[string]func(d *policy.Document){
		"the document": func(d *policy.Document) { d.Unseen = "denied" },
		"an effect":    func(d *policy.Document) { d.Statements[0].Effect = "" },
		"a resource":   func(d *policy.Document) { d.Statements[0].Resources[0].Partial = true },
		"an operator": func(d *policy.Document) {
			d.Statements[0].Conditions = []policy.Condition{{Operator: "Strange", Key: "k"}}
		},
		"some of a key": func(d *policy.Document) {
			d.Statements[0].Conditions = []policy.Condition{{Operator: "StringEquals", Key: "k", Unseen: true}}
		},
		"a principal": func(d *policy.Document) { d.Statements[0].Unseen = policy.PrincipalPart },
	} {
		s := allow
		s.Resources = words("*")
		d := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}}
		change(d)
		if r := Compare(Identity, []Policy{{"same", d}}, []Policy{{"same", d}}); r.Equal() || !r.Widens() || len(r.Unknown) != 1 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestUnknownPrincipal(t *testing.T) {
	p := parse(t, `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)
	if r := Compare(Resource, p, p); r.Equal() || len(r.Unknown) != 1 {
		t.Errorf("%+v", r)
	}
}

// Too much to compare is said too, and soon.
func TestLimits(t *testing.T) {
	begin := time.Now()
	var conditions, other []string
	for i := range 60 {
		conditions = append(conditions, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/k%d":"a","aws:PrincipalTag/l%d":"b"}}}`, i, i))
		other = append(other, fmt.Sprintf(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/k%d":"a","aws:PrincipalTag/l%d":"b"}}}`, i, (i+1)%60))
	}
	if r := Compare(Identity, parse(t, strings.Join(conditions, ",")), parse(t, strings.Join(other, ","))); r.Equal() || len(r.Unknown) == 0 {
		t.Errorf("%d regions, unknown %v", len(r.Regions), r.Unknown)
	}
	var many []string
	for i := range 40 {
		many = append(many, fmt.Sprintf(`"arn:aws:s3:::*%c*%d*?????????"`, 'a'+i%26, i))
	}
	old := `{"Effect":"Allow","Action":"s3:GetObject","Resource":[` + strings.Join(many, ",") + `]}`
	new := `{"Effect":"Allow","Action":"s3:GetObject","Resource":[` + strings.Join(many[1:], ",") + `]}`
	if r := Compare(Identity, parse(t, old), parse(t, new)); r.Equal() {
		t.Errorf("equal, unknown %v", r.Unknown)
	}
	if d := time.Since(begin); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func FuzzCompare(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}/*"}}`,
		`{"Statement":[{"Effect":"Deny","NotAction":"s3:G?t*","NotResource":"*:x","Condition":{"ForAnyValue:StringLike":{"aws:TagKeys":["a*","${x}"]},"NumericLessThan":{"k":"1e3"},"IpAddress":{"aws:SourceIp":"::/0"}}}]}`, uint8(0))
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/r"],"Federated":"x"}}}`,
		`{"Statement":[{"Effect":"Deny","Action":"*","NotPrincipal":{"Service":"ec2.amazonaws.com"},"Condition":{"DateLessThan":{"aws:CurrentTime":"2030-01-01"},"Null":{"a":"true"}}}]}`, uint8(1))
	f.Fuzz(func(t *testing.T, old, new string, kind uint8) {
		if len(old)+len(new) > 2000 {
			t.Skip("limits have a test of their own")
		}
		a, _ := policy.Parse([]byte(old))
		b, _ := policy.Parse([]byte(new))
		k := Kind(kind % 3)
		Compare(k, []Policy{{"old", a}}, []Policy{{"new", b}})
		if r := Compare(k, []Policy{{"same", a}}, []Policy{{"same", a}}); len(r.Regions) > 0 {
			t.Fatalf("differs from itself: %+v", r.Regions)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	var old, new []policy.Statement
	for i := range 40 {
		s := policy.Statement{Effect: policy.Allow, Actions: words("s3:Get*", "ec2:Describe*", fmt.Sprintf("svc%d:*", i)), Resources: words(fmt.Sprintf("arn:aws:s3:::bucket-%d/*", i))}
		old = append(old, s)
		s.Conditions = []policy.Condition{bases[i%len(bases)]}
		new = append(new, s)
	}
	for b.Loop() {
		Compare(Identity, []Policy{{"old", &policy.Document{Statements: old}}}, []Policy{{"new", &policy.Document{Statements: new}}})
	}
}
