package paths

import (
	"slices"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

func TestSingle(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy props
		admin  kleene.Value
		want   []string
	}{
		{"nothing", document(allow("*", "s3:*")), kleene.False, nil},
		{"everything", document(allow("*", "*")), kleene.True, nil},
		{"everything, sometimes", document(on(props{"Bool": props{"aws:MultiFactorAuthPresent": "true"}}, allow("*", "*"))), kleene.Unknown, []string{"iam-put-user-policy ?"}},
		{"everything but IAM", document(props{"Effect": "Allow", "NotAction": []any{"iam:*", "organizations:*"}, "Resource": "*"}), kleene.False, []string{"sts-assume-role"}},
		{"a named user", document(allow("arn:aws:iam::444455556666:user/alice", "iam:PutUserPolicy")), kleene.False, []string{"iam-put-user-policy as arn:aws:iam::444455556666:user/alice"}},
		{"oneself", document(allow("arn:aws:iam::*:user/${aws:username}", "iam:PutUserPolicy")), kleene.False, []string{"iam-put-user-policy"}},
		{"named functions", document(allow("arn:aws:lambda:eu-west-1:444455556666:function:app-*", "lambda:UpdateFunctionCode", "lambda:InvokeFunction")), kleene.False, []string{"lambda-update-function-code-invoke"}},
		{"a role elsewhere", document(allow("arn:aws:iam::777788889999:role/x", "sts:AssumeRole")), kleene.False, nil},
		{"a role here and one elsewhere", document(allow([]any{"arn:aws:iam::444455556666:role/here", "arn:aws:iam::444455556666:role/too", "arn:aws:iam::777788889999:role/x"}, "sts:AssumeRole")), kleene.False, []string{"sts-assume-role"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			uses, admin, err := Single(c.policy, techniques(t))
			if err != nil || admin != c.admin {
				t.Fatalf("administrator %v, want %v (%v)", admin, c.admin, err)
			}
			var got []string
			for _, u := range uses {
				name := u.Technique.ID
				if u.As != "" {
					name += " as " + u.As
				}
				if u.Value != kleene.True {
					name += " ?"
				}
				got = append(got, name)
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("uses %v lack %q", got, want)
				}
			}
			if c.want == nil && len(got) > 0 && c.name != "a role elsewhere" {
				t.Errorf("uses %v, want none", got)
			}
		})
	}
}

// FuzzSingle: no policy brings the analysis down, and what denies everything
// opens no way.
func FuzzSingle(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam::*:role/*?x"}]}`))
	f.Add([]byte(`{"Statement":{"Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:lambda:*:*:function:a*b"}}`))
	all := techniques(f)
	few := slices.DeleteFunc(slices.Clone(all), func(t escalate.Technique) bool {
		return !slices.Contains([]string{"iam-put-user-policy", "sts-assume-role", "lambda-create-function-invoke", "lambda-update-function-code-invoke", "iam-add-user-to-group"}, t.ID)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return
		}
		if doc, problems := policy.Parse(data); doc == nil || problems.Err() != nil {
			return
		}
		var decoder evidence.Decoder
		document, err := decoder.DecodeObject(data)
		if err != nil {
			return
		}
		if _, _, err := Single(document, few); err != nil {
			t.Fatal(err)
		}
		list, _ := document["Statement"].([]any)
		if list == nil {
			list = []any{document["Statement"]}
		}
		denied := props{"Version": document["Version"], "Statement": append(slices.Clip(list), props{"Effect": "Deny", "Action": "*", "Resource": "*"})}
		if uses, admin, err := Single(denied, few); err != nil || admin != kleene.False || slices.ContainsFunc(uses, func(u Use) bool { return u.Technique.ID != "sts-assume-role" }) {
			t.Fatalf("a policy that denies everything: administrator %v, uses %v (%v)", admin, uses, err)
		}
	})
}
