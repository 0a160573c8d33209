package access

import (
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// The workers answer what one by one answers.
func TestWhoCanAgreesWithDecide(t *testing.T) {
	e := load(t, benchEvidence(benchEstate()))
	context := iam.NewContext(map[string][]string{"aws:RequestedRegion": {"eu-west-1"}})
	for _, question := range []struct{ action, arn string }{
		{"s3:GetObject", "arn:aws:s3:::bucket-42/x"}, {"kms:Decrypt", "arn:aws:kms:eu-west-1:100000000001:key/bucket-1"},
	} {
		o := e.Object(question.arn)
		found, err := e.WhoCan(question.action, o, context)
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		for _, s := range e.Subjects() {
			outcome := e.Decide(s, question.action, o, context)
			if outcome.Allowed == kleene.False {
				continue
			}
			if i >= len(found) || found[i].Subject != s || found[i].Outcome != outcome {
				t.Fatalf("%s on %s: %s is missing or different", question.action, question.arn, s.Name())
			}
			i++
		}
		if i != len(found) || i == 0 {
			t.Errorf("%s on %s: %d found, %d decided", question.action, question.arn, len(found), i)
		}
	}
	if _, err := e.WhoCan("s3:*", e.Object("*"), context); err == nil {
		t.Error("a pattern is no action")
	}
}

// Whom a policy names besides the users and roles that were seen.
func TestOutsiders(t *testing.T) {
	e := load(t, world())
	for arn, want := range map[string][]string{
		"arn:aws:s3:::logs/x":                                   nil, // public access is blocked
		"arn:aws:lambda:eu-west-1:" + prod + ":function:f":      {"s3.amazonaws.com"},
		"arn:aws:lambda:eu-west-1:" + prod + ":function:f:live": {"arn:aws:iam::" + other + ":root"},
		"arn:aws:iam::" + prod + ":role/ci/deploy":              {"arn:aws:iam::" + other + ":root"},
		"arn:aws:s3:::bare/x":                                   nil,
	} {
		action := map[byte]string{'s': "s3:GetObject", 'l': "lambda:InvokeFunction", 'i': "sts:AssumeRole"}[arn[len("arn:aws:")]]
		list, err := e.Outsiders(action, e.Object(arn), func() *iam.Context { return &iam.Context{Open: true} })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range list {
			got = append(got, a.Subject.Name())
		}
		if len(got) != len(want) || len(got) > 0 && got[0] != want[0] {
			t.Errorf("%s on %s: %v, want %v", action, arn, got, want)
		}
	}
}
