package escalate

import (
	"strings"
	"testing"
)

const whole = `id: iam-put-user-policy
title: Write an inline policy on oneself
kind: self
by: user
requires:
  - action: iam:PutUserPolicy
    resource: self
target: {who: self, change: permissions}
text: Why it works.
fix: What to do.
`

func TestParseTechnique(t *testing.T) {
	got, err := ParseTechnique("a.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if got.Requires[0].Resource[0] != "self" || got.Target.Change != "permissions" || got.File != "a.yaml" {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ old, new, want string }{
		{"iam-put-user-policy", "Put_Policy", "kebab-case"},
		{"kind: self", "kind: magic", `kind: "magic"`},
		{"by: user", "by: group", `by: "group"`},
		{"iam:PutUserPolicy", "iam:Put*", "requires[0]: action"},
		{"resource: self", "resource: target", "the technique has no target"},
		{"resource: self", "resource: elsewhere", `resource: "elsewhere"`},
		{"who: self", "who: nobody", `target.who: "nobody"`},
		{", change: permissions", "", "what becomes of oneself"},
		{"change: permissions", "change: membership, when: [sunshine]", `target.when: "sunshine"`},
		{"who: self, change: permissions", "who: user, trusts: lambda.amazonaws.com", "about roles"},
		{"who: self, change: permissions", "who: role, through: {type: A}", "either role or profile"},
		{"text: Why it works.\n", "", "title, text and fix"},
		{"by: user", "by: user\nwonder: 1", "wonder"},
		{"  - action: iam:PutUserPolicy\n    resource: self\n", "  []\n", "requires: 0 actions"},
	} {
		_, err := ParseTechnique("a.yaml", []byte(strings.Replace(whole, c.old, c.new, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "a.yaml: ") {
			t.Errorf("%q for %q: %v; want %q", c.new, c.old, err, c.want)
		}
	}
	if _, err := ParseTechnique("a.yaml", make([]byte, maxFile+1)); err == nil {
		t.Error("a file of any size is read")
	}
}

func FuzzParseTechnique(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("requires: [{action: a:b, resource: [x, y]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := ParseTechnique("f.yaml", data); err == nil && (len(got.Requires) == 0 || len(got.Actions()) > len(got.Requires)) {
			t.Errorf("%+v", got)
		}
	})
}
