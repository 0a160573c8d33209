package action

import (
	"strings"
	"testing"
)

func TestResourceTypesFor(t *testing.T) {
	for arn, want := range map[string]string{
		"arn:aws:s3:::b":            "s3:bucket",
		"arn:aws:s3:::b/k":          "s3:object",
		"arn:aws:s3:::b/a/long/key": "s3:object",
		"arn:aws:s3:us-east-1:111122223333:accesspoint/ap":             "s3:accesspoint",
		"arn:aws:iam::111122223333:role/path/to/r":                     "iam:role",
		"arn:aws:iam::111122223333:user/u":                             "iam:user",
		"arn:aws-cn:sqs:cn-north-1:111122223333:q":                     "sqs:queue",
		"arn:aws:lambda:eu-west-1:111122223333:function:f":             "lambda:function",
		"arn:aws:lambda:eu-west-1:111122223333:function:f:PROD":        "lambda:function alias,lambda:function version",
		"arn:aws:kms:eu-west-1:111122223333:key/abc":                   "kms:key",
		"arn:aws:dynamodb:eu-west-1:111122223333:table/t":              "dynamodb:table",
		"arn:aws:dynamodb:eu-west-1:111122223333:table/t/index/i":      "dynamodb:index",
		"arn:aws:secretsmanager:eu-west-1:111122223333:secret:a/b-xyz": "secretsmanager:Secret",
		"arn:aws:nope:::x": "",
		"arn:aws:s3":       "",
		"":                 "",
		"*":                "",
	} {
		var got []string
		for _, r := range ResourceTypesFor(arn) {
			got = append(got, r.Service+":"+r.Name)
		}
		if strings.Join(got, ",") != want {
			t.Errorf("ResourceTypesFor(%q) = %v, want %s", arn, got, want)
		}
	}
	// An ARN of a service without types of its own.
	found := false
	for _, r := range ResourceTypesFor("arn:aws:wisdom:eu-west-1:111122223333:assistant/a") {
		found = found || r.Service == "wisdom" || r.Service == "connect"
	}
	if !found {
		t.Error("no type for an assistant")
	}
}

// TestEveryTypeFindsItself fills the variables of every ARN.
func TestEveryTypeFindsItself(t *testing.T) {
	for _, name := range Services() {
		s, _ := Find(name)
		for _, r := range s.ResourceTypes() {
			arn := strings.ReplaceAll(strings.ReplaceAll(r.Glob(), "**", "*"), "*", "x")
			if r.fit(arn) == 0 {
				t.Errorf("%s:%s: %s does not fit %s", name, r.Name, arn, r.ARN)
			}
		}
	}
}

func FuzzResourceTypesFor(f *testing.F) {
	f.Add("arn:aws:s3:::b/a/long/key")
	f.Add("arn:aws:iam::111122223333:role/path/to/r")
	f.Fuzz(func(t *testing.T, arn string) {
		for _, r := range ResourceTypesFor(arn) {
			if !matches(r.Glob(), arn) {
				t.Errorf("%q is said to be a %s, whose pattern is %s", arn, r.Name, r.ARN)
			}
		}
	})
}
