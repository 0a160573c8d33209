package policy_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/managed"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func expand(pattern string) []string {
	var out []string
	for _, a := range action.Expand(pattern) {
		out = append(out, a.String())
	}
	return out
}

func minified(t *testing.T, d *policy.Document, how policy.Shrink) (*policy.Document, string) {
	t.Helper()
	small := policy.Minify(d, how)
	text, err := small.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return small, string(text)
}

// TestMinify shows each way of shrinking once, and what must not be done.
func TestMinify(t *testing.T) {
	for name, c := range map[string]struct {
		in, out string // statements
		how     policy.Shrink
	}{
		"white space, lists of one": {
			in:  `[ {"Effect" : "Allow", "Action": ["s3:GetObject"], "Resource": ["*"]} ]`,
			out: `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`,
		},
		"what comes twice": {
			in:  `{"Effect":"Allow","Action":["s3:PutObject","s3:GetObject","S3:getobject"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::a","arn:aws:s3:::b"]}`,
			out: `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::a","arn:aws:s3:::b"]}`,
		},
		"what another includes": {
			in:  `{"Effect":"Allow","Action":["s3:GetObject","s3:Get*","s3:GetObject*"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b/x","arn:aws:s3:::b/${aws:username}","arn:aws:s3:::c"]}`,
			out: `{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::c"]}`,
		},
		"variables include nothing": {
			in:  `{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::${aws:username}*","arn:aws:s3:::${aws:username}x","arn:aws:sqs:${aws:RequestedRegion}:*:q","arn:aws:sqs:*:*:q"]}`,
			out: `{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::${aws:username}*","arn:aws:s3:::${aws:username}x","arn:aws:sqs:${aws:RequestedRegion}:*:q","arn:aws:sqs:*:*:q"]}`,
		},
		"statement that another covers": {
			in:  `[{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"B","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}]`,
			out: `{"Sid":"A","Effect":"Allow","Action":"s3:*","Resource":"*"}`,
		},
		"statements alike": {
			in:  `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"}]`,
			out: `{"Sid":"A","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*"}`,
		},
		"statements alike but for two lists": {
			in:  `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::c/*"}]`,
			out: `[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"},{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::c/*"}]`,
		},
		"other effect": {
			in:  `[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]`,
			out: `[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]`,
		},
		"negations are not joined": {
			in:  `[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}]`,
			out: `[{"Effect":"Allow","NotAction":"s3:*","Resource":"*"},{"Effect":"Allow","NotAction":"sqs:*","Resource":"*"}]`,
		},
		"principals": {
			in:  `[{"Effect":"Allow","Principal":{"AWS":["222222222222","222222222222"]},"Action":"s3:*","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"}]`,
			out: `{"Effect":"Allow","Principal":{"AWS":["111111111111","222222222222"]},"Action":"s3:*","Resource":"*"}`,
		},
		"names are kept": {
			in:  `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"B","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]`,
			out: `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"B","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]`,
		},
		"names are given up": {
			in:  `[{"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Sid":"B","Effect":"Allow","Action":"s3:PutObject","Resource":"*"}]`,
			out: `{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":"*"}`,
			how: policy.Shrink{DropSids: true},
		},
		"condition values": {
			in:  `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalTag/t":["ab","a*","b","b"]},"StringEquals":{"s3:prefix":["a*","ab"]}}}`,
			out: `{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"s3:prefix":["a*","ab"]},"StringNotLike":{"aws:PrincipalTag/t":["a*","b"]}}}`,
		},
		"patterns of actions": {
			in:  `{"Effect":"Allow","Action":["sqs:ListDeadLetterSourceQueues","sqs:ListMessageMoveTasks","sqs:ListQueueTags","sqs:ListQueues","sqs:SendMessage","sqs:NoSuchThing"],"Resource":"*"}`,
			out: `{"Effect":"Allow","Action":["sqs:L*","sqs:NoSuchThing","sqs:SendMessage"],"Resource":"*"}`,
			how: policy.Shrink{Expand: expand},
		},
		"patterns that are there stay": {
			in:  `{"Effect":"Allow","Action":["sqs:*Queues","sqs:SendMessage"],"Resource":"*"}`,
			out: `{"Effect":"Allow","Action":["sqs:*Queues","sqs:SendMessage"],"Resource":"*"}`,
			how: policy.Shrink{Expand: expand},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, problems := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":` + c.in + `}`))
			if len(problems) > 0 {
				t.Fatal(problems.Err())
			}
			before, _ := d.MarshalJSON()
			_, got := minified(t, d, c.how)
			if want := `{"Version":"2012-10-17","Statement":` + c.out + `}`; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if after, _ := d.MarshalJSON(); string(after) != string(before) {
				t.Errorf("the document itself was changed:\n%s\n%s", before, after)
			}
		})
	}
}

var (
	words   = []string{"a", "A", "ab", "alice", ""}
	objects = []string{"arn:aws:s3:::b", "arn:aws:s3:::b/a", "arn:aws:s3:::b/alice", "arn:aws:s3:::B/x", "arn:aws:s3:::c/a", "arn:aws:sqs:eu-west-1:111122223333:q", "*"}
	calls   = []string{"s3:GetObject", "s3:PutObject", "s3:GetObjectAcl", "s3:ListBucket", "sqs:SendMessage", "sqs:ReceiveMessage", "ec2:RunInstances", "s3:DeleteObject"}
	callers = []string{"arn:aws:iam::111122223333:user/alice", "arn:aws:iam::444455556666:role/r", "arn:aws:sts::111122223333:assumed-role/r/s", "arn:aws:iam::111122223333:root"}
)

func anyOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func randomRequest(t *testing.T, r *rand.Rand) *iam.Request {
	t.Helper()
	who, err := iam.ParsePrincipal(anyOf(r, callers))
	if err != nil {
		t.Fatal(err)
	}
	c := iam.NewContext(nil)
	c.Open = r.IntN(3) == 0
	for _, key := range []string{"aws:PrincipalTag/a", "s3:prefix", "aws:username"} {
		switch r.IntN(4) {
		case 0, 1:
			c.Set(key, anyOf(r, words))
		case 2:
			c.Mark(key, iam.Unseen)
		}
	}
	if r.IntN(2) == 0 {
		c.Set("aws:TagKeys", words[:r.IntN(3)]...)
	}
	req, err := iam.NewRequest(iam.Request{Principal: who, Action: anyOf(r, calls), Resource: anyOf(r, objects), Account: "111122223333", Context: c})
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// judge decides requests by one document as identity policy, resource policy and
// permissions boundary in turn.
type judge [3]iam.Policies

func newJudge(d *policy.Document) *judge {
	set := iam.Set{Policies: []*iam.Policy{iam.Compile("p", d)}}
	all, _ := policy.Parse([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`))
	everything := iam.Set{Policies: []*iam.Policy{iam.Compile("all", all)}}
	return &judge{{Identity: set, Resource: &everything}, {Resource: &set}, {Identity: everything, Boundary: &set}}
}

func (j *judge) decide(req *iam.Request) (out [3]iam.Decision) {
	for i := range j {
		out[i] = iam.Decide(req, &j[i]).Decision
	}
	return out
}

// kin are random documents in which some statements resemble each other.
func kin(r *rand.Rand) *policy.Document {
	d := policy.RandomDocument(r)
	for range r.IntN(3) {
		s := anyOf(r, d.Statements)
		s.Sid = ""
		switch more := anyOf(r, policy.RandomDocument(r).Statements); r.IntN(3) {
		case 0:
			s.Actions, s.NotActions = more.Actions, more.NotActions
		case 1:
			s.Resources, s.NotResources = more.Resources, more.NotResources
		case 2:
			s.Conditions = nil
		}
		d.Statements = append(d.Statements, s)
	}
	return d
}

// TestMinifyChangesNoDecision asks the engine thousands of random questions.
func TestMinifyChangesNoDecision(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	shrunk, statements := 0, 0
	for range 200 {
		d := kin(r)
		how := policy.Shrink{DropSids: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			how.Expand = expand
		}
		before, _ := d.MarshalJSON()
		small, text := minified(t, d, how)
		if len(text) > len(before) {
			t.Fatalf("grew:\n%s\n%s", before, text)
		}
		if len(text) < len(before) {
			shrunk++
		}
		if len(small.Statements) < len(d.Statements) {
			statements++
		}
		if _, again := minified(t, small, how); again != text {
			t.Fatalf("a second time gives something else:\n%s\n%s", text, again)
		}
		one, other := newJudge(d), newJudge(small)
		for range 60 {
			req := randomRequest(t, r)
			if want, got := one.decide(req), other.decide(req); want != got {
				t.Fatalf("%s on %s by %s with %+v\nbefore %v %s\nafter  %v %s", req.Action, req.Resource, req.Principal.ARN, req.Context, want, before, got, text)
			}
		}
	}
	if shrunk < 130 || statements < 40 {
		t.Errorf("only %d documents shrank, %d of them by statements; the test shows little", shrunk, statements)
	}
}

// TestMinifyOfRealPolicies proves that patterns mean the same actions.
func TestMinifyOfRealPolicies(t *testing.T) {
	for _, name := range []string{"AmazonEC2ContainerServiceforEC2Role", "AWSLambda_ReadOnlyAccess", "AmazonSQSReadOnlyAccess", "SecurityAudit", "AmazonS3ReadOnlyAccess"} {
		text, ok := managed.Policy(name)
		if !ok {
			t.Errorf("no policy %s", name)
			continue
		}
		d, _ := policy.Parse(text)
		small, out := minified(t, d, policy.Shrink{DropSids: true, Expand: expand})
		if len(out) > policy.Measure(text).Dense {
			t.Errorf("%s grew from %d to %d", name, policy.Measure(text).Dense, len(out))
		}
		if want, got := allActions(d), allActions(small); !slices.Equal(want, got) {
			t.Errorf("%s: the actions changed from %d to %d", name, len(want), len(got))
		}
	}
}

func allActions(d *policy.Document) []string {
	var out []string
	for _, s := range d.Statements {
		for _, a := range s.Actions {
			out = append(out, expand(a.Value)...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestMeasure(t *testing.T) {
	text := "{ \"a\" : \"b \\\" \\\\\",\n\t\"é\": 1 }"
	s := policy.Measure([]byte(text))
	if s.Bytes != len(text) || s.Characters != len(text)-1 || s.Dense != s.Characters-7 {
		t.Errorf("%+v of %d bytes", s, len(text))
	}
	if s.Count(policy.DenseCharacters) != s.Dense || s.Count(policy.Characters) != s.Characters || s.Count(policy.Bytes) != s.Bytes {
		t.Error("units are mixed up")
	}
}

func TestQuotas(t *testing.T) {
	for _, k := range policy.Types() {
		if len(policy.Quotas(k)) == 0 {
			t.Errorf("no quota of %s policies", k)
		}
		for _, q := range policy.Quotas(k) {
			if q.Name == "" || q.Key == "" || q.Limit < 1024 || q.Source == "" {
				t.Errorf("%+v lacks something", q)
			}
		}
	}
	if q, ok := policy.QuotaFor("scp"); !ok || q.Limit != 10240 {
		t.Errorf("scp: %+v", q)
	}
	for text, want := range map[string]string{
		`"Action":"s3:GetObject"`:           "s3",
		`"Action":["SQS:Send*","sqs:Get*"]`: "sqs",
		`"Action":["s3:*","sqs:*"]`:         "s3 kms sqs",
		`"Action":"nosuch:Thing"`:           "s3 kms sqs",
	} {
		d, _ := policy.Parse([]byte(`{"Statement":{"Effect":"Allow","Principal":"*",` + text + `}}`))
		var keys []string
		for _, q := range policy.Likely(d, policy.Resource) {
			keys = append(keys, q.Key)
		}
		if got := strings.Join(keys, " "); !strings.HasPrefix(got, want) || want == "s3" && got != "s3" {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestPublishedExamples reads the guardrails that AWS publishes.
func TestPublishedExamples(t *testing.T) {
	const folder = "/work/shared/data/policies"
	if _, err := os.Stat(filepath.Join(folder, "scp-examples.tar.gz")); err != nil {
		t.Skip("needs the example policies in ", folder)
	}
	// Each of these is at fault itself: a comment, and places for values of one's own.
	atFault := []string{"deny-service-specific-credential-by-type.json", "Deny-use-of-IAM-user-credentials-from-unexpected-networks.json", "S3-Prevent-long-term-presigned-url.json", "Shared-Issuers.json"}
	for file, kind := range map[string]policy.Type{"scp-examples.tar.gz": policy.SCP, "rcp-examples.tar.gz": policy.RCP} {
		n := 0
		for name, text := range archive(t, filepath.Join(folder, file)) {
			n++
			d, problems := policy.Parse(text)
			problems = append(problems, policy.Check(d, kind)...)
			if bad := slices.Contains(atFault, filepath.Base(name)); bad != (len(problems) > 0) {
				t.Errorf("%s: %v", name, problems.Err())
			}
		}
		if n < 10 {
			t.Errorf("%s: %d policies only", file, n)
		}
	}
}
