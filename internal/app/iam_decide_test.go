package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
)

// requests makes lines of realistic size: a pool of policies of 20 statements,
// three for each request, two levels of guardrails.
func requests(n int) []byte {
	var pool []string
	for i := range 60 {
		var statements []string
		for j := range 20 {
			effect, condition := "Allow", ""
			if j%7 == 3 {
				effect, condition = "Deny", `,"Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}`
			}
			statements = append(statements, fmt.Sprintf(`{"Sid":"S%d","Effect":%q,"Action":["s3:Get*","ec2:Describe%d*"],"Resource":"arn:aws:s3:::b%d/*"%s}`, j, effect, i, (i*j)%50, condition))
		}
		pool = append(pool, fmt.Sprintf(`{"name":"p%d","policy":{"Version":"2012-10-17","Statement":[%s]}}`, i, strings.Join(statements, ",")))
	}
	const full = `{"name":"FullAWSAccess","policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}`
	var out bytes.Buffer
	for i := range n {
		fmt.Fprintf(&out, `{"id":"%d","request":{"principal":"arn:aws:iam::111122223333:role/r%d","action":"s3:GetObject","resource":"arn:aws:s3:::b%d/k","resourceAccount":"111122223333","context":{"aws:SourceIp":["203.0.113.1"]}},"policies":{"identity":[%s,%s,%s],"scps":[{"node":"r","policies":[%s]},{"node":"ou","policies":[%s]}]}}`+"\n",
			i, i%100, i%50, pool[i%60], pool[(i+7)%60], pool[(i+21)%60], full, full)
	}
	return out.Bytes()
}

func answersOf(t testing.TB, in io.Reader) (string, int) {
	t.Helper()
	var out []byte
	unread, err := Answers(context.Background(), in, func(a *Answer) error {
		var err error
		out, err = a.AppendJSON(out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(out), unread
}

func TestAnswersKeepTheOrder(t *testing.T) {
	out, unread := answersOf(t, bytes.NewReader(requests(1000)))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if unread != 0 || len(lines) != 1000 {
		t.Fatalf("%d unread, %d lines", unread, len(lines))
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, fmt.Sprintf(`{"id":"%d","decision":`, i)) {
			t.Fatalf("line %d is %s", i, line)
		}
	}
}

func TestAnswersWithoutEnd(t *testing.T) {
	long := `{"id":"long","request":"` + strings.Repeat("x", maxQuestion) + `"}`
	const short = `{"id":"s","request":{"principal":{"type":"Anonymous"},"action":"s3:GetObject","resource":"*"}}`
	out, unread := answersOf(t, strings.NewReader("\ufeff"+long+"\r\n"+short+"\r\n\r\n"+short))
	if unread != 1 || strings.Count(out, `"decision":"ImplicitlyDenied"`) != 2 || !strings.HasPrefix(out, `{"line":1,"error":"the line is longer than`) {
		t.Errorf("%d unread: %.300s", unread, out)
	}
}

func TestQuestionForms(t *testing.T) {
	const allow = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	line := func(principal, policies, more string) string {
		return `{"request":{"principal":` + principal + `,"action":"s3:GetObject","resource":"arn:aws:s3:::b/k"` + more + `},"policies":` + policies + `}`
	}
	const role = `"arn:aws:iam::111122223333:role/r"`
	const toService = `{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"*","Resource":"*"}]}}`
	const withID = `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:userid":"AROADBQP57FF2AEXAMPLE:*"}}}]}}`
	for name, c := range map[string]struct{ line, want string }{
		"a policy by itself":                  {line(role, `{"identity":`+allow+`}`, ""), "Allowed"},
		"a list of them":                      {line(role, `{"identity":[`+allow+`]}`, ""), "Allowed"},
		"with a name":                         {line(role, `{"identity":[{"name":"x","policy":`+allow+`}]}`, ""), "Allowed"},
		"as text":                             {line(role, `{"identity":[`+quoteJSON(allow)+`]}`, ""), "Allowed"},
		"empty layers limit nothing":          {line(role, `{"identity":[`+allow+`],"boundary":[],"session":null,"endpoint":[ ],"scps":[],"rcps":null}`, ""), "Allowed"},
		"a boundary without statements":       {line(role, `{"identity":[`+allow+`],"boundary":{"Version":"2012-10-17","Statement":[]}}`, ""), "ImplicitlyDenied"},
		"an empty level allows nothing":       {line(role, `{"identity":[`+allow+`],"scps":[{"node":"r","policies":[]}]}`, ""), "ImplicitlyDenied"},
		"an empty list as a level":            {line(role, `{"identity":[`+allow+`],"scps":[[]]}`, ""), "ImplicitlyDenied"},
		"a policy as a level":                 {line(role, `{"identity":[`+allow+`],"scps":[`+allow+`]}`, ""), "Allowed"},
		"a list as a level":                   {line(role, `{"identity":[`+allow+`],"scps":[[`+allow+`]]}`, ""), "Allowed"},
		"an unseen level":                     {line(role, `{"identity":[`+allow+`],"scps":["unknown"]}`, ""), "Unknown"},
		"unseen policies of a level":          {line(role, `{"identity":[`+allow+`],"scps":[{"node":"r","policies":"unknown"}]}`, ""), "Unknown"},
		"unseen SCPs":                         {line(role, `{"identity":[`+allow+`],"scps":"unknown"}`, ""), "Unknown"},
		"an unseen boundary":                  {line(role, `{"identity":[`+allow+`],"boundary":"unknown"}`, ""), "Unknown"},
		"an unseen policy":                    {line(role, `{"identity":[{"name":"x","policy":"unknown"}]}`, ""), "Unknown"},
		"unseen, yet nothing is granted":      {line(role, `{"identity":[],"boundary":"unknown"}`, ""), "Unknown"},
		"a name without a policy":             {line(role, `{"identity":[{"name":"x"}]}`, ""), "error"},
		"more than a name and a policy":       {line(role, `{"identity":[{"name":"x","policy":`+allow+`,"more":1}]}`, ""), "error"},
		"more than a node and its policies":   {line(role, `{"scps":[{"node":"x","more":1}]}`, ""), "error"},
		"names that are escaped":              {line(role, `{"id\u0065ntity":[{"n\u0061me":"x","policy":`+allow+`}]}`, ""), "Allowed"},
		"the account of the resource":         {line(role, `{"identity":[`+allow+`]}`, `,"resourceAccount":"444455556666"`), "ImplicitlyDenied"},
		"an account":                          {line(`"111122223333"`, `{}`, ""), "Allowed"},
		"nobody":                              {line(`"anonymous"`, `{}`, ""), "ImplicitlyDenied"},
		"a provider":                          {line(`{"federated":"accounts.google.com"}`, `{}`, ""), "ImplicitlyDenied"},
		"no policies at all":                  {`{"request":{"principal":` + role + `,"action":"s3:GetObject","resource":"*"}}`, "ImplicitlyDenied"},
		"a session with the path of a role":   {line(`{"arn":"arn:aws:sts::111122223333:assumed-role/r/s","roleArn":"arn:aws:iam::111122223333:role/p/r"}`, `{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/p/r"},"Action":"*","Resource":"*"}]}}`, ""), "Allowed"},
		"a tag":                               {line(`{"arn":`+role+`,"tags":{"team":"a"}}`, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"a"}}}]}}`, ""), "Allowed"},
		"an organisation":                     {line(`{"arn":`+role+`,"orgId":"o-1"}`, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}}`, ""), "Allowed"},
		"numbers and booleans":                {line(role, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a:b":"true"},"NumericLessThan":{"a:n":"3"}}}]}}`, `,"context":{"a:b":true,"a:n":[2.5]}`), "Allowed"},
		"a key that is there":                 {line(role, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"a:b":"false"}}}]}}`, `,"present":["a:b"]`), "Allowed"},
		"a key that may be there":             {line(role, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Null":{"a:b":"false"}}}]}}`, `,"unknown":["a:b"]`), "Unknown"},
		"no principal":                        {line(`null`, `{}`, ""), "error"},
		"an unnamed principal":                {line(`{}`, `{}`, ""), "error"},
		"a misspelt member":                   {line(`{"anr":"x"}`, `{}`, ""), "error"},
		"a value that is null":                {line(role, `{}`, `,"context":{"a":null}`), "error"},
		"a list in a list":                    {line(role, `{}`, `,"context":{"a":[["b"]]}`), "error"},
		"a number as a policy":                {line(role, `{"identity":[1]}`, ""), "error"},
		"a number as levels":                  {line(role, `{"scps":1}`, ""), "error"},
		"text that is no policy":              {line(role, `{"identity":["x"]}`, ""), "error"},
		"not an object":                       {`[]`, "error"},
		"nothing of a request":                {`{"id":1}`, "error"},
		"not the role of a session":           {line(`{"arn":`+role+`,"roleArn":"arn:aws:iam::111122223333:user/u"}`, `{}`, ""), "error"},
		"an account without quotes":           {line(`111122223333`, `{}`, `,"resourceAccount":111122223333`), "Allowed"},
		"an account that is none":             {line(role, `{}`, `,"resourceAccount":[]`), "error"},
		"a service by its name":               {line(`"sns.amazonaws.com"`, toService, ""), "Allowed"},
		"a service as policies write it":      {line(`{"Service":"sns.amazonaws.com"}`, toService, ""), "Allowed"},
		"a service by type and name":          {line(`{"type":"Service","name":"sns.amazonaws.com"}`, toService, ""), "Allowed"},
		"a principal as policies write it":    {line(`{"AWS":`+role+`}`, `{"identity":`+allow+`}`, ""), "Allowed"},
		"labels beside a policy":              {line(role, `{"identity":[{"arn":"a","type":"managed","policy":`+allow+`}]}`, ""), "Allowed"},
		"a level with a name":                 {line(role, `{"identity":`+allow+`,"scps":[{"policies":[`+allow+`],"name":"root"}]}`, ""), "Allowed"},
		"a named policy as a level":           {line(role, `{"identity":`+allow+`,"scps":[{"name":"full","policy":`+allow+`}]}`, ""), "Allowed"},
		"a level that is not in a list":       {line(role, `{"identity":`+allow+`,"scps":{"node":"r","policies":[]}}`, ""), "ImplicitlyDenied"},
		"a principal named in part":           {line(role, `{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/*"},"Action":"*","Resource":"*"}]}}`, ""), "ImplicitlyDenied"},
		"a value that is no number":           {line(role, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"a:n":"x"}}}]}}`, `,"context":{"a:n":1}`), "ImplicitlyDenied"},
		"a resource policy about nobody":      {line(role, `{"resource":`+allow+`}`, ""), "error"},
		"an identity policy about nothing":    {line(role, `{"identity":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*"}]}}`, ""), "error"},
		"an endpoint policy about everybody":  {line(role, `{"identity":`+allow+`,"endpoint":`+allow+`}`, ""), "Allowed"},
		"a role is not its session":           {line(role, `{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/r/s"},"Action":"*","Resource":"*"}]}}`, ""), "ImplicitlyDenied"},
		"an id that is not told":              {line(role, withID, ""), "ImplicitlyDenied"},
		"an id that may be there":             {line(role, withID, `,"unknown":"aws:userid"`), "Unknown"},
		"an id that the context tells":        {line(role, withID, `,"context":{"aws:userid":"AROADBQP57FF2AEXAMPLE:s"}`), "Allowed"},
		"a role whose path the context tells": {line(`"arn:aws:sts::111122223333:assumed-role/r/s"`, `{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/p/r"},"Action":"*","Resource":"*"}]}}`, `,"context":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/p/r"}`), "Allowed"},
		"half a character":                    {line(role, `{"identity":`+allow+`}`, `,"context":{"a:b":"\ud800"}`), "Allowed"},
		"a context that is a list":            {line(role, `{}`, `,"context":[]`), "error"},
		"nobody and the management account":   {`{"request":{"principal":{"type":"Anonymous"},"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resourceAccount":"111122223333"},"policies":{"resource":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]},"rcps":[[]]},"managementAccount":true}`, "Allowed"},
		"a resource that is missing":          {`{"request":{"principal":` + role + `,"action":"s3:GetObject"}}`, "error"},
	} {
		a := answer(NewQuestions(), numbered{1, []byte(c.line)})
		got := "error"
		if a.Err == nil {
			got = a.Decision.String()
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, a.Err, c.want)
		}
	}
}

func quoteJSON(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

func FuzzQuestion(f *testing.F) {
	for _, line := range bytes.Split(requests(3), []byte("\n")) {
		f.Add(line)
	}
	f.Add([]byte(`{"id":1,"request":{"principal":{"service":"x"},"action":"a:b","resource":"*","context":{"k":[1,true,"x"]},"unknown":["a"]},"policies":{"identity":"unknown","scps":[[],"unknown",{"node":"x"}],"resource":"{}"}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		a := answer(NewQuestions(), numbered{1, line})
		if _, err := a.AppendJSON(nil); err != nil {
			t.Errorf("the answer to %q cannot be written: %v", line, err)
		}
	})
}

func BenchmarkAnswers(b *testing.B) {
	in := requests(2000)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := Answers(context.Background(), bytes.NewReader(in), func(*Answer) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(2000*b.N)/b.Elapsed().Seconds(), "lines/s")
}
