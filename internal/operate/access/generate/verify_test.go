package generate

import (
	"fmt"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/activity"
)

// TestEndlessResources: millions of objects are not remembered one by one, and are
// proved all the same.
func TestEndlessResources(t *testing.T) {
	log, err := NewLog("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		t.Fatal(err)
	}
	ann, err := iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		t.Fatal(err)
	}
	context := &iam.Context{Open: true}
	for i := range mostListed + 5000 {
		log.Add([]activity.Call{{Name: "x", Type: "object", Denied: i == mostListed || i == mostListed+4, Request: iam.Request{
			Principal: ann, Action: "s3:GetObject", Resource: fmt.Sprintf("arn:aws:s3:::b/%d/%d", i%2, i), Account: "111122223333", Context: context}}})
	}
	if n := len(log.calls) + len(log.rest); n > mostListed+1 {
		t.Errorf("%d entries", n)
	}
	r, err := log.Policy(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Policies[0].Statements; len(s) != 1 || len(s[0].Resources) != 1 || s[0].Resources[0].Value != "arn:aws:s3:::b/*" || r.Verified != mostListed+1 || len(r.Uncovered) > 0 {
		t.Errorf("%+v, %d verified, %+v", s, r.Verified, r.Uncovered)
	}
}

// TestVerifyFindsWhatIsMissing takes statements away again: the proof has to notice
// each.
func TestVerifyFindsWhatIsMissing(t *testing.T) {
	log, err := NewLog("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		t.Fatal(err)
	}
	ann, err := iam.ParsePrincipal("arn:aws:iam::111122223333:user/ann")
	if err != nil {
		t.Fatal(err)
	}
	call := func(action, resource string, conditions ...activity.Condition) activity.Call {
		context := &iam.Context{Open: true}
		for _, c := range conditions {
			context.Set(c.Key, c.Value)
		}
		return activity.Call{Name: "x", Conditions: conditions, Request: iam.Request{Principal: ann, Action: action, Resource: resource, Account: "111122223333", Context: context}}
	}
	log.Add([]activity.Call{
		call("s3:GetObject", "arn:aws:s3:::b/k"),
		call("ec2:DescribeVpcs", "*"),
		call("iam:PassRole", "arn:aws:iam::111122223333:role/r", activity.Condition{Key: "iam:PassedToService", Value: "lambda.amazonaws.com"}),
		call("sts:AssumeRole", "arn:aws:iam::444455556666:role/r"),
	})
	whole, err := log.Policy(Options{})
	if err != nil || whole.Verified != 4 || len(log.lost) != 0 {
		t.Fatalf("%+v %v", whole, err)
	}
	for i, s := range whole.Policies[0].Statements {
		log.lost = map[string]*Lost{}
		less := *whole.Policies[0]
		less.Statements = append(append(less.Statements[:0:0], less.Statements[:i]...), less.Statements[i+1:]...)
		r := &Result{}
		r.Policies = append(r.Policies, &less)
		log.verify(log.needed(), r)
		if r.Verified != 3 || len(log.lost) != 1 {
			t.Errorf("without %v: %d verified, lost %v", s.Actions, r.Verified, log.lost)
		}
		for _, l := range log.lost {
			if l.Action != s.Actions[0].Value || !strings.Contains(l.Why, "ImplicitlyDenied") {
				t.Errorf("%+v", l)
			}
		}
	}
}
