package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
)

const someDetails = `{"UserDetailList":[{"UserName":"ann","UserId":"AIDA1","Arn":"arn:aws:iam::111122223333:user/ann","UserPolicyList":[{"PolicyName":"p","PolicyDocument":"%7B%22Statement%22%3A%5B%5D%7D"}]}],
 "Policies":[{"PolicyName":"ReadOnlyAccess","Arn":"arn:aws:iam::aws:policy/ReadOnlyAccess","PolicyVersionList":[]}]}`

func TestAuthorizationDetails(t *testing.T) {
	object, err := new(evidence.Decoder).DecodeObject([]byte(someDetails))
	if err != nil {
		t.Fatal(err)
	}
	list, err := authorizationDetails(object)
	if err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	user, managed := list[0], list[1]
	if user.Account != "111122223333" || managed.Account != "111122223333" || managed.ID != "arn:aws:iam::aws:policy/ReadOnlyAccess" {
		t.Errorf("%+v %+v", user, managed)
	}
	if _, unknown := managed.Properties["PolicyDocument"].(evidence.Unknown); !unknown {
		t.Error("a policy without its default version is not known")
	}
	policies, _ := user.Properties["Policies"].([]any)
	if _, ok := policies[0].(map[string]any)["PolicyDocument"].(map[string]any); !ok {
		t.Errorf("the document stayed encoded: %v", policies)
	}
}

func TestAccessFilesRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"list.json":    {`[1]`, "is neither JSON of AWS IAM nor a CloudFormation template"},
		"nothing.json": {`{}`, "is JSON with nothing at its top"},
		"broken.json":  {`{"UserDetailList": [`, "the JSON ends too early"},
		"nobody.json":  {`{"UserDetailList": []}`, "nobody knows whose account it is"},
		"text.txt":     {"hello", "is neither JSON of AWS IAM"},
		"broken.yaml":  {"AWSTemplateFormatVersion: '2010-09-09'\nResources: [", "broken.yaml"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := new(App).Access(context.Background(), AccessOptions{Files: []string{file}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) || Code(err) != ExitUsage {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := new(App).Access(context.Background(), AccessOptions{}); err == nil {
		t.Error("neither files nor a store were given")
	}
}

func TestAccessReadsTheStore(t *testing.T) {
	ctx := context.Background()
	s, err := store.Open(ctx, t.TempDir(), store.Options{Now: func() time.Time { return DemoInstant }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := new(App).Access(ctx, AccessOptions{Store: s, AsOf: DemoInstant}); Code(err) != ExitUsage {
		t.Errorf("an empty store: %v", err)
	}
	if err := fill(ctx, s, demo.Options{Seed: 1, Accounts: 12, Resources: 400, At: DemoInstant}); err != nil {
		t.Fatal(err)
	}
	e, err := new(App).Access(ctx, AccessOptions{Store: s, AsOf: DemoInstant})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Subjects()) == 0 || len(e.Objects()) == 0 {
		t.Errorf("%d principals, %d resources", len(e.Subjects()), len(e.Objects()))
	}
	if _, err := new(App).Access(ctx, AccessOptions{Store: s, AsOf: DemoInstant.AddDate(-1, 0, 0)}); Code(err) != ExitUsage {
		t.Errorf("a year before nothing was known: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := new(App).Access(cancelled, AccessOptions{Store: s, AsOf: DemoInstant}); err == nil {
		t.Error("a cancelled reading gave an estate")
	}
}

func FuzzExpectations(f *testing.F) {
	f.Add([]byte("- {name: a, principal: [x, y], action: s3:GetObject, resource: '*', context: {a: [1, true]}, expect: denied}\n"))
	f.Add([]byte("context: {a: b}\nabsent: '*'\nassertions:\n- {action: [s3:GetObject], resource: '*', only: []}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseExpectations("f.yaml", data)
		if err == nil && len(list) == 0 {
			t.Error("no assertion, and no error")
		}
	})
}

func FuzzAuthorizationDetails(f *testing.F) {
	f.Add([]byte(someDetails))
	f.Fuzz(func(t *testing.T, data []byte) {
		object, err := new(evidence.Decoder).DecodeObject(data)
		if err != nil {
			return
		}
		if _, err := authorizationDetails(object); err == nil && !isDetails(object) && object["Policies"] == nil {
			t.Errorf("%q was taken for authorization details", data)
		}
	})
}
