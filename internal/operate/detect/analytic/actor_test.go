package analytic

import (
	"net/netip"
	"testing"
	"time"
)

func TestByAWS(t *testing.T) {
	for _, x := range []struct {
		change func(*Activity)
		want   bool
	}{
		{func(*Activity) {}, false},
		{func(a *Activity) { a.InvokedBy = "cloudformation.amazonaws.com" }, true},
		{func(a *Activity) { a.PrincipalType = "AWSService" }, true},
		{func(a *Activity) { a.EventType = "AwsServiceEvent" }, true},
		{from("athena.amazonaws.com"), true},
		{from("AWS Internal"), true},
		{func(a *Activity) {
			a.Principal = "arn:aws:iam::1:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"
		}, true},
		{func(a *Activity) { a.Principal = "arn:aws:iam::1:role/AWSServiceRoleForRDS" }, true},
		{func(a *Activity) { a.Principal = "arn:aws:iam::1:role/service-role/lambda" }, false},
	} {
		a := call(1, start, "s3", "ListBuckets", x.change)
		if got := byAWS(a); got != x.want {
			t.Errorf("%+v: %v", a, got)
		}
		if someone(a) == x.want {
			t.Errorf("%+v: someone", a)
		}
	}
	if someone(call(1, time.Time{}, "s3", "ListBuckets")) || someone(call(1, start.AddDate(500, 0, 0), "s3", "ListBuckets")) {
		t.Error("events of no time count")
	}
}

func TestActor(t *testing.T) {
	for _, x := range []struct{ principal, session, want string }{
		{"arn:aws:iam::1:role/deploy", "run-17", "arn:aws:iam::1:role/deploy"},
		{"arn:aws:iam::1:role/admin", "ada@example.com", "arn:aws:iam::1:role/admin (ada@example.com)"},
		{"arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1", "ada", "arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1 (ada)"},
		{"arn:aws:iam::1:user/ada", "", "arn:aws:iam::1:user/ada"},
	} {
		if got := spellActor(actor(&Activity{Principal: x.principal, PrincipalType: "AssumedRole", Session: x.session})); got != x.want {
			t.Errorf("%q, want %q", got, x.want)
		}
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "ListBuckets": "ListBuckets", "CreateFunction20150331": "CreateFunction", "UpdateFunctionCode20150331v2": "UpdateFunctionCode",
		"CreateDistribution2020_05_31": "CreateDistribution", "ListObjectsV2": "ListObjectsV2", "Get1": "Get1", "20150331": "", "v2": "v2", "GetFunction20150331v22": "GetFunction20150331v22",
	} {
		if got := plainName(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestFamily(t *testing.T) {
	for agent, want := range map[string]string{
		"":                               "",
		"aws-cli/2.17.0 md/x ua/2.0":     "aws-cli",
		"[Boto3/1.26.165 Python/3.10.6]": "Boto3",
		"aws-sdk-go-v2/1.17.0 os/linux":  "aws-sdk-go-v2",
		"APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io)": "Terraform",
		"APN/1.0": "APN",
		"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:102.0) Gecko/20100101 Firefox/102.0":        "Firefox",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0": "Edge",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120.0 Safari/537.36":           "Chrome",
		"Mozilla/5.0": "Mozilla",
		"stratus-red-team_39f95f43-cd2f-4beb-b69e-be60b6fe1f57": "stratus-red-team",
		"console.amazonaws.com":                                 "console.amazonaws.com",
		"S3Console/0.4, aws-internal/3":                         "S3Console",
		"exporter-2024":                                         "exporter",
		"my-tool":                                               "my-tool",
		"facade-tool":                                           "facade-tool",
	} {
		if got := family(agent); got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for text, want := range map[string]string{
		"198.51.100.7": "198.51.100.7", "::ffff:198.51.100.7": "198.51.100.7", "2001:db8::1": "2001:db8::1", "AWS Internal": "invalid IP", "": "invalid IP",
		"athena.amazonaws.com": "invalid IP", "fe80::1%eth0": "invalid IP", "06.237.252.245": "invalid IP", "cloudtrail.amazonaws.com": "invalid IP",
	} {
		if got, ok := address(&Activity{SourceIP: text}); got.String() != want || ok != (want != "invalid IP") {
			t.Errorf("%q: %s %v", text, got, ok)
		}
	}
	for text, want := range map[string]bool{"198.51.100.7": true, "10.0.0.1": false, "127.0.0.1": false, "100.64.0.1": false, "169.254.1.1": false, "2001:db8::1": true, "fd00::1": false, "fe80::1": false, "0.0.0.0": false} {
		if got := public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v", text, got)
		}
	}
}

func TestDenied(t *testing.T) {
	for code, want := range map[string]bool{"": false, "AccessDenied": true, "Client.UnauthorizedOperation": true, "AccessDeniedException": true, "KMS.AccessDeniedException": true,
		"ThrottlingException": false, "Server.UnauthorizedOperation": true, "NoSuchBucket": false} {
		if got := denied(code); got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}

// TestLists reads the program's own lists, whose faults New cannot tell.
func TestLists(t *testing.T) {
	for name, text := range map[string]string{"tactics": tacticsText, "shares": sharesText, "deletions": deletionsText} {
		if _, err := parseList(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"persistence iam", "a s3 X\na s3 X", "a s3 X X"} {
		if _, err := parseList(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if n := shares().size(shares().mask([]string{"enumeration"})); n < 100 {
		t.Errorf("%d actions to enumerate by", n)
	}
	in := call(1, start, "lambda", "UpdateFunctionCode20150331v2").tactics()
	if in != tactics().mask([]string{"persistence"}) {
		t.Errorf("%b", in)
	}
	if call(1, start, "ec2", "CreateUser").tactics() != 0 || tactics().in("iamx.amazonaws.com", "CreateUser") != 0 {
		t.Error("an action of another service is on the list")
	}
	for _, name := range tactics().names {
		if len(techniquesOf[name]) == 0 {
			t.Errorf("tactic %s has no technique", name)
		}
	}
}
