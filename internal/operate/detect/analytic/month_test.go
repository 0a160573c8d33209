package analytic

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// A company as many are, for ten weeks in which nobody attacks it. Six weeks it is
// only watched; in the four after that no analytic may cry wolf.
//
//   - People work on weekdays, through Identity Center, with browser and command line,
//     from the office, from home and by the VPN; now and then they do what they seldom
//     do, update their programs, go to the other site by train, and mistype passwords.
//   - A pipeline deploys by Terraform, which reads all there is each time.
//   - Services run on instances and functions, by addresses of AWS, day and night.
//   - A scanner looks at everything, every night. A backup reads and deletes.
//   - AWS acts by itself.
type company struct {
	r     *rand.Rand
	n     int
	all   []*Activity
	first time.Time
}

func (c *company) do(at time.Time, service, name string, change ...func(*Activity)) {
	c.n++
	a := call(c.n, at, service, name, change...)
	a.ReadOnly = strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Describe")
	a.Data = name == "GetObject" || name == "PutObject" || name == "DeleteObject"
	c.all = append(c.all, a)
}

func role(name, session string) func(*Activity) {
	return func(a *Activity) {
		a.Principal, a.PrincipalType, a.Session = "arn:aws:iam::111122223333:role/"+name, "AssumedRole", session
		a.ARN = "arn:aws:sts::111122223333:assumed-role/" + name + "/" + session
	}
}

type worker struct {
	name, home, browser string
	habits, seldom      []string
}

// staff are people with their habits: what they do daily, and what once in a while.
var staff = []worker{
	{"ada", "198.51.100.20", "Firefox", []string{"ec2 DescribeInstances", "ec2 DescribeVolumes", "ec2 StartInstances", "ec2 StopInstances", "ssm StartSession", "logs FilterLogEvents"},
		[]string{"ec2 CreateSnapshot", "iam CreateAccessKey", "ec2 AuthorizeSecurityGroupIngress", "kms DescribeKey", "ec2 RunInstances"}},
	{"ben", "198.51.100.140", "Chrome", []string{"s3 ListBuckets", "s3 GetBucketLocation", "glue GetTables", "athena StartQueryExecution", "glue StartJobRun"},
		[]string{"glue CreateJob", "s3 PutBucketPolicy", "secretsmanager GetSecretValue", "lambda UpdateFunctionCode20150331v2"}},
	{"eve", "192.0.2.20", "Edge", []string{"iam ListUsers", "iam ListRoles", "iam GetRole", "organizations ListAccounts", "iam AttachRolePolicy", "iam CreateRole"},
		[]string{"iam CreateUser", "iam PutRolePolicy", "iam DeleteRole", "iam CreatePolicyVersion", "cloudtrail LookupEvents"}},
}

func (c *company) person(w worker, today time.Time) {
	at := today.Add(8*time.Hour + time.Duration(c.r.IntN(90))*time.Minute)
	where := []string{w.home, "198.51.100.50", "192.0.2.200"}[c.r.IntN(3)] // home, office, VPN
	me := role("AWSReservedSSO_Work_0123456789abcdef", w.name+"@example.com")
	browser := "Mozilla/5.0 (X11) " + w.browser + "/" + fmt.Sprint(100+int(today.Sub(c.first)/(14*day)))
	if w.browser == "Edge" {
		browser = "Mozilla/5.0 (Windows) Chrome/120 Edg/120"
	}
	result := func(how string) func(*Activity) {
		return record(jsonRecord{"responseElements": map[string]any{"ConsoleLogin": how}, "userIdentity": map[string]any{"userName": w.name}})
	}
	for range c.r.IntN(3) { // mistyped
		c.do(at, "signin", "ConsoleLogin", me, from(where), with(browser), result("Failure"), in("us-east-1"))
		at = at.Add(20 * time.Second)
	}
	c.do(at, "signin", "ConsoleLogin", me, from(where), with(browser), result("Success"), in("us-east-1"))
	// The console's first pages.
	page := record(jsonRecord{"sessionCredentialFromConsole": "true"})
	for i := range 40 {
		service := []string{"ec2", "health", "autoscaling", "elasticloadbalancing"}[i%4]
		c.do(at.Add(time.Duration(i)*time.Second/2), service, fmt.Sprintf("DescribeThing%d", c.r.IntN(60)), me, from(where), with(browser), page)
	}
	cli := "aws-cli/2." + fmt.Sprint(15+int(today.Sub(c.first)/(10*day))) + ".0"
	for range 20 + c.r.IntN(30) {
		at = at.Add(time.Duration(c.r.IntN(900)) * time.Second)
		what := strings.Fields(w.habits[c.r.IntN(len(w.habits))])
		if c.r.IntN(60) == 0 {
			what = strings.Fields(w.seldom[c.r.IntN(len(w.seldom))])
		}
		agent := cli
		if c.r.IntN(2) == 0 {
			agent = browser
		}
		failed := ""
		if c.r.IntN(40) == 0 {
			failed = "AccessDenied"
		}
		c.do(at, what[0], what[1], me, from(where), with(agent), failing(failed),
			record(jsonRecord{"requestParameters": map[string]any{"instanceType": "t3.medium"}}))
	}
	if c.r.IntN(12) == 0 { // a train to Potsdam, and a login from there
		c.do(at.Add(50*time.Minute), "signin", "ConsoleLogin", me, from("198.51.100.150"), with(browser), result("Success"), in("us-east-1"))
	}
}

func (c *company) deploy(at time.Time) {
	me, agent := role("deploy", fmt.Sprintf("GitHubActions-%d", c.n)), with(fmt.Sprintf("APN/1.0 HashiCorp/1.0 Terraform/1.%d.0", 5+c.r.IntN(2)))
	for i := range 150 {
		service := []string{"ec2", "iam", "s3", "lambda", "kms", "rds"}[i%6]
		c.do(at.Add(time.Duration(i)*300*time.Millisecond), service, fmt.Sprintf("DescribeResource%d", i%90), me, agent, from(fmt.Sprintf("203.0.113.%d", 200+c.r.IntN(40))))
	}
	for range 1 + c.r.IntN(6) {
		what := strings.Fields([]string{"lambda UpdateFunctionCode20150331v2", "ecs UpdateService", "ecs RegisterTaskDefinition", "iam PutRolePolicy", "cloudformation UpdateStack", "ec2 CreateTags"}[c.r.IntN(6)])
		c.do(at.Add(time.Minute), what[0], what[1], me, agent, from("203.0.113.210"))
	}
}

func (c *company) scan(at time.Time) {
	me, agent := role("scanner", "nightly"), with("Boto3/1.34.1 md/Botocore#1.34.1")
	for i := range 300 {
		service := []string{"ec2", "iam", "s3", "lambda", "kms", "rds", "ecs", "guardduty"}[i%8]
		name := fmt.Sprintf("ListThing%d", i%200)
		if e := shares(); i%3 == 0 { // among them the very calls of the enumeration list
			name, service = enumerated(e, i/3)
		}
		c.do(at.Add(time.Duration(i)*time.Second/4), service, name, me, agent, from("203.0.113.131"), reading)
	}
}

func enumerated(l *list, i int) (name, service string) {
	mask := l.mask([]string{"enumeration"})
	var all []string
	for action, of := range l.calls {
		for _, c := range of {
			if c.in&mask != 0 {
				all = append(all, action+" "+strings.TrimSuffix(c.service, "."))
			}
		}
	}
	slices.Sort(all)
	name, service, _ = strings.Cut(all[i%len(all)], " ")
	return name, service
}

func (c *company) machines(hour time.Time, busy int) {
	for i := range 2 {
		me := role("web", fmt.Sprintf("i-0123456789abcde0%d", i))
		for range 4 {
			c.do(hour.Add(time.Duration(c.r.IntN(3600))*time.Second), "ssm", "UpdateInstanceInformation", me, from("203.0.113.131"), with("aws-sdk-go/1.41.4 amazon-ssm-agent/"))
		}
		c.do(hour.Add(time.Duration(c.r.IntN(3600))*time.Second), "secretsmanager", "GetSecretValue", me, from("10.0.0.5"), with("Boto3/1.34.1"),
			func(a *Activity) { a.VPCEndpoint = "vpce-1" }, record(jsonRecord{"vpcEndpointAccountId": "111122223333"}))
	}
	function := record(jsonRecord{"userIdentity": map[string]any{"inScopeOf": map[string]any{"issuerType": "AWS::Lambda::Function", "credentialsIssuedTo": "arn:aws:lambda:eu-west-1:111122223333:function:mailer"}}})
	for range 6 {
		c.do(hour.Add(time.Duration(c.r.IntN(3600))*time.Second), "sqs", "GetQueueAttributes", role("mailer", "mailer"), from(fmt.Sprintf("203.0.113.%d", 150+c.r.IntN(50))),
			with("Boto3/1.34 exec-env/AWS_Lambda_python3.12"), function, reading)
	}
	for range busy {
		c.do(hour.Add(time.Duration(c.r.IntN(3600))*time.Second), "s3", "GetObject", role("report", "report"), from("203.0.113.131"), with("Boto3/1.34.1"))
	}
	// AWS by itself.
	for i := range 40 {
		c.do(hour.Add(time.Duration(i)*time.Second), []string{"ec2", "iam", "s3"}[i%3], fmt.Sprintf("DescribeThing%d", i), from("config.amazonaws.com"), with("config.amazonaws.com"),
			role("aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "configLambdaExecution"))
	}
	c.do(hour.Add(10*time.Minute), "ec2", "RunInstances", role("aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "AutoScaling"), from("autoscaling.amazonaws.com"),
		with("autoscaling.amazonaws.com"), record(jsonRecord{"requestParameters": map[string]any{"instanceType": "m5.large"}}))
}

func (c *company) backup(at time.Time) {
	me := role("cleaner", "nightly")
	for i := range 20 + c.r.IntN(20) {
		c.do(at.Add(time.Duration(i)*2*time.Second), "ec2", "DeleteSnapshot", me, from("203.0.113.131"), with("Boto3/1.34.1"))
	}
	for i := range 300 + c.r.IntN(200) {
		c.do(at.Add(time.Duration(i)*time.Second), "s3", "DeleteObject", me, from("203.0.113.131"), with("Boto3/1.34.1"))
	}
}

// weeks makes the company's events, in order.
func weeks(seed uint64, n int) []*Activity {
	c := &company{r: rand.New(rand.NewPCG(seed, 8)), first: start.Truncate(day)}
	for d := range n * 7 {
		today := c.first.Add(time.Duration(d) * day)
		if wd := today.Weekday(); wd != time.Saturday && wd != time.Sunday {
			for _, w := range staff {
				if c.r.IntN(12) > 0 { // else ill, or on holiday
					c.person(w, today)
				}
			}
			for range 1 + c.r.IntN(3) {
				c.deploy(today.Add(time.Duration(9+c.r.IntN(9)) * time.Hour))
			}
		}
		for h := range 24 {
			busy := 5
			if h == 3 {
				busy = 1000 + c.r.IntN(500) // the report
			}
			c.machines(today.Add(time.Duration(h)*time.Hour), busy)
		}
		c.scan(today.Add(2 * time.Hour))
		c.backup(today.Add(4 * time.Hour))
	}
	slices.SortStableFunc(c.all, func(a, b *Activity) int { return a.Time.Compare(b.Time) })
	return c.all
}

// normal are the engines as the catalogue has them, and whether they are of those that
// may be wrong now and then: their detections are of low severity, and say so.
var normal = []struct {
	engine string
	params map[string]any
	low    int // signals that a month may bring, of low severity
}{
	{"access-denied-burst", nil, 0},
	{"action-share", map[string]any{"list": "enumeration"}, 0},
	{"action-share", map[string]any{"list": "privilege-escalation"}, 0},
	{"action-share", map[string]any{"list": "llm-jacking"}, 0},
	{"console-brute-force", nil, 0},
	{"credential-exfiltration", map[string]any{"where": "outside"}, 0},
	{"credential-exfiltration", map[string]any{"where": "inside", "of": []any{"instance"}}, 0},
	{"first-seen", map[string]any{"of": "action"}, 6},
	{"first-seen", map[string]any{"of": "region"}, 0},
	{"first-seen", map[string]any{"of": "user-agent"}, 0},
	{"impossible-travel", nil, 0},
	{"mass-delete", nil, 0},
	{"mass-read", nil, 0},
	{"new-place", map[string]any{"of": "country"}, 0},
	{"new-place", map[string]any{"of": "asn"}, 3},
	{"rarity", nil, 0},
	{"recon-burst", nil, 0},
	{"unusual-compute", nil, 0},
}

// TestBenignMonth lets ten weeks go by. Of the first six, those signals are counted
// that come while nothing is known yet: a scanner's and a pipeline's first day.
func TestBenignMonth(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		stream := weeks(seed, 10)
		month := start.Truncate(day).Add(42 * day)
		t.Logf("seed %d: %d events", seed, len(stream))
		for _, x := range normal {
			var early, late []Signal
			for _, s := range see(made(t, x.engine, ExampleWorld(), x.params), stream...) {
				if s.Last.Before(month) {
					early = append(early, s)
				} else {
					late = append(late, s)
				}
			}
			t.Logf("seed %d: %s %v: %d while it learns, %d in the month", seed, x.engine, x.params, len(early), len(late))
			if len(late) > x.low {
				for _, s := range late {
					t.Errorf("seed %d: %s %v: %s", seed, x.engine, x.params, s.Message)
				}
			}
			for _, s := range early {
				known := strings.HasSuffix(s.At.Principal, "role/scanner") || strings.HasSuffix(s.At.Principal, "role/deploy") || strings.HasSuffix(s.At.Principal, "role/cleaner")
				if !known && x.low == 0 {
					t.Errorf("seed %d: while it learns, %s %v: %s", seed, x.engine, x.params, s.Message)
				}
			}
			if len(early) > 6+x.low*3 {
				t.Errorf("seed %d: %d signals of %s %v while it learns", seed, len(early), x.engine, x.params)
			}
		}
	}
}

// TestAttackInMonth puts a stolen session into the month: it is found by what is
// unlike everybody.
func TestAttackInMonth(t *testing.T) {
	stream := weeks(1, 8)
	at := stream[len(stream)-1].Time.Add(10 * time.Hour)
	me, away, tool := role("deploy", "x"), from("203.0.113.5"), with("python-requests/2.31")
	c := &company{n: 9_000_000}
	list := shares()
	for i := range 60 {
		name, service := enumerated(list, i*2)
		c.do(at.Add(time.Duration(i)*5*time.Second), service, name, me, away, tool)
	}
	c.do(at.Add(10*time.Minute), "iam", "CreateUser", me, away, tool)
	c.do(at.Add(11*time.Minute), "ec2", "RunInstances", me, away, tool, in("ap-northeast-3"), record(jsonRecord{"requestParameters": map[string]any{"instanceType": "p4d.24xlarge"}}))
	for i := range 12 {
		c.do(at.Add(20*time.Minute+time.Duration(i)*time.Second), "ec2", "DeleteSnapshot", me, away, tool)
	}
	found := map[string]bool{}
	for _, x := range normal {
		a := made(t, x.engine, ExampleWorld(), x.params)
		see(a, stream...)
		for _, s := range see(a, c.all...) {
			found[strings.TrimSpace(fmt.Sprint(x.engine, " ", x.params["of"]))] = true
			if !strings.HasSuffix(s.At.Principal, "role/deploy") {
				t.Errorf("%s blames %s", x.engine, s.At.Principal)
			}
		}
	}
	for _, want := range []string{"recon-burst <nil>", "action-share <nil>", "first-seen action", "first-seen region", "first-seen user-agent", "new-place country", "new-place asn", "rarity <nil>", "mass-delete <nil>", "unusual-compute <nil>"} {
		if !found[want] {
			t.Errorf("%s did not find it", want)
		}
	}
}
