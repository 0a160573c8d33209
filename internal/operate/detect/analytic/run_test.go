package analytic

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Helpers of the tests of this package: events from texts, and streams through engines.

// jsonRecord is a record as tests write it.
type jsonRecord map[string]any

func (r jsonRecord) Text(path string) string {
	for _, v := range r.Texts(path) {
		return v
	}
	return ""
}

func (r jsonRecord) Texts(path string) []string { return textsAt(map[string]any(r), path) }

func textsAt(v any, path string) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		name, rest, _ := strings.Cut(path, ".")
		if path != "" && v[name] != nil {
			return textsAt(v[name], rest)
		}
	case []any:
		for _, item := range v {
			all = append(all, textsAt(item, path)...)
		}
	case nil:
	default:
		if path == "" {
			all = append(all, fmt.Sprint(v))
		}
	}
	return all
}

func (r jsonRecord) JSON(path string) []byte {
	var v any = map[string]any(r)
	for name := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok || m[name] == nil {
			return nil
		}
		v = m[name]
	}
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return data
}

// activityOf reads a record of CloudTrail.
func activityOf(r jsonRecord) *Activity {
	at, _ := time.Parse(time.RFC3339, r.Text("eventTime"))
	a := &Activity{
		ID: r.Text("eventID"), Time: at, Account: r.Text("recipientAccountId"), Region: r.Text("awsRegion"), Service: r.Text("eventSource"),
		Name: r.Text("eventName"), EventType: r.Text("eventType"), Error: r.Text("errorCode"), SourceIP: r.Text("sourceIPAddress"),
		UserAgent: r.Text("userAgent"), ReadOnly: r.Text("readOnly") == "true", Data: r.Text("eventCategory") == "Data",
		PrincipalType: r.Text("userIdentity.type"), ARN: r.Text("userIdentity.arn"), OwnAccount: r.Text("userIdentity.accountId"),
		AccessKey: r.Text("userIdentity.accessKeyId"), InvokedBy: r.Text("userIdentity.invokedBy"), VPCEndpoint: r.Text("vpcEndpointId"), Record: r,
	}
	a.Principal = PrincipalOf(a.PrincipalType, a.ARN, r.Text("userIdentity.sessionContext.sessionIssuer.arn"))
	if a.PrincipalType == "AssumedRole" {
		_, a.Session, _ = strings.Cut(r.Text("userIdentity.principalId"), ":")
	}
	if a.Account == "" {
		a.Account = a.OwnAccount
	}
	return a
}

// made is an engine with its parameters and nothing seen.
func made(t testing.TB, engine string, w World, params map[string]any) Analytic {
	t.Helper()
	a, err := New(engine, Setup{Params: params, World: w})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// see shows events to an engine and gives what it signals.
func see(x Analytic, events ...*Activity) (all []Signal) {
	for _, a := range events {
		if x.Wants(a) {
			x.Observe(a, func(s Signal) { all = append(all, s) })
		}
	}
	return all
}

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// call is a call by a role; change alters it.
func call(n int, at time.Time, service, name string, change ...func(*Activity)) *Activity {
	a := &Activity{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Time: at, Account: "111122223333", OwnAccount: "111122223333", Region: "eu-west-1",
		Service: service + ".amazonaws.com", Name: name, EventType: "AwsApiCall", SourceIP: "198.51.100.7", UserAgent: "aws-cli/2.17.0 md/x",
		Principal: "arn:aws:iam::111122223333:role/deploy", PrincipalType: "AssumedRole", Session: "deploy", AccessKey: "ASIA1",
		ARN: "arn:aws:sts::111122223333:assumed-role/deploy/deploy", Record: jsonRecord{},
	}
	for _, c := range change {
		c(a)
	}
	return a
}

func by(user string) func(*Activity) {
	return func(a *Activity) {
		a.Principal, a.PrincipalType, a.Session, a.AccessKey = "arn:aws:iam::111122223333:user/"+user, "IAMUser", "", "AKIA"+user
		a.ARN = a.Principal
	}
}

func from(ip string) func(*Activity)      { return func(a *Activity) { a.SourceIP = ip } }
func reading(a *Activity)                 { a.ReadOnly = true }
func failing(code string) func(*Activity) { return func(a *Activity) { a.Error = code } }
func with(agent string) func(*Activity)   { return func(a *Activity) { a.UserAgent = agent } }
func in(region string) func(*Activity)    { return func(a *Activity) { a.Region = region } }
func record(r jsonRecord) func(*Activity) { return func(a *Activity) { a.Record = r } }
func session(name string) func(*Activity) { return func(a *Activity) { a.Session = name } }

func testRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
