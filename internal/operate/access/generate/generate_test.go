package generate_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/operate/access/generate"
)

const who = "arn:aws:iam::111122223333:role/team/app"

// event is a record of a session of the role.
func event(source, name, params, more string) string {
	if params == "" {
		params = "null"
	}
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{"eventID":"e","eventTime":"2024-05-01T10:00:00Z","eventType":"AwsApiCall","eventSource":"%s.amazonaws.com","eventName":%q,"awsRegion":"eu-west-1","recipientAccountId":"111122223333",
		"userIdentity":{"type":"AssumedRole","principalId":"AROAX:s","arn":"arn:aws:sts::111122223333:assumed-role/app/s","accountId":"111122223333",
		"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAX","arn":"%s"}}},"requestParameters":%s%s}`, source, name, who, params, more)
}

func logOf(t *testing.T, records ...string) *generate.Log {
	t.Helper()
	log, err := generate.NewLog(who)
	if err != nil {
		t.Fatal(err)
	}
	var m activity.Mapper
	var parsed []*activity.Record
	for _, raw := range records {
		r, err := activity.Parse([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		m.Learn(r)
		parsed = append(parsed, r)
	}
	for _, r := range parsed {
		p, skip := r.Principal()
		if skip != activity.NoSkip || !log.Concerns(p) {
			t.Fatalf("%s is not of the principal: %+v %s", r.EventName, p, skip)
		}
		log.Event(r.Time())
		calls, skip := m.Map(r)
		if skip != activity.NoSkip {
			log.Skip(r.EventSource+":"+r.EventName, skip)
		}
		log.Add(calls)
	}
	return log
}

// show writes statements as lines: actions on resources if conditions.
func show(t *testing.T, documents []*policy.Document) string {
	t.Helper()
	words := func(list []policy.Text) string {
		var out []string
		for _, x := range list {
			out = append(out, x.Value)
		}
		return strings.Join(out, " ")
	}
	var lines []string
	for _, d := range documents {
		if p := policy.Check(d, policy.Identity); len(p) > 0 {
			t.Errorf("the policy has problems: %v", p)
		}
		for _, s := range d.Statements {
			line := words(s.Actions) + " on " + words(s.Resources)
			for _, c := range s.Conditions {
				line += " if " + c.Operator + " " + c.Key + " " + words(c.Values)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func TestPolicies(t *testing.T) {
	bucket := func(name, key string) string { return event("s3", name, `{"bucketName":"b","key":"`+key+`"}`, "") }
	for _, c := range []struct {
		name    string
		records []string
		want    string
	}{
		{"actions on the same are together", []string{bucket("GetObject", "a"), bucket("PutObject", "a"), bucket("GetObject", "a")}, "s3:GetObject s3:PutObject on arn:aws:s3:::b/a"},
		{"and others apart", []string{bucket("GetObject", "a"), bucket("PutObject", "b")}, "s3:GetObject on arn:aws:s3:::b/a\ns3:PutObject on arn:aws:s3:::b/b"},
		{"what has no resources is on *", []string{event("ec2", "DescribeVpcs", "", ""), event("s3", "ListBuckets", "", "")}, "ec2:DescribeVpcs s3:ListAllMyBuckets on *"},
		{"role handed on", []string{event("lambda", "CreateFunction20150331", `{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, "")},
			"iam:PassRole on arn:aws:iam::111122223333:role/r if StringEquals iam:PassedToService lambda.amazonaws.com\nlambda:CreateFunction on arn:aws:lambda:eu-west-1:111122223333:function:f"},
		{"role handed to two", []string{event("lambda", "CreateFunction20150331", `{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, ""), event("glue", "CreateJob", `{"name":"f","role":"arn:aws:iam::111122223333:role/r"}`, "")},
			"glue:CreateJob on arn:aws:glue:eu-west-1:111122223333:job/f\niam:PassRole on arn:aws:iam::111122223333:role/r if StringEquals iam:PassedToService glue.amazonaws.com lambda.amazonaws.com\nlambda:CreateFunction on arn:aws:lambda:eu-west-1:111122223333:function:f"},
		{"made with tags", []string{event("ec2", "CreateVpc", `{"tagSpecificationSet":{"items":[{"resourceType":"vpc","tags":[{"key":"a","value":"b"}]}]}}`, "")},
			"ec2:CreateTags on arn:aws:ec2:eu-west-1:111122223333:vpc/* if StringEquals ec2:CreateAction CreateVpc\nec2:CreateVpc on arn:aws:ec2:eu-west-1:111122223333:vpc/*"},
		{"secret by name", []string{event("secretsmanager", "GetSecretValue", `{"secretId":"db"}`, "")}, "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????"},
		{"group of logs in both forms", []string{event("logs", "PutRetentionPolicy", `{"logGroupName":"/a"}`, "")},
			"logs:PutRetentionPolicy on arn:aws:logs:eu-west-1:111122223333:log-group:/a arn:aws:logs:eu-west-1:111122223333:log-group:/a:*"},
		{"letters that would be wildcards", []string{bucket("GetObject", "a*b?${c}$")}, "s3:GetObject on arn:aws:s3:::b/a${*}b${?}${$}{c}$"},
		{"another role", []string{event("sts", "AssumeRole", `{"roleArn":"arn:aws:iam::444455556666:role/r"}`, "")}, "sts:AssumeRole on arn:aws:iam::444455556666:role/r"},
		{"key", []string{event("kms", "Decrypt", `{"keyId":"alias/a"}`, `"resources":[{"ARN":"arn:aws:kms:eu-west-1:111122223333:key/k","accountId":"111122223333"}]`)}, "kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/k"},
		{"denied never", []string{event("s3", "ListBuckets", "", `"errorCode":"AccessDenied"`)}, ""},
		{"failed otherwise", []string{event("s3", "GetBucketPolicy", `{"bucketName":"b"}`, `"errorCode":"NoSuchBucketPolicy"`)}, "s3:GetBucketPolicy on arn:aws:s3:::b"},
		{"vain failures widen nothing", []string{
			event("ec2", "TerminateInstances", `{"instancesSet":{"items":[{"instanceId":"i-0123456789abcdef0"}]}}`, ""), event("ec2", "TerminateInstances", `{}`, `"errorCode":"Client.MissingParameter"`)},
			"ec2:TerminateInstances on arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"},
		{"one wildcard covers the rest", []string{event("kms", "Decrypt", `{"keyId":"alias/a"}`, ""), event("kms", "Decrypt", `{"keyId":"arn:aws:kms:eu-west-1:111122223333:key/k"}`, "")},
			"kms:Decrypt on arn:aws:kms:eu-west-1:111122223333:key/*"},
		{"nothing to ask for", []string{event("sts", "GetCallerIdentity", "", "")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := logOf(t, c.records...).Policy(generate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, r.Policies); got != c.want {
				t.Errorf("\n%s\nwant\n%s", got, c.want)
			}
			if len(r.Uncovered) > 0 {
				t.Errorf("not covered: %+v", r.Uncovered)
			}
		})
	}
}

func parameters(n int, format string) []string {
	var out []string
	for i := range n {
		out = append(out, event("ssm", "GetParameter", fmt.Sprintf(`{"name":%q}`, fmt.Sprintf(format, i)), ""))
	}
	return out
}

func TestManyResourcesBecomeAWildcard(t *testing.T) {
	const start = "arn:aws:ssm:eu-west-1:111122223333:parameter/"
	for _, c := range []struct {
		name, format, want string
		n                  int
		o                  generate.Options
	}{
		{"few", "/a/%d", start + "a/0 " + start + "a/1", 2, generate.Options{}},
		{"many", "/app/db-%02d", start + "app/db-*", 20, generate.Options{}},
		{"many without anything in common", "%02d", start + "*", 20, generate.Options{}},
		{"threshold", "/app/%d", start + "app/*", 3, generate.Options{MaxResources: 2}},
		{"any account", "/app/%d", "arn:aws:ssm:*:*:parameter/app/0", 1, generate.Options{AnyAccount: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := logOf(t, parameters(c.n, c.format)...).Policy(c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := show(t, r.Policies); got != "ssm:GetParameter on "+c.want {
				t.Errorf("%s", got)
			}
			if marked := len(r.Wildcards) == 1; marked != strings.HasSuffix(c.want, "*") {
				t.Errorf("wildcards %+v", r.Wildcards)
			}
			if r.Verified != c.n || len(r.Uncovered) > 0 {
				t.Errorf("verified %d, not covered %+v", r.Verified, r.Uncovered)
			}
		})
	}
	// Objects share a start within their bucket only.
	var records []string
	for i := range 6 {
		records = append(records, event("s3", "GetObject", fmt.Sprintf(`{"bucketName":"b%d","key":"x/%d"}`, i%2, i), ""))
	}
	r, err := logOf(t, records...).Policy(generate.Options{MaxResources: 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := show(t, r.Policies); got != "s3:GetObject on arn:aws:s3:::b0/x/* arn:aws:s3:::b1/x/*" {
		t.Errorf("%s", got)
	}
}

func TestSplitting(t *testing.T) {
	var records []string
	for i := range 60 {
		records = append(records, event("ssm", "GetParameter", fmt.Sprintf(`{"name":"/%d/%s"}`, i, strings.Repeat("x", 150)), ""))
	}
	r, err := logOf(t, records...).Policy(generate.Options{MaxResources: 1000})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Policies) < 2 || r.Verified != 60 {
		t.Errorf("%d documents, %d verified", len(r.Policies), r.Verified)
	}
	for _, d := range r.Policies {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if n := policy.Measure(text).Dense; n > 6144 {
			t.Errorf("a document has %d characters", n)
		}
	}
	if _, err := logOf(t, records[0]).Policy(generate.Options{Limit: 50}); err == nil {
		t.Error("no document can be that short")
	}
}

func TestReport(t *testing.T) {
	r, err := logOf(t,
		event("ec2", "DescribeVpcs", "", ""),
		event("ec2", "DoWonders", "", ""),
		event("ec2", "DoWonders", "", ""),
		event("sts", "GetCallerIdentity", "", ""),
		event("iam", "GetRole", `{"roleName":"r"}`, ""),
		event("s3", "GetBucketPolicy", `{"bucketName":"b"}`, `"errorCode":"NoSuchBucketPolicy"`),
		event("s3", "DeleteBucket", `{"bucketName":"b"}`, `"errorCode":"AccessDenied"`),
		event("lambda", "CreateFunction20150331", `{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, ""),
		event("dms", "CreateEndpoint", `{"serviceAccessRoleArn":"arn:aws:iam::111122223333:role/r"}`, ""),
		event("ec2", "AssociateIamInstanceProfile", `{"AssociateIamInstanceProfileRequest":{"InstanceId":"i-0123456789abcdef0","IamInstanceProfile":{"Name":"p"}}}`, ""),
	).Policy(generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.From.Equal(time.Date(2024, 5, 1, 10, 0, 0, 0, time.UTC)) || r.Events != 10 {
		t.Errorf("from %v, %d events", r.From, r.Events)
	}
	if len(r.Uncovered) != 1 || r.Uncovered[0].Event != "ec2.amazonaws.com:DoWonders" || r.Uncovered[0].Count != 2 {
		t.Errorf("uncovered %+v", r.Uncovered)
	}
	if len(r.Skipped) != 1 || r.Skipped[0].Why != string(activity.NoAction) {
		t.Errorf("skipped %+v", r.Skipped)
	}
	if len(r.Failed) != 1 || r.Failed[0].Action != "s3:GetBucketPolicy" || !slices.Equal(r.Failed[0].Errors, []string{"NoSuchBucketPolicy"}) {
		t.Errorf("failed %+v", r.Failed)
	}
	if len(r.Possible) != 1 || r.Possible[0].Event != "dms.amazonaws.com:CreateEndpoint" {
		t.Errorf("possible %+v", r.Possible)
	}
	if len(r.Denied) != 1 || r.Denied[0].Action != "s3:DeleteBucket" {
		t.Errorf("denied %+v", r.Denied)
	}
	if len(r.Derived) != 2 || r.Derived[0].Condition != "iam:PassedToService=ec2.amazonaws.com" || r.Derived[1].Events[0] != "lambda.amazonaws.com:CreateFunction20150331" {
		t.Errorf("derived %+v", r.Derived)
	}
	if n := len(r.Wildcards); n != 2 || r.Wildcards[n-1].Resource != "arn:aws:iam::111122223333:role/*" || !strings.Contains(r.Wildcards[n-1].Why, "instance profile p") {
		t.Errorf("wildcards %+v", r.Wildcards)
	}
	// The role that the function took has been seen with its ARN, so its path is known.
	if len(r.Assumed) != 0 {
		t.Errorf("assumed %+v", r.Assumed)
	}
	if blind := strings.Join(r.Blind, "\n"); !strings.Contains(blind, "data events of s3") || !strings.Contains(blind, "no events of kms") || !strings.Contains(blind, "span less than a minute") {
		t.Errorf("blind %s", blind)
	}
}

func TestWhoCanBeAskedFor(t *testing.T) {
	for arn, says := range map[string]string{
		"nobody":                                     "not the ARN",
		"arn:aws:iam::111122223333:root":             "no user and no role",
		"arn:aws:iam::111122223333:role/*":           "does not name one",
		"arn:aws:sts::111122223333:federated-user/f": "no user and no role",
	} {
		if _, err := generate.NewLog(arn); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", arn, err)
		}
	}
	session, err := generate.NewLog("arn:aws:sts::111122223333:assumed-role/app/s")
	if err != nil || session.Principal() != "arn:aws:iam::111122223333:role/app" {
		t.Errorf("%v, %v", session, err)
	}
	if !session.MayConcern("arn:aws:sts::111122223333:assumed-role/app/other") || session.MayConcern("arn:aws:sts::444455556666:assumed-role/app/other") {
		t.Error("sessions are found by account and name")
	}
}

// TestOrderDoesNotMatter: the same events give the same bytes in any order.
func TestOrderDoesNotMatter(t *testing.T) {
	records := append(parameters(30, "/a/%d"), event("ec2", "CreateVpc", `{}`, ""), event("s3", "ListBuckets", "", ""), event("iam", "CreateRole", `{"roleName":"r","tags":[{"key":"a","value":"b"}]}`, ""),
		event("lambda", "CreateFunction20150331", `{"functionName":"f","role":"arn:aws:iam::111122223333:role/r"}`, ""), event("glue", "CreateJob", `{"name":"j","role":"arn:aws:iam::111122223333:role/r"}`, ""))
	var first string
	shuffle := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffle.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		r, err := logOf(t, records...).Policy(generate.Options{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got := show(t, r.Policies) + string(text)
		if first == "" {
			first = got
		}
		if got != first {
			t.Fatalf("another order, another result:\n%s\n%s", first, got)
		}
	}
}
