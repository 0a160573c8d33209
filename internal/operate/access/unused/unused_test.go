package unused

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
)

var now = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

type props = map[string]any

// ago is an instant as evidence has it.
func ago(days int) string { return now.AddDate(0, 0, -days).Format(time.RFC3339) }

func role(name string, observed props, more ...func(*evidence.Resource)) *evidence.Resource {
	r := &evidence.Resource{
		Type: typeRole, ID: name, ARN: "arn:aws:iam::" + account + ":role/" + name, Account: account, Region: evidence.Global,
		Properties: props{"RoleName": name, "Observed": observed}, Observed: now,
	}
	for _, f := range more {
		f(r)
	}
	return r
}

func user(name string, observed props, more ...func(*evidence.Resource)) *evidence.Resource {
	r := role(name, observed, more...)
	r.Type, r.ARN = typeUser, "arn:aws:iam::"+account+":user/"+name
	return r
}

func row(name string, p props) *evidence.Resource {
	return &evidence.Resource{Type: typeCredentials, ID: name, Account: account, ARN: "arn:aws:iam::" + account + ":user/" + name, Properties: p, Observed: now}
}

func key(index int, active bool, made, used string) props {
	k := props{"Index": int64(index), "Active": active, "LastRotated": made}
	if used != "" {
		k["LastUsed"] = used
	}
	return k
}

func keys(list ...props) []any {
	out := []any{}
	for _, k := range list {
		out = append(out, k)
	}
	return out
}

func tagged(key, value string) func(*evidence.Resource) {
	return func(r *evidence.Resource) { r.Tags = map[string]string{key: value} }
}

func in(path string) func(*evidence.Resource) {
	return func(r *evidence.Resource) { r.Properties["Path"] = path }
}

func find(t *testing.T, o Options, from Evidence, resources ...*evidence.Resource) *Report {
	t.Helper()
	from.Resources = func(yield func(*evidence.Resource, error) bool) {
		for _, r := range resources {
			if !yield(r, nil) {
				return
			}
		}
	}
	report, err := Find(from, now, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// lines are the items in brief.
func lines(r *Report) []string {
	var out []string
	for _, i := range r.Items {
		line := fmt.Sprintf("%s %s %s %s: %s", i.Verdict, i.Kind, i.Principal[strings.LastIndexByte(i.Principal, '/')+1:], i.What, i.Reason)
		if len(i.Actions) > 0 {
			line += " " + strings.Join(i.Actions, ",")
		}
		out = append(out, line)
	}
	for _, x := range r.Excluded {
		out = append(out, fmt.Sprintf("%s %s idle %v", x.Class, x.Principal[strings.LastIndexByte(x.Principal, '/')+1:], x.Idle))
	}
	return out
}

func compare(t *testing.T, r *Report, want ...string) {
	t.Helper()
	got := lines(r)
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func only(kinds ...Kind) Options { return Options{Kinds: kinds} }

func TestRoles(t *testing.T) {
	compare(t, find(t, only(Role), Evidence{},
		role("busy", props{"CreateDate": ago(900), "LastUsed": ago(89)}),
		role("resting", props{"CreateDate": ago(900), "LastUsed": ago(91)}),
		role("edge", props{"CreateDate": ago(900), "LastUsed": ago(90)}), // four hours may be missing
		role("never", props{"CreateDate": ago(200)}),
		role("ancient", props{"CreateDate": ago(900)}),
		role("dateless", props{}),
		role("dateless-busy", props{"LastUsed": ago(3)}),
		role("hidden", props{"CreateDate": ago(900), "LastUsed": evidence.Unknown{Reason: "iam:GetRole denied"}}),
		role("new", props{"CreateDate": ago(20)}),
		role("AWSServiceRoleForSupport", props{"CreateDate": ago(900)}, in("/aws-service-role/support.amazonaws.com/")),
		role("AWSReservedSSO_Admin_0123456789abcdef", props{"CreateDate": ago(900)}, in("/aws-reserved/sso.amazonaws.com/eu-west-1/")),
		role("emergency", props{"CreateDate": ago(900)}, tagged("Break-Glass", "yes")),
		role("no-emergency", props{"CreateDate": ago(900)}, tagged("break-glass", "false")),
		role("untold", props{"CreateDate": ago(900)}, func(r *evidence.Resource) { r.Properties["Tags"] = evidence.Unknown{Reason: "denied"} }),
	),
		"unused role ancient : no use in the 400 days that AWS keeps track of; made 2024-03-15",
		"unknown role dateless : when it was made was not seen",
		"unknown role hidden : iam:GetRole denied",
		"unused role never : never used since it was made 2026-02-13",
		"unused role no-emergency : no use in the 400 days that AWS keeps track of; made 2024-03-15",
		"unused role resting : last used 2026-06-02",
		"unknown role untold : whether it is kept for emergencies is not known: its tags were not seen: denied",
		"identity-center AWSReservedSSO_Admin_0123456789abcdef idle true",
		"service-linked AWSServiceRoleForSupport idle true",
		"break-glass emergency idle true",
		"young new idle false",
	)
}

func TestUsersAndCredentials(t *testing.T) {
	o := only(User, Password, AccessKey)
	old := props{"CreateDate": ago(900)}
	compare(t, find(t, o, Evidence{},
		user("active", props{"CreateDate": ago(900), "PasswordLastUsed": ago(1)}),
		row("active", props{"PasswordEnabled": true, "PasswordLastUsed": ago(1), "PasswordLastChanged": ago(300), "AccessKeys": keys(key(1, true, ago(300), ago(200)), key(2, false, ago(300), ""))}),
		user("by-key", old),
		row("by-key", props{"PasswordEnabled": true, "PasswordLastChanged": ago(300), "AccessKeys": keys(key(1, true, ago(300), ago(2)))}),
		user("gone", old),
		row("gone", props{"PasswordEnabled": true, "PasswordLastUsed": ago(400), "PasswordLastChanged": ago(500), "AccessKeys": keys(key(1, true, ago(300), ""))}),
		user("no-row", old),
		user("no-row-busy", props{"CreateDate": ago(900), "PasswordLastUsed": ago(1)}),
		user("no-key", old),
		row("no-key", props{"PasswordEnabled": false, "AccessKeys": keys()}),
		user("fresh-password", old),
		row("fresh-password", props{"PasswordEnabled": true, "PasswordLastChanged": ago(5), "AccessKeys": evidence.Unknown{Reason: "the report was cut"}}),
		&evidence.Resource{Type: typeCredentials, ID: "<root_account>", Account: account, ARN: "arn:aws:iam::" + account + ":root", Observed: now,
			Properties: props{"Root": true, "AccessKeys": keys(key(1, true, ago(800), ago(700)))}},
	),
		"unused access-key arn:aws:iam::111122223333:root key 1: last used 2024-10-01",
		"unused access-key active key 1: last used 2026-02-13",
		"unused password by-key : never used since it was set 2025-11-05",
		"unknown user fresh-password : the report was cut",
		"unknown access-key fresh-password : the report was cut",
		"unused user gone : last used 2025-07-28",
		"unused password gone : last used 2025-07-28",
		"unused access-key gone key 1: never used since it was made 2025-11-05",
		"unused user no-key : never used since it was made 2024-03-15",
		"unknown user no-row : when its access keys were used is not known: the credential report has no row for it",
		"unknown password no-row : the credential report has no row for it",
		"unknown access-key no-row : the credential report has no row for it",
		"unknown password no-row-busy : the credential report has no row for it",
		"unknown access-key no-row-busy : the credential report has no row for it",
	)
}

// TestOldEvidence: what was not looked at for a while is judged as of then.
func TestOldEvidence(t *testing.T) {
	seen := now.AddDate(0, 0, -30)
	from := Evidence{Seen: func(string, string) time.Time { return seen }}
	r := role("r", props{"CreateDate": ago(900), "LastUsed": ago(100)})
	r.Observed = seen.AddDate(0, -2, 0) // when it first looked like this
	compare(t, find(t, only(Role), from, r))
	r.Properties["Observed"] = props{"CreateDate": ago(900), "LastUsed": ago(121)}
	compare(t, find(t, only(Role), from, r), "unused role r : last used 2026-05-03")
}

func TestNotListed(t *testing.T) {
	from := Evidence{
		Accounts: []string{account, "444455556666"},
		Seen: func(a, typ string) time.Time {
			if a == account {
				return now
			}
			return time.Time{}
		},
		Gaps: []evidence.Gap{{Account: "444455556666", Types: []string{typeRole, typeUser}, Service: "iam", Operation: "GetAccountAuthorizationDetails", Reason: evidence.Denied}},
	}
	report := find(t, only(Role), from)
	if len(report.Items) != 1 || report.Items[0].Account != "444455556666" || report.Items[0].Verdict != Unknown ||
		report.Items[0].Reason != "roles were not collected, or not all of them: iam:GetAccountAuthorizationDetails denied" {
		t.Errorf("%+v", report.Items)
	}
}

func accessed(arn string, services ...any) *evidence.Resource {
	return &evidence.Resource{Type: typeLastAccessed, ID: arn, ARN: arn, Account: account, Observed: now, Properties: props{"PrincipalArn": arn, "Services": services}}
}

func allows(t *testing.T, documents ...string) func(string) (iam.Set, bool) {
	t.Helper()
	var set iam.Set
	for i, text := range documents {
		v, err := evidence.Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		set.Policies = append(set.Policies, iam.Compile(fmt.Sprint("policy ", i), policy.Of(v)))
	}
	return func(string) (iam.Set, bool) { return set, true }
}

func TestServicesAndActions(t *testing.T) {
	r := role("deploy", props{"CreateDate": ago(900), "LastUsed": ago(1)})
	report := accessed(r.ARN,
		props{"ServiceNamespace": "sqs", "LastAuthenticated": ago(2), "Actions": []any{
			props{"ActionName": "CreateQueue", "LastAccessedTime": ago(2)}, props{"ActionName": "DeleteQueue", "LastAccessedTime": ago(120)}, props{"ActionName": "ListQueues"},
		}},
		props{"ServiceNamespace": "ec2", "LastAuthenticated": ago(120)},
		props{"ServiceNamespace": "rds"},
		props{"ServiceNamespace": "kms", "LastAuthenticated": evidence.Unknown{Reason: "not told"}},
		props{"ServiceNamespace": "iam"}, // no longer granted
		props{"ServiceNamespace": "brand-new"},
	)
	from := Evidence{Identity: allows(t,
		`{"Statement":[{"Effect":"Allow","Action":["sqs:CreateQueue","sqs:DeleteQueue","sqs:PurgeQueue","sqs:ListQueues","SQS:sendmessage","ec2:*","rds:Describe*","kms:Decrypt"],"Resource":"*"}]}`,
		`{"Statement":[{"Effect":"Deny","Action":"sqs:CreateQueue","Resource":"arn:aws:sqs:*:*:x"},{"Effect":"Deny","Action":"sqs:PurgeQueue","Resource":"*"}]}`)}
	compare(t, find(t, only(Service, Action), from, r, report),
		"unused service deploy brand-new: no use in the 400 days that AWS keeps track of",
		"unused service deploy ec2: last used 2026-05-04",
		"unknown service deploy kms: not told",
		"unused service deploy rds: no use in the 400 days that AWS keeps track of",
		"unknown action deploy sqs: AWS does not keep track of these actions SendMessage",
		"unused action deploy sqs: 2 of 4 actions it may do were not used DeleteQueue,ListQueues",
	)

	// Where not all policies were seen, more may be granted.
	some := from
	some.Identity = func(string) (iam.Set, bool) { return iam.Set{Unseen: "a group was not collected"}, true }
	if n := len(find(t, only(Service, Action), some, r, report).Items); n != 5 {
		t.Errorf("%d items without policies, want the five services that rest", n)
	}
	some.Identity = func(string) (iam.Set, bool) { return iam.Set{}, false }
	if n := len(find(t, only(Service, Action), some, r, report).Items); n != 5 {
		t.Errorf("%d items of a principal that is not there", n)
	}

	// CloudTrail saw what AWS does not keep track of, and a service it says unused.
	from.Uses = &Uses{}
	from.Uses.Add("arn:aws:sts::"+account+":assumed-role/deploy/ci", "sqs:SendMessage", now.AddDate(0, 0, -5))
	from.Uses.Add("arn:aws:sts::"+account+":assumed-role/deploy/ci", "ec2:RunInstances", now.AddDate(0, 0, -5))
	from.Uses.Add("arn:aws:sts::"+account+":assumed-role/deploy/ci", "", now.AddDate(0, 0, -4)) // denied
	got := find(t, only(Service, Action), from, r, report)
	if i := slices.IndexFunc(got.Items, func(i Item) bool { return i.What == "ec2" && i.Kind == Service }); i >= 0 {
		t.Errorf("%+v", got.Items[i])
	}
	if i := slices.IndexFunc(got.Items, func(i Item) bool {
		return slices.Contains(i.Actions, "SendMessage") || slices.Contains(i.Actions, "RunInstances")
	}); i >= 0 {
		t.Errorf("%+v", got.Items[i])
	}

	// Without data of last access, and of a principal that rests itself.
	compare(t, find(t, only(Service, Action), from, r), "unknown service deploy : last-accessed data was not collected")
	compare(t, find(t, only(Action), from, r), "unknown action deploy : last-accessed data was not collected")
	report.Properties["Services"] = evidence.Unknown{Reason: "iam:GetServiceLastAccessedDetails denied"}
	compare(t, find(t, only(Service), from, r, report), "unknown service deploy : iam:GetServiceLastAccessedDetails denied")
	compare(t, find(t, only(Service), Evidence{}, role("resting", props{"CreateDate": ago(900)})))
}

func TestOtherSourcesOfUse(t *testing.T) {
	r := role("r", props{"CreateDate": ago(900)})
	compare(t, find(t, only(Role), Evidence{}, r, accessed(r.ARN, props{"ServiceNamespace": "s3", "LastAuthenticated": ago(5)})))
	uses := &Uses{}
	uses.Add("arn:aws:sts::"+account+":assumed-role/r/session", "", now.AddDate(0, 0, -5))
	compare(t, find(t, only(Role), Evidence{Uses: uses}, r))
	late := &Uses{}
	late.Add("arn:aws:sts::"+account+":assumed-role/other/session", "s3:GetObject", now)
	late.Add("", "s3:GetObject", now)
	late.Add("arn:aws:iam::"+account+":role/r", "s3:GetObject", time.Time{})
	if len(find(t, only(Role), Evidence{Uses: late}, r).Items) != 1 {
		t.Error("the use of another counts")
	}
}

func TestOptions(t *testing.T) {
	r := role("r", props{"CreateDate": ago(900), "LastUsed": ago(50)}, tagged("kept", "really"))
	if len(find(t, Options{Days: 45, Kinds: []Kind{Role}}, Evidence{}, r).Items) != 1 {
		t.Error("45 days are not heeded")
	}
	for _, o := range []Options{
		{Days: 45, BreakGlass: []Tag{{Key: "Kept", Value: "really"}}},
		{Days: 45, Exempt: func(arn string) bool { return strings.HasSuffix(arn, "role/r") }},
	} {
		if got := find(t, o, Evidence{}, r); len(got.Items) != 0 || len(got.Excluded) != 1 {
			t.Errorf("%+v", got)
		}
	}
	if got := find(t, Options{Days: 45, BreakGlass: []Tag{{Key: "kept", Value: "other"}}, Kinds: []Kind{Role}}, Evidence{}, r); len(got.Excluded) != 0 {
		t.Errorf("%+v", got)
	}
	for _, days := range []int{-1, 401} {
		if _, err := Find(Evidence{}, now, Options{Days: days}); err == nil {
			t.Errorf("%d days are taken", days)
		}
	}
	broken := Evidence{Resources: func(yield func(*evidence.Resource, error) bool) { yield(nil, fmt.Errorf("broken")) }}
	if _, err := Find(broken, now, Options{}); err == nil || err.Error() != "broken" {
		t.Errorf("%v", err)
	}
}

func TestGrants(t *testing.T) {
	g := newGrants()
	count := func(documents ...string) int {
		set, _ := allows(t, documents...)("")
		n := 0
		for _, w := range g.of(set) {
			for ; w != 0; w &= w - 1 {
				n++
			}
		}
		return n
	}
	all := count(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	sqs := count(`{"Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`)
	if all < 20000 || sqs < 15 || sqs > 40 {
		t.Errorf("all %d, sqs %d", all, sqs)
	}
	for document, want := range map[string]int{
		`{"Statement":[{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}]}`:                                                                                all - sqs,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sqs:*","Resource":"*"}]}`:                                     all - sqs,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","NotAction":"sqs:*","Resource":"*"}]}`:                                  sqs,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"a:b":"true"}}}]}`: all,
		`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sqs:*","Resource":"arn:*"}]}`:                                 all,
		`{"Statement":[]}`: 0,
		`{"Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"},{"Effect":"Allow","Action":["sns:Publish","sqs:SendMessage"],"Resource":"*"}]}`: 2,
	} {
		if got := count(document); got != want {
			t.Errorf("%s grants %d actions, want %d", document, got, want)
		}
	}
	if got := count(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`, `{"Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`); got != 0 {
		t.Errorf("a denial of everything leaves %d", got)
	}
}

// TestGrantsOfWhatWasNotSeen: what a hidden part may hold is not granted for sure,
// and nothing is denied by it.
func TestGrantsOfWhatWasNotSeen(t *testing.T) {
	hidden := evidence.Unknown{Reason: "a parameter", Prefix: "sqs:"}
	statement := func(s props) iam.Set {
		return iam.Set{Policies: []*iam.Policy{nil, {}, iam.Compile("p", policy.Of(props{"Statement": []any{s}}))}}
	}
	g := newGrants()
	names := func(set iam.Set) (out []string) {
		granted := g.of(set)
		for _, a := range g.service(granted, "sqs") {
			out = append(out, a.Name)
		}
		return out
	}
	if got := names(statement(props{"Effect": "Allow", "Action": []any{"sqs:SendMessage", hidden}, "Resource": "*"})); !slices.Equal(got, []string{"SendMessage"}) {
		t.Errorf("%v", got)
	}
	for _, s := range []props{
		{"Effect": "Allow", "NotAction": []any{"sns:*", hidden}, "Resource": "*"},
		{"Effect": evidence.Unknown{Reason: "a parameter"}, "Action": "sqs:*", "Resource": "*"},
		{"Effect": "Allow", "Action": hidden, "Resource": "*"},
	} {
		if got := names(statement(s)); len(got) != 0 {
			t.Errorf("%v grants %v", s, got)
		}
	}
	if g.service(nil, "no-such-service") != nil {
		t.Error("a service that does not exist has actions")
	}
}

func TestCredentialsOfWhichLittleIsKnown(t *testing.T) {
	compare(t, find(t, only(Password, AccessKey), Evidence{},
		user("u", props{"CreateDate": ago(900), "PasswordLastUsed": ago(1)}),
		row("u", props{"PasswordEnabled": true, "Created": ago(900), "PasswordLastUsed": evidence.Unknown{Reason: "cut"}, "AccessKeys": keys(
			props{"Index": int64(1), "Active": true}, key(2, true, ago(300), "yesterday"))}),
		user("v", props{"CreateDate": ago(900), "PasswordLastUsed": ago(1)}),
		row("v", props{"PasswordEnabled": true, "Created": ago(900), "AccessKeys": keys()}),
		user("w", props{"CreateDate": ago(900)}),
		row("w", props{"PasswordEnabled": true, "Created": ago(900), "PasswordLastUsed": evidence.Unknown{Reason: "cut"}, "AccessKeys": keys()}),
	),
		`unknown access-key u key 1: when it was made was not seen`,
		`unknown access-key u key 2: "yesterday" is no instant`,
		`unknown password w : cut`,
	)
	if got := Types(); len(got) != 4 || slices.Contains(got, "") {
		t.Errorf("%v", got)
	}
}

func BenchmarkFind(b *testing.B) {
	set := iam.Set{Policies: []*iam.Policy{iam.Compile("admin", policy.Of(props{"Statement": props{"Effect": "Allow", "Action": "*", "Resource": "*"}}))}}
	var resources []*evidence.Resource
	for i := range 1000 {
		r := role(fmt.Sprint("role", i), props{"CreateDate": ago(900), "LastUsed": ago(1)})
		resources = append(resources, r, accessed(r.ARN, props{"ServiceNamespace": "s3", "LastAuthenticated": ago(1), "Actions": []any{props{"ActionName": "ListAllMyBuckets", "LastAccessedTime": ago(1)}}}))
	}
	from := Evidence{Identity: func(string) (iam.Set, bool) { return set, true }, Resources: func(yield func(*evidence.Resource, error) bool) {
		for _, r := range resources {
			yield(r, nil)
		}
	}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Find(from, now, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
