package collect

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// find is the one resource of a type, or of a type and id.
func find(t *testing.T, out awstest.Outcome, typ, id string) evidence.Resource {
	t.Helper()
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	for _, b := range out.Batches {
		for _, r := range b.Resources {
			if r.Type == typ && (id == "" || r.ID == id) {
				return r
			}
		}
	}
	t.Fatalf("there is no %s %s", typ, id)
	return evidence.Resource{}
}

func load(t *testing.T, name string) fstest.MapFS {
	t.Helper()
	world, err := awstest.Load(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return world.(fstest.MapFS)
}

func gaps(out awstest.Outcome) []evidence.Gap {
	var all []evidence.Gap
	for _, b := range out.Batches {
		all = append(all, b.Gaps...)
	}
	return all
}

// TestOffIsNotDenied keeps apart what AWS answers with one code.
func TestOffIsNotDenied(t *testing.T) {
	for name, c := range map[string]struct {
		collector     aws.Collector
		typ           string
		code, message string
		off           bool
	}{
		"hub off":             {securityHubCollector(), typeSecurityHub, "InvalidAccessException", "Account 1 is not subscribed to AWS Security Hub", true},
		"hub off, older text": {securityHubCollector(), typeSecurityHub, "InvalidAccessException", "AccountId: 1 is not enabled for securityhub. Currentstate: false", true},
		"hub refused":         {securityHubCollector(), typeSecurityHub, "InvalidAccessException", "Account 1 is not an administrator for this organization", false},
		"hub denied":          {securityHubCollector(), typeSecurityHub, "AccessDeniedException", "not authorized to perform: securityhub:DescribeHub", false},
		"macie off":           {macieCollector(), typeMacie, "AccessDeniedException", "Macie is not enabled", true},
		"macie denied":        {macieCollector(), typeMacie, "AccessDeniedException", "not authorized to perform: macie2:GetMacieSession", false},
		"guardduty denied":    {guardDutyCollector(), typeGuardDuty, "AccessDeniedException", "no", false},
	} {
		t.Run(name, func(t *testing.T) {
			world := fstest.MapFS{"111122223333/eu-west-1/x/y.json": {Data: []byte("{}")}}
			out := awstest.Run(t.Context(), t, []aws.Collector{c.collector}, world, awstest.Fail(c.code, c.message))
			enabled := find(t, out, c.typ, "").Properties["Enabled"]
			if c.off {
				if enabled != false || len(gaps(out)) != 0 {
					t.Errorf("Enabled %v, gaps %+v", enabled, gaps(out))
				}
				return
			}
			if _, unknown := enabled.(evidence.Unknown); !unknown || len(gaps(out)) == 0 || gaps(out)[0].Reason != evidence.Denied {
				t.Errorf("Enabled %v, gaps %+v", enabled, gaps(out))
			}
		})
	}
}

func TestNoPasswordPolicyIsKnowledge(t *testing.T) {
	out := awstest.Run(t.Context(), t, []aws.Collector{iamAccountCollector()}, load(t, "iam-account"),
		awstest.Fail("NoSuchEntity", "The Password Policy with domain name 1 cannot be found.", "iam.GetAccountPasswordPolicy"))
	p := find(t, out, typePasswordPolicy, "").Properties
	if p["Configured"] != false || p["UsersWithPassword"] != int64(1) || len(gaps(out)) != 0 {
		t.Errorf("%v, %v", p, gaps(out))
	}
}

func TestCredentialReportIsMade(t *testing.T) {
	world := load(t, "iam-account")
	notYet := func(next awstest.Answer) awstest.Answer {
		return awstest.Fail("ReportNotPresent", "", "iam.GetCredentialReport")(next)
	}
	out := awstest.Run(t.Context(), t, []aws.Collector{iamAccountCollector()}, world, notYet)
	if out.Calls["iam.GenerateCredentialReport"] != maxPolls {
		t.Errorf("asked %d times for a report that never comes", out.Calls["iam.GenerateCredentialReport"])
	}
	if _, unknown := find(t, out, typePasswordPolicy, "").Properties["UsersWithPassword"].(evidence.Unknown); !unknown || len(gaps(out)) != 1 {
		t.Errorf("gaps %+v", gaps(out))
	}
}

// TestAccountAndOrganisationMeet: the organisation tells where an account
// stands, the account which Regions it has; one resource holds both.
func TestAccountAndOrganisationMeet(t *testing.T) {
	world := fstest.MapFS{}
	for _, name := range []string{"account", "organizations"} {
		for path, f := range load(t, name) {
			world[path] = f
		}
	}
	out := awstest.Run(t.Context(), t, []aws.Collector{accountCollector(), organizationsCollector()}, world, nil)
	r := find(t, out, evidence.TypeAccount, "111122223333")
	if r.Properties["ParentId"] != "r-ab12" || r.Properties["Management"] != true || r.Properties["Alias"] != "example-solo" || len(r.Properties["EnabledRegions"].([]any)) != 2 {
		t.Errorf("%v", r.Properties)
	}
	if c := find(t, out, typeContacts, ""); c.Properties["PrimaryEmail"] != "aws+management@example.com" {
		t.Errorf("%v", c.Properties)
	}
	n := 0
	for _, b := range out.Batches {
		for _, r := range b.Resources {
			if r.Type == evidence.TypeAccount && r.ID == "111122223333" {
				n++
			}
		}
	}
	if n != 1 {
		t.Errorf("the account was emitted %d times", n)
	}
}

func TestHiddenTargetsHideEveryAttachment(t *testing.T) {
	out := awstest.Run(t.Context(), t, []aws.Collector{organizationsCollector()}, load(t, "organizations"), awstest.Deny("organizations.ListTargetsForPolicy"))
	u, unknown := find(t, out, evidence.TypeNode, "ou-ab12-prod0001").Properties["Policies"].(evidence.Unknown)
	if !unknown || !strings.Contains(u.Reason, "ListTargetsForPolicy denied") {
		t.Errorf("an OU whose policies were not seen has %v", u)
	}
}

func TestBucketThatVanishesIsNoGap(t *testing.T) {
	out := awstest.Run(t.Context(), t, []aws.Collector{s3Collector()}, load(t, "s3"), awstest.Fail("NoSuchBucket", "gone", "s3.GetBucketAcl"))
	if len(gaps(out)) != 0 {
		t.Errorf("%+v", gaps(out))
	}
	for _, b := range out.Batches {
		for _, r := range b.Resources {
			if r.Type == typeBucket {
				t.Errorf("%s was emitted although it is gone", r.ID)
			}
		}
	}
}

func TestPrintedPolicyFits(t *testing.T) {
	documents, err := aws.Policy(All(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) < 2 {
		t.Fatalf("%d documents", len(documents))
	}
	text := ""
	for _, d := range documents {
		text += string(d.JSON)
	}
	for _, want := range []string{`"iam:GenerateCredentialReport"`, `"s3:GetAccountPublicAccessBlock"`, `"organizations:ListRoots"`, `"sts:AssumeRole"`, "role/HoldfastAudit"} {
		if !strings.Contains(text, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
}
