package managed

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	for _, name := range []string{"AdministratorAccess", "arn:aws:iam::aws:policy/AdministratorAccess"} {
		doc, ok := Policy(name)
		if !ok || string(doc) != `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}` {
			t.Errorf("Policy(%q) = %s, %v", name, doc, ok)
		}
	}
	for name, contains := range map[string]string{
		"PowerUserAccess":                        `"NotAction":["iam:*","organizations:*","account:*"]`,
		"arn:aws:iam::aws:policy/ReadOnlyAccess": `"s3:Get*"`,
		"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole":     `"logs:CreateLogGroup"`,
		"AWSLambdaBasicExecutionRole":                                          `"logs:PutLogEvents"`,
		"arn:aws:iam::aws:policy/job-function/ViewOnlyAccess":                  `"s3:ListAllMyBuckets"`,
		"arn:aws:iam::aws:policy/AWSLambdaFullAccess":                          `"lambda:*"`, // withdrawn; its path is not in the source
		"arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy": `"Statement"`,
	} {
		if doc, ok := Policy(name); !ok || !bytes.Contains(doc, []byte(contains)) {
			t.Errorf("Policy(%q) has no %s: %.200s, %v", name, contains, doc, ok)
		}
	}
	for _, name := range []string{
		"", "Nope", "administratoraccess", "arn:aws:iam::aws:policy/", "arn:aws:iam::aws:policy/service-role/AdministratorAccess",
		"arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", "arn:aws:iam::111122223333:policy/AdministratorAccess",
		"arn:aws-cn:iam::aws:policy/AdministratorAccess",
	} {
		if doc, ok := Policy(name); ok {
			t.Errorf("Policy(%q) = %.60s", name, doc)
		}
	}
}

func TestARN(t *testing.T) {
	for name, want := range map[string]string{
		"AdministratorAccess":         "arn:aws:iam::aws:policy/AdministratorAccess",
		"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
		"ViewOnlyAccess":              "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
		"AWSLambdaFullAccess":         "",
		"Nope":                        "",
	} {
		if got, ok := ARN(name); got != want || ok != (want != "") {
			t.Errorf("ARN(%q) = %q, %v", name, got, ok)
		}
	}
	for arn, want := range map[string]bool{
		"arn:aws:iam::aws:policy/Whatever": true, "arn:aws-cn:iam::aws:policy/x/Y": true,
		"arn:aws:iam::111122223333:policy/Whatever": false, "arn::iam::aws:policy/x": false, "AdministratorAccess": false, "": false,
	} {
		if Is(arn) != want {
			t.Errorf("Is(%q) = %v", arn, !want)
		}
	}
}

// TestEveryPolicyIsThere reads all documents.
func TestEveryPolicyIsThere(t *testing.T) {
	names := slices.Collect(Names())
	if len(names) != 1643 || !slices.IsSorted(names) {
		t.Errorf("%d policies, sorted %v", len(names), slices.IsSorted(names))
	}
	for _, name := range names {
		doc, ok := Policy(name)
		var p struct{ Statement json.RawMessage }
		if err := json.Unmarshal(doc, &p); !ok || err != nil || len(p.Statement) < 3 {
			t.Errorf("%s: %v, %v: %.60s", name, ok, err, doc)
		}
		if arn, known := ARN(name); known {
			if again, ok := Policy(arn); !ok || !bytes.Equal(doc, again) {
				t.Errorf("%s is not found by %s", name, arn)
			}
		}
	}
	if source, license := Source(); !strings.Contains(source, "iam-dataset") || !strings.Contains(license, "MIT") {
		t.Errorf("Source() = %q, %q", source, license)
	}
	for range Names() {
		break // a stop is heeded
	}
}

// TestPoliciesAreFresh runs the generator on the pinned data, where that is at
// hand, and compares.
func TestPoliciesAreFresh(t *testing.T) {
	from := os.Getenv("AWS_MANAGED_POLICIES")
	if from == "" {
		from = "/work/shared/data/aws/managed-policies.tar.xz"
	}
	if _, err := os.Stat(from); err != nil {
		t.Skipf("no data at %s; set AWS_MANAGED_POLICIES to run this test", from)
	}
	if _, err := exec.LookPath("xz"); err != nil {
		t.Skip("xz is not installed")
	}
	out := filepath.Join(t.TempDir(), "policies.packed")
	if msg, err := exec.Command("go", "run", "./gen", "-from", from, "-out", out).CombinedOutput(); err != nil {
		t.Fatalf("generator: %v\n%s", err, msg)
	}
	got, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Error("policies.packed differs from what the generator writes; run go generate ./internal/engine/iam/managed")
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	f.Add("AdministratorAccess")
	f.Fuzz(func(t *testing.T, name string) {
		doc, ok := Policy(name)
		if ok && !json.Valid(doc) {
			t.Errorf("%q is no JSON", name)
		}
		if arn, known := ARN(name); known && !Is(arn) {
			t.Errorf("ARN(%q) = %q", name, arn)
		}
	})
}

func BenchmarkPolicy(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := Policy("AmazonS3FullAccess"); !ok {
			b.Fatal("not found")
		}
	}
}
