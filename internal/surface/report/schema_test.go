package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"holdfast.dev/holdfast/internal/finding"
)

// schemas is where the published schemas lie on machines that have them.
const schemas = "/work/shared/data/schemas"

func schemaFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(schemas, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not on this machine: the format is not checked against its schema", path)
	}
	return path
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(schemaFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSARIFSchema(t *testing.T) {
	schema := compile(t, "sarif-schema-2.1.0.json")
	for name, doc := range map[string][]byte{
		"some":    write(t, SARIF, someMeta(), sequence(someFindings())),
		"hostile": write(t, SARIF, someMeta(), sequence(hostileFindings())),
		"empty":   write(t, SARIF, Meta{}, sequence(nil)),
	} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What SARIF asks for beyond its schema, and what code scanning reads.
func TestSARIFMeaning(t *testing.T) {
	var doc struct {
		Runs []struct {
			Results []struct {
				RuleID              string
				RuleIndex           int
				Kind, Level         string
				BaselineState       string
				PartialFingerprints map[string]string
				Suppressions        []any
				Locations           []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI, URIBaseID string }
						Region           struct{ StartLine int }
					}
				}
			}
			Tool struct {
				Driver struct {
					Rules []struct {
						ID         string
						Properties map[string]any
					}
				}
			}
			Invocations []struct {
				ExecutionSuccessful        bool
				ToolExecutionNotifications []struct{ Level string }
			}
		}
	}
	if err := json.Unmarshal(write(t, SARIF, someMeta(), sequence(someFindings())), &doc); err != nil {
		t.Fatal(err)
	}
	run := doc.Runs[0]
	kinds := map[string]int{}
	for _, r := range run.Results {
		kinds[r.Kind]++
		if (r.Kind == "fail") == (r.Level == "none") {
			t.Errorf("%s: kind %s with level %s", r.RuleID, r.Kind, r.Level)
		}
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("rule index %d is not %s", r.RuleIndex, r.RuleID)
		}
		if len(r.PartialFingerprints) != 1 {
			t.Errorf("%s: fingerprints %v", r.RuleID, r.PartialFingerprints)
		}
		if r.RuleID == "s3-bucket-ssl-requests-only" {
			l := r.Locations[0].PhysicalLocation
			if l.ArtifactLocation.URI != "stacks/logging/storage%20stack.yaml" || l.ArtifactLocation.URIBaseID != "SRCROOT" || l.Region.StartLine != 42 {
				t.Errorf("location is %+v", l)
			}
		}
	}
	if kinds["fail"] != 8 || kinds["pass"] != 2 || kinds["open"] != 1 || kinds["notApplicable"] != 1 {
		t.Errorf("kinds: %v", kinds)
	}
	if i := run.Invocations[0]; i.ExecutionSuccessful || len(i.ToolExecutionNotifications) != 3 {
		t.Errorf("invocation: %+v", i)
	}
	if got := run.Tool.Driver.Rules[0].Properties["security-severity"]; got != "9.5" {
		t.Errorf("security-severity of a critical control is %v", got)
	}
}

func TestSARIFURI(t *testing.T) {
	for _, c := range []struct{ file, root, uri, base string }{
		{"a/b.yaml", "", "a/b.yaml", "SRCROOT"},
		{"./a/b.yaml", "/r", "a/b.yaml", "SRCROOT"},
		{"/r/a b#c.yaml", "/r", "a%20b%23c.yaml", "SRCROOT"},
		{"/elsewhere/b.yaml", "/r", "file:///elsewhere/b.yaml", ""},
		{"a:b.yaml", "/r", "./a:b.yaml", "SRCROOT"},
	} {
		got := sarifURI(c.file, c.root)
		if got.URI != c.uri || got.URIBaseID != c.base {
			t.Errorf("%q below %q: %+v", c.file, c.root, got)
		}
	}
}

func TestASFFSchema(t *testing.T) {
	schema := compile(t, "asff.schema.json")
	findings := append(someFindings(), hostileFindings()...)
	d := json.NewDecoder(bytes.NewReader(write(t, ASFF, someMeta(), sequence(append(findings, manyFindings(450)...)))))
	total := 0
	for d.More() {
		var request struct{ Findings []json.RawMessage }
		if err := d.Decode(&request); err != nil {
			t.Fatal(err)
		}
		if len(request.Findings) == 0 || len(request.Findings) > 100 {
			t.Errorf("a request of %d findings", len(request.Findings))
		}
		place := ""
		for _, raw := range request.Findings {
			total++
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(v); err != nil {
				t.Errorf("%v\n%s", err, raw)
			}
			f := v.(map[string]any)
			if len(raw) > 240_000 {
				t.Errorf("%v takes %d bytes", f["Id"], len(raw))
			}
			if here := f["AwsAccountId"].(string) + f["Region"].(string); place != "" && here != place {
				t.Errorf("a request spans %s and %s", place, here)
			} else {
				place = here
			}
		}
	}
	if want := len(findings) + 450; total != want {
		t.Errorf("%d findings of %d", total, want)
	}
}

// Each name we give a resource type has to be one Security Hub knows.
func TestASFFTypes(t *testing.T) {
	raw, err := os.ReadFile(schemaFile(t, "asff.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs struct {
			ResourceDetails struct{ Properties map[string]any }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	for cfn, name := range asffTypes {
		if schema.Defs.ResourceDetails.Properties[name] == nil {
			t.Errorf("%s: Security Hub has no %s", cfn, name)
		}
	}
}

func TestASFFMeaning(t *testing.T) {
	want := map[string]string{
		"root-account-mfa-enabled":              "FAILED NEW ACTIVE CRITICAL 90 arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
		"s3-bucket-public-read-prohibited":      "FAILED NEW ACTIVE CRITICAL 90 arn:aws:securityhub:eu-west-1:222233334444:product/222233334444/default",
		"guardduty-enabled-centralized":         "WARNING NEW ACTIVE HIGH 70 arn:aws:securityhub:eu-north-1:333344445555:product/333344445555/default",
		"encrypted-volumes":                     "FAILED SUPPRESSED ACTIVE MEDIUM 40 arn:aws:securityhub:eu-west-1:222233334444:product/222233334444/default",
		"cloudtrail-enabled":                    "FAILED SUPPRESSED ACTIVE HIGH 70 arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default",
		"access-keys-rotated":                   "PASSED RESOLVED ACTIVE INFORMATIONAL 0 arn:aws:securityhub:us-east-1:222233334444:product/222233334444/default",
		"rds-storage-encrypted":                 "NOT_AVAILABLE NEW ARCHIVED INFORMATIONAL 0 arn:aws:securityhub:eu-west-1:222233334444:product/222233334444/default",
		"kms-key-policy-no-public-access":       "NOT_AVAILABLE NEW ACTIVE HIGH 70 arn:aws-cn:securityhub:cn-north-1:222233334444:product/222233334444/default",
		"s3-account-level-public-access-blocks": "PASSED RESOLVED ARCHIVED INFORMATIONAL 0 arn:aws:securityhub:us-east-1:444455556666:product/444455556666/default",
	}
	a := newASFF(newErrWriter(&bytes.Buffer{}), Meta{At: now})
	for _, f := range someFindings() {
		if f.Account == "" {
			if _, err := a.convert(f); err == nil || !strings.Contains(err.Error(), "12-digit") {
				t.Errorf("a finding of no account: %v", err)
			}
			continue
		}
		got, err := a.convert(f)
		if err != nil {
			t.Fatal(err)
		}
		if f.Kind == finding.Detection {
			if got.Compliance != nil || got.Types[0] != "TTPs" || got.ProductFields["holdfast/Alerts"] != "3" {
				t.Errorf("a detection: %+v", got)
			}
			continue
		}
		line := strings.Join([]string{got.Compliance.Status, got.Workflow.Status, got.RecordState, got.Severity.Label, jsonText(got.Severity.Normalized), got.ProductArn}, " ")
		if w := want[f.Rule]; w != "" && line != w {
			t.Errorf("%s:\n got %s\nwant %s", f.Rule, line, w)
		}
	}
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
