package access

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
)

func TestMembers(t *testing.T) {
	organisation := &evidence.Resource{Type: evidence.TypeOrganization, Account: "222233334444", ID: "o-a", Properties: props{"Id": "o-a", "RootId": "r-1", "ManagementAccountId": "222233334444"}}
	root := &evidence.Resource{Type: evidence.TypeNode, Account: "222233334444", ID: "r-1", Properties: props{"Id": "r-1", "Kind": "ROOT"}}
	member := func(account, parent string) *evidence.Resource {
		return &evidence.Resource{Type: evidence.TypeAccount, Account: account, ID: account, Properties: props{"Id": account, "ParentId": parent, "Management": account == "222233334444"}}
	}
	for name, c := range map[string]struct {
		resources []*evidence.Resource
		want      []string
		all       bool
	}{
		"whole":                  {[]*evidence.Resource{organisation, root, member("222233334444", "r-1"), member("111122223333", "r-1"), member("999988887777", "")}, []string{"111122223333", "222233334444"}, true},
		"without the management": {[]*evidence.Resource{organisation, root, member("111122223333", "r-1")}, []string{"111122223333"}, false},
		"of another":             {[]*evidence.Resource{root, member("111122223333", "r-1")}, nil, false},
	} {
		e, err := Load(Evidence{Resources: each(c.resources)})
		if err != nil {
			t.Fatal(err)
		}
		if got, all := e.Members("o-a"); !slices.Equal(got, c.want) || all != c.all {
			t.Errorf("%s: %v, %v", name, got, all)
		}
	}
	e, _ := Load(Evidence{Resources: each(nil)})
	if got, all := e.Members(""); len(got) > 0 || all {
		t.Errorf("no organisation has members %v", got)
	}
}

// Inline policies are another way to declare a policy, not another policy: that
// nobody lists them hides nothing.
func TestOtherWaysToDeclareHideNothing(t *testing.T) {
	listed := map[string]bool{}
	for _, typ := range Types() {
		listed[typ] = typ != "AWS::SNS::TopicInlinePolicy" && typ != "AWS::SQS::QueuePolicy"
	}
	e, err := Load(Evidence{
		Listed: map[string]map[string]bool{"111122223333": listed},
		Resources: each([]*evidence.Resource{
			{Type: "AWS::SNS::Topic", Account: "111122223333", Region: "eu-west-1", ID: "t", ARN: "arn:aws:sns:eu-west-1:111122223333:t", Properties: props{}},
			{Type: "AWS::SQS::Queue", Account: "111122223333", Region: "eu-west-1", ID: "q", ARN: "arn:aws:sqs:eu-west-1:111122223333:q", Properties: props{}},
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if o := e.Object("arn:aws:sns:eu-west-1:111122223333:t"); o.Policy != nil {
		t.Errorf("the topic has no policy, but %+v", o.Policy)
	}
	if o := e.Object("arn:aws:sqs:eu-west-1:111122223333:q"); o.Policy == nil || o.Policy.Unseen == "" {
		t.Error("whether the queue has a policy was not seen")
	}
}
