package finding

import (
	"strings"
	"testing"
	"time"
)

const goodException = `
- id: EX-1
  controls: [s3-bucket-public-read-prohibited]
  scope: {accounts: ["111122223333"], resources: ["www-*"]}
  owner: web@example.com
  approver: ciso@example.com
  reason: The bucket is the public web site.
  created: 2026-01-01
  expires: 2026-07-01
`

func TestExceptionCoversItsScopeOnly(t *testing.T) {
	register, err := ParseExceptions("x.yaml", []byte(goodException))
	if err != nil {
		t.Fatal(err)
	}
	in := Finding{Rule: "s3-bucket-public-read-prohibited", Account: "111122223333", Region: "eu-west-1", Resource: "www-shop"}
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	if x, ok := register.For(&in, at); !ok || x.ID != "EX-1" || x.Line != 2 {
		t.Fatalf("not covered: %+v", x)
	}
	for name, change := range map[string]func(*Finding){
		"rule":     func(f *Finding) { f.Rule = "other" },
		"account":  func(f *Finding) { f.Account = "444455556666" },
		"resource": func(f *Finding) { f.Resource = "data-www-x" },
	} {
		out := in
		change(&out)
		if _, ok := register.For(&out, at); ok {
			t.Errorf("another %s is covered", name)
		}
	}
	if _, ok := register.For(&in, time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)); ok {
		t.Error("an expired exception still covers")
	}
	if _, ok := register.For(&in, time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)); ok {
		t.Error("an exception covers before it was made")
	}
}

func TestExceptionStates(t *testing.T) {
	register, err := ParseExceptions("x.yaml", []byte(goodException))
	if err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]string{"2026-02-01": "live", "2026-06-01": "expiring", "2026-06-30": "expiring", "2026-07-01": "expired"} {
		at, _ := time.Parse(time.DateOnly, date)
		if got := register[0].StateAt(at); got != want {
			t.Errorf("on %s it is %s, want %s", date, got, want)
		}
	}
	if f := register[0].Expired(); f.Verdict != Fail || !strings.Contains(f.Message, "EX-1 of web@example.com") {
		t.Errorf("%+v", f)
	}
}

func TestExceptionsRefused(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"approver: ciso@example.com", "approver: WEB@example.com"}:      "somebody else",
		{"expires: 2026-07-01", "expires: 2027-07-01"}:                   "546 days",
		{"expires: 2026-07-01", "expires: soon"}:                         "is not a date",
		{"reason: The bucket is the public web site.", "reason: "}:       "reason is missing",
		{"controls: [s3-bucket-public-read-prohibited]", "controls: []"}: "controls is missing",
		{"owner: web@example.com", "owners: web@example.com"}:            "field owners not found",
		{"expires: 2026-07-01", "expires: 2025-07-01"}:                   "expires before",
	} {
		_, err := ParseExceptions("x.yaml", []byte(strings.Replace(goodException, change[0], change[1], 1)))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "x.yaml:2: exception") {
			t.Errorf("%s: %v, want %q", change[1], err, want)
		}
	}
	if _, err := ParseExceptions("x.yaml", []byte("a: b")); err == nil || !strings.Contains(err.Error(), "list") {
		t.Errorf("not a list: %v", err)
	}
}

func FuzzParseExceptions(f *testing.F) {
	f.Add([]byte(goodException))
	f.Fuzz(func(t *testing.T, in []byte) {
		register, err := ParseExceptions("x", in)
		if err != nil {
			return
		}
		for _, x := range register {
			if x.Approver == "" || x.Expires.Sub(x.Created) > longest {
				t.Fatalf("accepted %+v", x)
			}
		}
	})
}

func TestWildcard(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "b", false}, {"*", "", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*c*e", "abcde", true},
		{"a*c*e", "abde", false}, {"a*a", "a", false}, {"*b*", "abc", true},
	} {
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("wildcard(%q, %q) = %v", c.pattern, c.s, got)
		}
	}
}

func TestExceptionCoversAlerts(t *testing.T) {
	register, err := ParseExceptions("x.yaml", []byte(`
- id: EX-2
  controls: [user-created]
  scope: {accounts: ["111122223333"], principals: ["*:role/deploy", "*:assumed-role/ops/nightly"], sources: [203.0.113.0/24, "2001:db8::/32", 198.51.100.7, cloudformation.amazonaws.com]}
  owner: iam@example.com
  approver: ciso@example.com
  reason: The pipeline makes users.
  created: 2026-01-01
  expires: 2026-07-01
`))
	if err != nil {
		t.Fatal(err)
	}
	in := Alert{Rule: "user-created", Account: "111122223333", Principal: "arn:aws:iam::111122223333:role/deploy", SourceIP: "203.0.113.9"}
	at := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		change func(*Alert)
		want   bool
	}{
		"as it is":        {func(*Alert) {}, true},
		"IPv6":            {func(a *Alert) { a.SourceIP = "2001:db8::1" }, true},
		"mapped":          {func(a *Alert) { a.SourceIP = "::ffff:203.0.113.9" }, true},
		"one address":     {func(a *Alert) { a.SourceIP = "198.51.100.7" }, true},
		"a service":       {func(a *Alert) { a.SourceIP = "cloudformation.amazonaws.com" }, true},
		"another address": {func(a *Alert) { a.SourceIP = "198.51.100.8" }, false},
		"another service": {func(a *Alert) { a.SourceIP = "ec2.amazonaws.com" }, false},
		"no address":      {func(a *Alert) { a.SourceIP = "" }, false},
		"another role":    {func(a *Alert) { a.Principal += "er" }, false},
		"one session of another role": {func(a *Alert) {
			a.Principal, a.Session = "arn:aws:iam::111122223333:role/ops", "arn:aws:sts::111122223333:assumed-role/ops/nightly"
		}, true},
		"another session": {func(a *Alert) {
			a.Principal, a.Session = "arn:aws:iam::111122223333:role/ops", "arn:aws:sts::111122223333:assumed-role/ops/bob"
		}, false},
		"another account": {func(a *Alert) { a.Account = "444455556666" }, false},
		"another rule":    {func(a *Alert) { a.Rule = "user-deleted" }, false},
	} {
		a := in
		test.change(&a)
		if x, got := register.ForAlert(&a, at); got != test.want || got && x.ID != "EX-2" {
			t.Errorf("%s: covered %v, want %v", name, got, test.want)
		}
	}
	if _, ok := register.ForAlert(&in, time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)); ok {
		t.Error("an expired exception covers an alert")
	}
	// It is narrower than any finding, which knows neither who nor from where.
	if _, ok := register.For(&Finding{Rule: "user-created", Account: "111122223333"}, at); ok {
		t.Error("an exception for one principal covers a whole finding")
	}
	if _, err := ParseExceptions("x.yaml", []byte(strings.Replace(goodException, "resources: [", `sources: ["203.0.113.0/99"], resources: [`, 1))); err == nil || !strings.Contains(err.Error(), "is no range of addresses") {
		t.Errorf("got %v", err)
	}
}
