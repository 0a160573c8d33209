package analytic

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// login is an attempt at the console.
func login(n int, at time.Time, user, how string, change ...func(*Activity)) *Activity {
	a := call(n, at, "signin", "ConsoleLogin", by(user), record(jsonRecord{"responseElements": map[string]any{"ConsoleLogin": how}, "userIdentity": map[string]any{"userName": user}}))
	a.EventType = "AwsConsoleSignIn"
	for _, c := range change {
		c(a)
	}
	return a
}

// TestGuessed finds the guessing first, and then, a step graver, that it succeeded.
func TestGuessed(t *testing.T) {
	a := made(t, "console-brute-force", World{}, nil)
	var events []*Activity
	for i := range 7 {
		events = append(events, login(i, start.Add(time.Duration(i)*30*time.Second), []string{"ada", "ben", hidden}[i%3], "Failure"))
	}
	got := see(a, events...)
	if len(got) != 1 || got[0].Steps != 0 || got[0].Count != 5 || got[0].Resource != "198.51.100.7" || len(got[0].Events) != 5 {
		t.Fatalf("%+v", got)
	}
	if want := "5 logins to the console of account 111122223333 failed from 198.51.100.7 within 2m, for a name that CloudTrail hides, ada, ben"; got[0].Message != want {
		t.Errorf("%q, want %q", got[0].Message, want)
	}
	got = see(a, login(50, start.Add(40*time.Minute), "ben", "Success"), login(51, start.Add(41*time.Minute), "ben", "Success"))
	if len(got) != 1 || got[0].Steps != 1 || got[0].Count != 6 || !strings.HasSuffix(got[0].Message, "a login succeeded as ben") {
		t.Errorf("%+v", got)
	}
	if got = see(a, login(60, start.Add(3*time.Hour), "ben", "Success")); len(got) != 0 {
		t.Errorf("hours later: %+v", got)
	}
	if got = see(made(t, "console-brute-force", World{}, nil), append([]*Activity{login(50, start.Add(5*time.Minute), "ben", "Success")}, events...)...); len(got) != 1 || got[0].Steps != 1 {
		t.Errorf("the success was delivered first: %+v", got)
	}
	if got = see(made(t, "console-brute-force", World{}, nil), append([]*Activity{login(50, start.Add(-5*time.Minute), "ben", "Success")}, events...)...); len(got) != 1 || got[0].Steps != 0 {
		t.Errorf("the success was before: %+v", got)
	}
}

// TestTactics has each tactic's unusual call with its severity and technique.
func TestTactics(t *testing.T) {
	habit := func(a Analytic) {
		for d := range 60 {
			see(a, call(d, start.Add(time.Duration(d)*day), "ecs", "UpdateService"))
		}
	}
	at := start.Add(60 * day)
	for _, x := range []struct {
		service, name, err string
		steps              int
		technique, tactic  string
	}{
		{"iam", "CreateUser", "", 0, "T1098", "persistence"},
		{"iam", "AttachUserPolicy", "", 0, "T1548", "privilege-escalation"},
		{"secretsmanager", "GetSecretValue", "", 0, "T1555.006", "credential-access"},
		{"cloudtrail", "StopLogging", "", 0, "T1685.002", "defense-impairment"},
		{"iam", "ListUsers", "", -1, "T1580", "discovery"},
		{"ec2", "ModifySnapshotAttribute", "", 1, "T1537", "exfiltration"},
		{"kms", "ScheduleKeyDeletion", "", 1, "T1485", "impact"},
		{"kms", "ScheduleKeyDeletion", "AccessDenied", 0, "T1485", "impact"},
		{"iam", "ListUsers", "AccessDenied", -2, "T1580", "discovery"},
	} {
		a := made(t, "rarity", World{}, nil)
		habit(a)
		odd := call(100, at, x.service, x.name, with("python-requests/2.31"), failing(x.err))
		got := see(a, odd, odd, call(101, at.Add(time.Hour), x.service, x.name, with("python-requests/2.31"), failing(x.err)))
		if len(got) != 1 || got[0].Steps != x.steps || !slices.Contains(got[0].Techniques, x.technique) || !strings.Contains(got[0].Message, "("+x.tactic+")") {
			t.Errorf("%s:%s %s: %+v", x.service, x.name, x.err, got)
		}
	}
	a := made(t, "rarity", World{}, map[string]any{"tactics": []any{"impact"}})
	habit(a)
	if got := see(a, call(100, at, "iam", "CreateUser", with("python-requests/2.31"))); len(got) != 0 {
		t.Errorf("persistence is not asked for: %+v", got)
	}
}

func TestSteps(t *testing.T) {
	place := made(t, "new-place", ExampleWorld(), map[string]any{"of": "country"})
	launch := made(t, "unusual-compute", World{}, nil)
	kind := func(of string) func(*Activity) {
		return record(jsonRecord{"requestParameters": map[string]any{"instanceType": of}})
	}
	for d := range 30 {
		at := start.Add(time.Duration(d) * day)
		see(place, call(d, at, "ecs", "UpdateService"))
		see(launch, call(d, at, "ec2", "RunInstances", kind("t3.small")))
	}
	at := start.Add(30 * day)
	if got := see(place, call(99, at, "ecs", "UpdateService", from("203.0.113.5"), failing("AccessDenied"))); len(got) != 1 || got[0].Steps != -1 {
		t.Errorf("an attempt from a new country: %+v", got)
	}
	if got := see(launch, call(98, at, "ec2", "RunInstances", kind("p3.2xlarge"), in("sa-east-1"))); len(got) != 1 || got[0].Steps != 1 ||
		got[0].Message != "arn:aws:iam::111122223333:role/deploy started machines in account 111122223333 (ec2:RunInstances) in sa-east-1, where it never started any and of the kind p3, which it never used" {
		t.Errorf("both at once: %+v", got)
	}
	if got := see(launch, call(97, at, "ec2", "RunInstances", kind("p3.8xlarge"), in("sa-east-1"))); len(got) != 0 {
		t.Errorf("said already: %+v", got)
	}
}

// TestKept gives signals texts of their own: those of an event may be views.
func TestKept(t *testing.T) {
	x := login(1, start, "ada", "Failure")
	k := keep(x)
	if k.Record != nil || k.facts != (facts{}) || k.ID != x.ID || k.Principal != x.Principal || k.AccessKey != x.AccessKey {
		t.Errorf("%+v", k)
	}
}
