package analytic

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// request is a record that has request parameters only.
type request struct{ parameters string }

func (r request) Text(path string) string {
	var in map[string]any
	_ = json.Unmarshal([]byte(r.parameters), &in)
	text, _ := in[strings.TrimPrefix(path, "requestParameters.")].(string)
	return text
}

func (r request) Texts(path string) []string { return []string{r.Text(path)} }

func (r request) JSON(path string) []byte {
	if path != "requestParameters" {
		return nil
	}
	return []byte(r.parameters)
}

func openedTo(t *testing.T, to, of string, w World) Analytic {
	t.Helper()
	a, err := New("policy-opened", Setup{Params: map[string]any{"to": to, "of": of}, World: w})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestPolicyOpened looks at who is let in, and at what the signal says of it.
func TestPolicyOpened(t *testing.T) {
	const owner, other, ours = "111122223333", "999988887777", "444455556666"
	statement := func(principal, more string) string {
		return fmt.Sprintf(`{"bucketName":"b","bucketPolicy":{"Statement":[{"Sid":"S","Effect":"Allow","Principal":%s,"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"%s}]}}`, principal, more)
	}
	deny := `,{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}}`
	for _, c := range []struct {
		why, to, parameters string
		accounts            []string
		want                string // part of the message; "" for silence
		steps               int
	}{
		{"everyone", "everyone", statement(`"*"`, ""), nil, "lets everyone in: s3:GetObject (statement S)", 0},
		{"everyone, looked at for accounts", "accounts", statement(`"*"`, ""), nil, "", 0},
		{"an account, looked at for everyone", "everyone", statement(`{"AWS":"`+other+`"}`, ""), nil, "", 0},
		{"an account while ours are not known", "accounts", statement(`{"AWS":"`+other+`"}`, ""), nil, "account " + other, 0},
		{"an account that is none of ours", "accounts", statement(`{"AWS":"arn:aws:iam::`+other+`:role/x"}`, ""), []string{owner, ours}, "account " + other, 1},
		{"an account of ours", "accounts", statement(`{"AWS":"`+ours+`"}`, ""), []string{owner, ours}, "", 0},
		{"the owner", "accounts", statement(`{"AWS":"`+owner+`"}`, ""), nil, "", 0},
		{"a stranger beside the owner", "accounts", statement(`{"AWS":["`+owner+`","`+other+`"]}`, ""), nil, "account " + other, 0},
		{"a condition that keeps strangers out", "everyone", statement(`"*"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a"}}`), nil, "", 0},
		{"a denial that keeps all out", "everyone", strings.TrimSuffix(statement(`"*"`, ""), "]}}") + deny, nil, "", 0},
		{"no policy", "everyone", `{"bucketName":"b"}`, nil, "", 0},
		{"no request", "everyone", ``, nil, "", 0},
		{"a request that is cut off", "everyone", statement(`"*"`, "")[:60], nil, "", 0},
		{"statements that are none", "everyone", `{"bucketPolicy":{"Statement":[1,"x",{"Effect":"Allow","Principal":7}]}}`, nil, "", 0},
		{"a text as a policy", "everyone", `{"name":"ap","Policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}"}`, nil, "policy of ap lets everyone in: s3:*", 0},
	} {
		t.Run(c.why, func(t *testing.T) {
			a := openedTo(t, c.to, "buckets", World{Accounts: c.accounts})
			var got []Signal
			a.Observe(&Activity{ID: "e1", Name: "PutBucketPolicy", Account: owner, Record: request{c.parameters}}, func(s Signal) { got = append(got, s) })
			switch {
			case c.want == "" && len(got) > 0:
				t.Fatalf("signalled %q", got[0].Message)
			case c.want == "":
			case len(got) != 1:
				t.Fatalf("gave %d signals", len(got))
			case !strings.Contains(strings.ToLower(got[0].Message), strings.ToLower(c.want)):
				t.Fatalf("says %q, which lacks %q", got[0].Message, c.want)
			case got[0].Steps != c.steps || got[0].At.ID != "e1" || got[0].At.Record != nil:
				t.Fatalf("steps %d, event %q, record %v", got[0].Steps, got[0].At.ID, got[0].At.Record)
			}
		})
	}
}

func TestPolicyOpenedWants(t *testing.T) {
	for _, c := range []struct{ service, name, fault, wanted string }{
		{"s3", "PutBucketPolicy", "", "buckets"},
		{"kms", "PutKeyPolicy", "", "others"},
		{"iam", "CreateRole", "", "roles"},
		{"iam", "UpdateAssumeRolePolicy", "", "roles"},
		{"iot", "CreateRole", "", ""},
		{"s3", "PutBucketPolicy", "AccessDenied", ""},
		{"s3", "GetBucketPolicy", "", ""},
	} {
		for _, of := range []string{"buckets", "roles", "others"} {
			a := &Activity{Service: c.service + ".amazonaws.com", Name: c.name, Error: c.fault}
			if got := openedTo(t, "everyone", of, World{}).Wants(a); got != (of == c.wanted) {
				t.Errorf("%s %q is wanted: %v of %s", c.name, c.fault, got, of)
			}
		}
	}
}

// TestRoleOpened looks at trust policies, which name no resource and know providers.
func TestRoleOpened(t *testing.T) {
	const owner = "111122223333"
	trust := func(principal, condition string) string {
		doc, _ := json.Marshal(`{"Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":["sts:AssumeRole","sts:AssumeRoleWithWebIdentity"],"Condition":{` + condition + `}}]}`)
		return `{"roleName":"r","policyDocument":` + string(doc) + `}`
	}
	github := `{"Federated":"arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}`
	for _, c := range []struct{ why, to, parameters, want string }{
		{"another account", "accounts", trust(`{"AWS":["arn:aws:iam::111122223333:root","999988887777"]}`, ""), "policy of r lets account 999988887777 in"},
		{"the own account", "accounts", trust(`{"AWS":"arn:aws:iam::111122223333:role/x"}`, ""), ""},
		{"a service", "accounts", trust(`{"Service":"ec2.amazonaws.com"}`, ""), ""},
		{"everyone", "everyone", trust(`{"AWS":"*"}`, ""), "lets everyone in"},
		{"everyone of an organisation", "everyone", trust(`{"AWS":"*"}`, `"StringEquals":{"aws:PrincipalOrgID":"o-a"}`), ""},
		{"every repository", "everyone", trust(github, `"StringEquals":{"token.actions.githubusercontent.com:aud":"sts.amazonaws.com"}`), "everyone who has an account at"},
		{"any repository, as a pattern", "everyone", trust(github, `"StringLike":{"token.actions.githubusercontent.com:sub":"*"}`), "everyone who has an account at"},
		{"one repository", "everyone", trust(github, `"StringLike":{"token.actions.githubusercontent.com:sub":"repo:example/app:*"}`), ""},
	} {
		t.Run(c.why, func(t *testing.T) {
			said := ""
			openedTo(t, c.to, "roles", World{}).Observe(&Activity{Name: "UpdateAssumeRolePolicy", Account: owner, Record: request{c.parameters}}, func(s Signal) { said = s.Message })
			if (c.want == "") != (said == "") || !strings.Contains(said, c.want) {
				t.Errorf("says %q; wanted %q", said, c.want)
			}
		})
	}
}

// TestPolicyOpenedState saves nothing, and refuses what is not its own.
func TestPolicyOpenedState(t *testing.T) {
	buckets, others := openedTo(t, "everyone", "buckets", World{}), openedTo(t, "everyone", "others", World{})
	data, err := buckets.Save()
	if err != nil {
		t.Fatal(err)
	}
	if err := buckets.Load(data); err != nil {
		t.Error(err)
	}
	if err := others.Load(data); err == nil {
		t.Error("the state of another one was taken")
	}
	if what, off := openedTo(t, "accounts", "buckets", World{}).(Limited).Lacks(); what == "" || off {
		t.Errorf("lacks %q, off %v", what, off)
	}
}

func TestPolicyOpenedRefusesParams(t *testing.T) {
	for _, p := range []map[string]any{{}, {"to": "everyone"}, {"to": "all", "of": "buckets"}, {"to": "everyone", "of": "buckets", "more": 1}} {
		if _, err := New("policy-opened", Setup{Params: p}); err == nil {
			t.Errorf("%v was taken", p)
		}
	}
}

// FuzzPolicyOpened looks for requests that make it panic or take long.
func FuzzPolicyOpened(f *testing.F) {
	f.Add(`{"bucketName":"b","bucketPolicy":{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}}`)
	f.Add(`{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"1\"}}]}"}`)
	f.Add(`{"a":[[[[[[[[[[{"Statement":{}}]]]]]]]]]]}`)
	a, err := New("policy-opened", Setup{Params: map[string]any{"to": "accounts", "of": "buckets"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, parameters string) {
		a.Observe(&Activity{Name: "PutBucketPolicy", Account: "111122223333", Record: request{parameters}}, func(s Signal) {
			if s.Message == "" {
				t.Error("a signal without words")
			}
		})
	})
}
