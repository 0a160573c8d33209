package analytic

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewRefuses(t *testing.T) {
	for _, x := range []struct {
		engine string
		params map[string]any
		want   string
	}{
		{"crystal-ball", nil, `no analytic "crystal-ball"; there are access-denied-burst`},
		{"recon-burst", map[string]any{"distnct": int64(3)}, "params.distnct: there is no such parameter; there are distinct, services, window"},
		{"recon-burst", map[string]any{"distinct": int64(1)}, "params.distinct: 1 is not allowed; it is a whole number from 2 to 500"},
		{"recon-burst", map[string]any{"distinct": 2.5}, "params.distinct"},
		{"recon-burst", map[string]any{"distinct": "many"}, `params.distinct: "many"`},
		{"recon-burst", map[string]any{"window": int64(10)}, "params.window: 10 is not allowed; it is a time from 1m to 2d, like 10m, 24h or 14d"},
		{"recon-burst", map[string]any{"window": "3d"}, "params.window"},
		{"recon-burst", map[string]any{"window": "-1d"}, "params.window"},
		{"action-share", nil, "params.list: it has to be given; it is one of enumeration, privilege-escalation, llm-jacking"},
		{"action-share", map[string]any{"list": "shopping"}, `params.list: "shopping" is not allowed`},
		{"action-share", map[string]any{"list": "enumeration", "share": 0.0}, "params.share"},
		{"new-place", map[string]any{"of": true}, "params.of: true"},
		{"rarity", map[string]any{"tactics": []any{"persistence", "lunch"}}, "params.tactics"},
		{"rarity", map[string]any{"tactics": []any{}}, "params.tactics"},
		{"rarity", map[string]any{"tactics": "persistence"}, "params.tactics"},
	} {
		_, err := New(x.engine, Setup{Params: x.params})
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s %v: %v, want %q", x.engine, x.params, err, x.want)
		}
	}
	if _, err := New("recon-burst", Setup{Params: map[string]any{"distinct": 1, "window": "x"}}); err == nil || strings.Count(err.Error(), "params.") != 2 {
		t.Errorf("all faults are told at once: %v", err)
	}
}

// needed are the parameters without which an engine is not made.
func needed(e Engine) map[string]any {
	params := map[string]any{}
	for _, p := range e.Parameters {
		if p.Default == nil {
			words := strings.Split(strings.TrimPrefix(p.Allowed, "one of "), ", ")
			params[p.Name] = words[0]
		}
	}
	return params
}

// TestDescribed holds engines to what they say of themselves: they are made with their
// own normal values, and one that says nothing about itself is none.
func TestDescribed(t *testing.T) {
	if !slices.IsSorted(Engines()) || len(Engines()) < 12 {
		t.Errorf("%v", Engines())
	}
	for _, name := range Engines() {
		e, ok := Describe(name)
		if !ok || e.Name != name || e.About == "" || len(e.Fields) == 0 || len(e.Needs) == 0 {
			t.Errorf("%s says too little of itself: %+v", name, e)
		}
		params := needed(e)
		for _, p := range e.Parameters {
			if p.Default != nil {
				params[p.Name] = p.Default
			}
			if p.About == "" || p.Allowed == "" {
				t.Errorf("%s: parameter %s says nothing", name, p.Name)
			}
		}
		a := made(t, name, World{}, params)
		limited, ok := a.(Limited)
		if !ok {
			t.Errorf("%s does not say what it lacks", name)
			continue
		}
		if what, off := limited.Lacks(); off && (what == "" || a.Cold() == "") {
			t.Errorf("%s is off and does not say why", name)
		}
	}
	if _, ok := Describe("crystal-ball"); ok {
		t.Error("an engine that is not there is described")
	}
}

func TestLacks(t *testing.T) {
	w := ExampleWorld()
	for _, x := range []struct {
		engine string
		params map[string]any
		world  World
		off    bool
		want   string
	}{
		{"impossible-travel", nil, World{}, true, "geo data"},
		{"impossible-travel", nil, w, false, ""},
		{"new-place", map[string]any{"of": "country"}, World{}, true, "geo data"},
		{"rarity", nil, World{}, false, "not by network"},
		{"rarity", nil, w, false, ""},
		{"credential-exfiltration", map[string]any{"where": "outside"}, World{}, true, "ip-ranges.json"},
		{"credential-exfiltration", map[string]any{"where": "outside"}, World{Services: w.Services}, false, "data centre"},
		{"credential-exfiltration", map[string]any{"where": "outside"}, w, false, ""},
		{"credential-exfiltration", map[string]any{"where": "inside"}, World{Services: w.Services}, true, "your egress addresses"},
		{"credential-exfiltration", map[string]any{"where": "inside"}, World{Accounts: w.Accounts}, false, "VPC endpoints only"},
		{"credential-exfiltration", map[string]any{"where": "inside"}, World{Services: w.Services, Own: w.Own}, false, "cannot tell VPC endpoints"},
		{"credential-exfiltration", map[string]any{"where": "inside"}, w, false, ""},
	} {
		a := made(t, x.engine, x.world, x.params)
		what, off := a.(Limited).Lacks()
		if off != x.off || x.want == "" && what != "" || !strings.Contains(what, x.want) {
			t.Errorf("%s %v: %q %v, want %q %v", x.engine, x.params, what, off, x.want, x.off)
		}
		if off && a.Cold() != what {
			t.Errorf("%s is off because %q, and says %q when cold", x.engine, what, a.Cold())
		}
		if off && a.Wants(call(1, start, "s3", "ListBuckets", from("203.0.113.5"), session("i-0123456789abcdef0"))) {
			t.Errorf("%s is off and wants events", x.engine)
		}
	}
}

// TestColdAcrossRestarts warms an engine up over two runs.
func TestColdAcrossRestarts(t *testing.T) {
	params := map[string]any{"of": "region"}
	a := made(t, "first-seen", World{}, params)
	if got := a.Cold(); got != "it has watched for 0 hours of the 14 days after which it can tell what is unusual" {
		t.Errorf("%q", got)
	}
	for i := range 20 {
		see(a, call(i, start.Add(time.Duration(i)*12*time.Hour), "ecs", "UpdateService"))
	}
	if got := a.Cold(); !strings.Contains(got, "9.5 days of the 14 days") {
		t.Errorf("%q", got)
	}
	state, err := a.Save()
	if err != nil {
		t.Fatal(err)
	}
	b := made(t, "first-seen", World{}, params)
	if err := b.Load(state); err != nil {
		t.Fatal(err)
	}
	for i := 20; i < 40; i++ {
		see(b, call(i, start.Add(time.Duration(i)*12*time.Hour), "ecs", "UpdateService"))
	}
	if got := b.Cold(); got != "" {
		t.Errorf("%q", got)
	}
	if got := see(b, call(99, start.Add(20*day), "lambda", "CreateFunction", in("sa-east-1"))); len(got) != 1 || got[0].Steps != 1 {
		t.Errorf("%+v", got)
	}
}

// TestLoadRefuses takes no state of another engine, of other parameters, or that was
// cut off, and stays as it was.
func TestLoadRefuses(t *testing.T) {
	events := func() (all []*Activity) {
		for i := range 60 {
			all = append(all, call(i, start.Add(time.Duration(i)*12*time.Hour), "ecs", "UpdateService", in(fmt.Sprintf("eu-west-%d", i%3))))
		}
		return all
	}
	a := made(t, "first-seen", World{}, map[string]any{"of": "region"})
	see(a, events()...)
	state, _ := a.Save()
	for _, other := range []Analytic{made(t, "first-seen", World{}, map[string]any{"of": "action"}), made(t, "rarity", World{}, nil)} {
		if err := other.Load(state); err == nil || !strings.Contains(err.Error(), "remove it to begin anew") {
			t.Errorf("%v", err)
		}
	}
	for n := range len(state) {
		if err := a.Load(state[:n]); err == nil {
			t.Fatalf("a state cut off after %d of %d bytes is taken", n, len(state))
		}
	}
	if err := a.Load(append(slices.Clone(state), 0)); err == nil {
		t.Error("a state with a byte too many is taken")
	}
	if again, _ := a.Save(); !slices.Equal(again, state) {
		t.Error("a state that was refused has left traces")
	}
}

func FuzzLoad(f *testing.F) {
	for i, x := range trials {
		a := made(f, x.engine, ExampleWorld(), x.params)
		stream := randomStream(testRand(uint64(i)), 300)
		see(a, stream...)
		state, _ := a.Save()
		f.Add(uint8(i), state)
	}
	stream := randomStream(testRand(99), 200)
	f.Fuzz(func(t *testing.T, which uint8, state []byte) {
		x := trials[int(which)%len(trials)]
		a := made(t, x.engine, ExampleWorld(), x.params)
		if a.Load(state) != nil {
			return
		}
		see(a, stream...)
		if _, err := a.Save(); err != nil {
			t.Error(err)
		}
	})
}

// TestWrongGeoData gives a database of countries to engines that ask for more.
func TestWrongGeoData(t *testing.T) {
	countries, err := ReadPlaces(strings.NewReader("network,country\n0.0.0.0/0,DE\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		engine string
		params map[string]any
		want   string
	}{
		{"impossible-travel", map[string]any{"of": "calls"}, "gave no coordinates for any of the 20 addresses"},
		{"new-place", map[string]any{"of": "asn"}, "gave no network (ASN) for any of the 20 addresses"},
		{"new-place", map[string]any{"of": "country"}, ""},
	} {
		a := made(t, x.engine, World{Places: countries}, x.params)
		for i := range 20 {
			see(a, call(i, start.Add(time.Duration(i)*time.Hour), "s3", "ListBuckets", by("ada"), from(fmt.Sprintf("198.51.100.%d", i))))
		}
		what, off := a.(Limited).Lacks()
		if off != (x.want != "") || !strings.Contains(what, x.want) {
			t.Errorf("%s: %q %v", x.engine, what, off)
		}
	}
}

// TestRetold takes no event twice that CloudTrail tells twice.
func TestRetold(t *testing.T) {
	for _, x := range []string{"AwsVpceEvent", "AwsCloudTrailInsight"} {
		for _, name := range Engines() {
			e, _ := Describe(name)
			a := made(t, name, ExampleWorld(), needed(e))
			again := call(1, start, "ec2", "DeleteSnapshot", func(a *Activity) { a.EventType, a.Error = x, "VpceAccessDenied" })
			again.Time = start.Add(time.Second) // some seconds tell that time goes by, whatever happens
			if a.Wants(again) {
				t.Errorf("%s wants an event of type %s", name, x)
			}
		}
	}
}

// TestAccountKnows tells what is new to a person from what is new to all: what others
// do every day stays known to the account, for however long.
func TestAccountKnows(t *testing.T) {
	a := made(t, "first-seen", World{}, map[string]any{"of": "action"})
	for d := range 300 {
		at := start.Add(time.Duration(d) * day)
		see(a, call(2*d, at, "iam", "CreateAccessKey", by("ada")), call(2*d+1, at, "ecs", "UpdateService", by("ben")))
	}
	last := start.Add(300 * day)
	if got := see(a, call(1000, last, "iam", "CreateAccessKey", by("ben"))); len(got) != 1 || got[0].Steps != 0 {
		t.Errorf("new to ben only: %+v", got)
	}
	if got := see(a, call(1001, last, "iam", "CreateUser", by("ben"))); len(got) != 1 || got[0].Steps != 1 || !strings.Contains(got[0].Message, "nobody in account 111122223333") {
		t.Errorf("new to all: %+v", got)
	}
}

// TestComputeWatches knows how long it has watched from events that start nothing.
func TestComputeWatches(t *testing.T) {
	a := made(t, "unusual-compute", World{}, nil)
	kind := record(jsonRecord{"requestParameters": map[string]any{"instanceType": "p3.2xlarge"}})
	for i := range 20 * 24 {
		see(a, call(i, start.Add(time.Duration(i)*time.Hour), "s3", "ListBuckets", reading))
	}
	if got := a.Cold(); got != "" {
		t.Errorf("%q", got)
	}
	if got := see(a, call(999, start.Add(20*day+time.Second), "ec2", "RunInstances", kind)); len(got) != 1 || !strings.Contains(got[0].Message, "of the kind p3") {
		t.Errorf("the first machines of an account have graphics processors: %+v", got)
	}
}
