package analytic

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// trials are engines set up so that a small random world makes them speak often.
var trials = []struct {
	engine string
	params map[string]any
}{
	{"access-denied-burst", map[string]any{"distinct": 3, "half-life": "3d"}},
	{"action-share", map[string]any{"list": "enumeration", "share": 0.03}},
	{"action-share", map[string]any{"list": "privilege-escalation", "share": 0.05}},
	{"action-share", map[string]any{"list": "llm-jacking", "share": 0.1, "console": "count"}},
	{"console-brute-force", map[string]any{"failures": 2, "window": "30m"}},
	{"credential-exfiltration", map[string]any{"where": "outside"}},
	{"credential-exfiltration", map[string]any{"where": "inside"}},
	{"first-seen", map[string]any{"of": "action", "warm-up": "1d", "events": 0, "half-life": "2d"}},
	{"first-seen", map[string]any{"of": "region", "warm-up": "1d", "events": 0, "half-life": "1d"}},
	{"first-seen", map[string]any{"of": "user-agent", "warm-up": "1d", "events": 0, "half-life": "1d"}},
	{"impossible-travel", map[string]any{}},
	{"impossible-travel", map[string]any{"of": "calls"}},
	{"mass-delete", map[string]any{"objects": 4, "snapshots": 2, "keys": 2, "stores": 2, "factor": 1.5, "half-life": "1d"}},
	{"mass-read", map[string]any{"objects": 2, "factor": 1.5, "warm-up": "1d", "half-life": "1d"}},
	{"new-place", map[string]any{"of": "country", "warm-up": "1d", "events": 0, "half-life": "1d"}},
	{"new-place", map[string]any{"of": "asn", "warm-up": "1d", "events": 0, "half-life": "1d"}},
	{"rarity", map[string]any{"threshold": 3, "rare": 1, "warm-up": "2d", "events": 0, "half-life": "20d"}},
	{"recon-burst", map[string]any{"distinct": 3, "services": 2, "half-life": "3d"}},
	{"unusual-compute", map[string]any{"warm-up": "1d", "half-life": "1d"}},
}

// randomStream makes events of a small world in the order of their times: two weeks of
// a few principals who do a bit of everything.
func randomStream(r *rand.Rand, n int) (all []*Activity) {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	at := start
	for i := range n {
		if at = at.Add(time.Duration(r.IntN(20)) * time.Second); r.IntN(25) == 0 {
			at = at.Add(time.Duration(r.ExpFloat64() * float64(14*day*25) / float64(n))).Truncate(time.Second)
		}
		// Habits are counted in days: whether something was first on this side of midnight
		// or on the other depends on what was delivered first. Nobody works at night here.
		if at.Hour() >= 22 || at.Hour() < 6 {
			at = at.Truncate(day).Add(30 * time.Hour)
		}
		a := randomCall(i, at, pick, r)
		all = append(all, a)
	}
	return all
}

func randomCall(i int, at time.Time, pick func(...string) string, r *rand.Rand) *Activity {
	what := strings.Fields(pick("ec2 DescribeInstances", "ec2 DescribeVpcs", "iam ListUsers", "iam ListRoles", "s3 ListBuckets", "s3 GetBucketAcl", "lambda ListFunctions",
		"iam CreateUser", "iam CreateAccessKey", "iam AttachUserPolicy", "iam PutUserPolicy", "lambda UpdateFunctionCode20150331v2", "ec2 RunInstances",
		"s3 DeleteObject", "s3 DeleteObject", "s3 GetObject", "s3 GetObject", "signin ConsoleLogin", "ec2 DeleteSnapshot", "kms ScheduleKeyDeletion", "dynamodb DeleteTable",
		"bedrock ListFoundationModels", "bedrock InvokeModel", "bedrock Converse", "signin ConsoleLogin", "signin ConsoleLogin", "sts GetCallerIdentity"))
	a := call(i, at, what[0], what[1])
	a.ReadOnly = strings.HasPrefix(a.Name, "List") || strings.HasPrefix(a.Name, "Describe") || strings.HasPrefix(a.Name, "Get")
	a.Data = strings.HasSuffix(a.Name, "Object")
	function := false
	switch pick("user", "user", "role", "instance", "function", "sso", "aws", "nobody") {
	case "user":
		by(pick("ada", "ben", "eve"))(a)
	case "instance":
		a.Principal, a.Session = "arn:aws:iam::111122223333:role/web", pick("i-0123456789abcdef0", "i-0123456789abcdef1")
	case "function":
		a.Principal, a.Session = "arn:aws:iam::111122223333:role/mailer", "mailer"
		function = true
	case "sso":
		a.Principal, a.Session = "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_0123456789abcdef", pick("ada", "ben")
	case "aws":
		a.SourceIP, a.InvokedBy = "cloudformation.amazonaws.com", "cloudformation.amazonaws.com"
	case "nobody":
		a.Principal, a.PrincipalType, a.Session = "", "", ""
	}
	if a.InvokedBy == "" {
		a.SourceIP = pick("198.51.100.7", "198.51.100.7", "198.51.100.200", "203.0.113.5", "203.0.113.70", "203.0.113.200", "203.0.113.130", "192.0.2.5", "192.0.2.200", "2001:db8:1::7", "2001:db8:2::7", "10.0.0.1", "")
	}
	a.Region = pick("eu-west-1", "eu-west-1", "us-east-1", "sa-east-1", "")
	a.UserAgent = pick("aws-cli/2.17.0 x", "aws-cli/2.18.1 x", "Boto3/1.34.1", "APN/1.0 HashiCorp/1.0 Terraform/1.9", "Mozilla/5.0 (X11) Firefox/120.0", "")
	if function || i == 0 {
		a.UserAgent = "Boto3/1.34 exec-env/AWS_Lambda_python3.12"
	}
	a.Error = pick("", "", "", "AccessDenied", "Client.UnauthorizedOperation", "ThrottlingException", "Client.VcpuLimitExceeded")
	if i == 0 { // a function at work where it belongs: its session is known from here on
		a = call(i, at, "sts", "GetCallerIdentity", with(a.UserAgent), from("203.0.113.200"), session("mailer"), reading)
		a.Principal = "arn:aws:iam::111122223333:role/mailer"
	}
	rec := jsonRecord{"responseElements": map[string]any{"ConsoleLogin": pick("Failure", "Failure", "Success")}, "userIdentity": map[string]any{"userName": pick("ada", "HIDDEN_DUE_TO_SECURITY_REASONS")},
		"requestParameters": map[string]any{"instanceType": pick("t3.small", "p3.2xlarge", "g5.xlarge", "c7i.48xlarge", "m5.large")}}
	if i > 0 && r.IntN(8) == 0 {
		a.VPCEndpoint, a.SourceIP = pick("vpce-1", "vpce-2"), "10.0.0.9"
		rec["vpcEndpointAccountId"] = map[string]string{"vpce-1": "111122223333", "vpce-2": "999988887777"}[a.VPCEndpoint]
	}
	a.Record = rec
	return a
}

// TestSavedAtRandom stops and goes on at random points: the signals are the same to
// the letter, and so is the state.
func TestSavedAtRandom(t *testing.T) {
	for _, x := range trials {
		t.Run(fmt.Sprint(x.engine, x.params["of"], x.params["list"], x.params["where"]), func(t *testing.T) {
			t.Parallel()
			spoke := 0
			for seed := range uint64(5) {
				r := rand.New(rand.NewPCG(seed, 1))
				stream := randomStream(r, 3000)
				whole := made(t, x.engine, ExampleWorld(), x.params)
				want := see(whole, stream...)
				var got []Signal
				now := made(t, x.engine, ExampleWorld(), x.params)
				for rest := stream; len(rest) > 0; {
					n := min(1+r.IntN(400), len(rest))
					got = append(got, see(now, rest[:n]...)...)
					rest = rest[n:]
					state, err := now.Save()
					if err != nil {
						t.Fatal(err)
					}
					now = made(t, x.engine, ExampleWorld(), x.params)
					if err := now.Load(state); err != nil {
						t.Fatal(err)
					}
					if again, _ := now.Save(); !slices.Equal(again, state) {
						t.Fatalf("seed %d: the state that was loaded is written otherwise", seed)
					}
				}
				spoke += len(want)
				if !reflect.DeepEqual(got, want) {
					t.Fatalf("seed %d: with saving %d signals, without %d", seed, len(got), len(want))
				}
				a, _ := whole.Save()
				if b, _ := now.Save(); !slices.Equal(a, b) {
					t.Errorf("seed %d: the states differ in the end", seed)
				}
			}
			if spoke < 5 {
				t.Errorf("only %d signals: the streams try nothing", spoke)
			}
		})
	}
}

// TestSavedWhenFull does the same with room for a few principals only, so that they are
// forgotten all the time: in the same order, whatever was passed over as a repetition.
func TestSavedWhenFull(t *testing.T) {
	for _, x := range trials {
		e, _ := Describe(x.engine)
		if !slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Name == "principals" }) {
			continue
		}
		params := maps.Clone(x.params)
		params["principals"] = 4
		for seed := range uint64(4) {
			r := rand.New(rand.NewPCG(seed, 9))
			stream := randomStream(r, 4000)
			whole, now := made(t, x.engine, ExampleWorld(), params), made(t, x.engine, ExampleWorld(), params)
			want := see(whole, stream...)
			var got []Signal
			for rest := stream; len(rest) > 0; {
				n := min(1+r.IntN(100), len(rest))
				got = append(got, see(now, rest[:n]...)...)
				rest = rest[n:]
				state, _ := now.Save()
				now = made(t, x.engine, ExampleWorld(), params)
				if err := now.Load(state); err != nil {
					t.Fatal(err)
				}
			}
			a, _ := whole.Save()
			b, _ := now.Save()
			if !reflect.DeepEqual(got, want) || !slices.Equal(a, b) {
				t.Errorf("%s %v, seed %d: with saving %d signals, without %d; the states are the same: %v", x.engine, x.params, seed, len(got), len(want), slices.Equal(a, b))
			}
		}
	}
}

// TestDelivered delivers events up to a quarter of an hour late, in no order: the
// same people are found to do the same things on the same days.
func TestDelivered(t *testing.T) {
	for _, x := range trials {
		t.Run(fmt.Sprint(x.engine, x.params["of"], x.params["list"], x.params["where"]), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 2))
				stream := randomStream(r, 2000)
				want := found(x.engine, see(made(t, x.engine, ExampleWorld(), x.params), stream...))
				late := shuffled(r, stream, 15*time.Minute)
				got := found(x.engine, see(made(t, x.engine, ExampleWorld(), x.params), late...))
				if !slices.Equal(got, want) {
					t.Errorf("seed %d: delivered in order\n%s\nand in no order\n%s", seed, strings.Join(without(want, got), "\n"), strings.Join(without(got, want), "\n"))
				}
			}
		})
	}
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// shuffled puts a stream into the order in which it may be delivered.
func shuffled(r *rand.Rand, stream []*Activity, late time.Duration) []*Activity {
	type delivered struct {
		at time.Time
		a  *Activity
	}
	var all []delivered
	for _, a := range stream {
		all = append(all, delivered{a.Time.Add(time.Duration(r.Int64N(int64(late)))), a})
	}
	slices.SortStableFunc(all, func(a, b delivered) int { return a.at.Compare(b.at) })
	var out []*Activity
	for _, d := range all {
		out = append(out, d.a)
	}
	return out
}

// found is who was found on which day.
func found(engine string, signals []Signal) (all []string) {
	for _, s := range signals {
		who := spellActor(actor(&s.At))
		switch engine {
		case "unusual-compute":
			who = s.At.Account // anybody's launch may be the one that comes first
		case "console-brute-force":
			who = s.Resource
		}
		when := s.First.Format(time.DateOnly)
		if engine == "impossible-travel" {
			when = "" // which of several journeys within half a day is signalled depends on which is seen first
		}
		all = append(all, fmt.Sprintf("%s %s %s", when, who, s.Resource))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestTwice delivers each event again, at once and hours later: nothing more is
// signalled. Counts of deletions and reads rely on the caller for that.
func TestTwice(t *testing.T) {
	for _, x := range trials {
		if strings.HasPrefix(x.engine, "mass-") {
			continue
		}
		t.Run(fmt.Sprint(x.engine, x.params["of"], x.params["list"], x.params["where"]), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(5) {
				stream := randomStream(rand.New(rand.NewPCG(seed, 3)), 2000)
				var twice []*Activity
				for i, a := range stream {
					twice = append(twice, a, a)
					if i >= 20 {
						twice = append(twice, stream[i-20])
					}
				}
				want, got := see(made(t, x.engine, ExampleWorld(), x.params), stream...), see(made(t, x.engine, ExampleWorld(), x.params), twice...)
				if !slices.Equal(found(x.engine, got), found(x.engine, want)) || len(got) != len(want) {
					t.Errorf("seed %d: %d signals of single events, %d of doubled ones", seed, len(want), len(got))
				}
			}
		})
	}
}
