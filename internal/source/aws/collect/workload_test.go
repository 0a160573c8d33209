package collect

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/evidence/schema"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// generic are Cloud Control collectors over types nobody else reads.
func generic() []aws.Collector {
	return CloudControl([]string{"AWS::StepFunctions::StateMachine", "AWS::Athena::WorkGroup", "AWS::Route53::HostedZone", "AWS::Athena::WorkGroup"})
}

func saved(t testing.TB, c aws.Collector) fs.FS {
	t.Helper()
	world, err := awstest.Load(filepath.Join("testdata", c.Name))
	if err != nil {
		t.Fatal(err)
	}
	return world
}

func TestCloudControlContract(t *testing.T) {
	for _, c := range generic() {
		t.Run(c.Name, func(t *testing.T) { awstest.Contract(t, c, saved(t, c)) })
	}
}

// TestWorkloadGolden compares what each collector emits with
// testdata/golden/<collector>.jsonl. HOLDFAST_UPDATE=1 writes them anew.
func TestWorkloadGolden(t *testing.T) {
	for _, c := range slices.Concat(workloadCollectors(), generic()) {
		t.Run(c.Name, func(t *testing.T) {
			got := canonicalLines(t, awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), nil))
			name := filepath.Join("testdata", "golden", c.Name+".jsonl")
			if os.Getenv("HOLDFAST_UPDATE") != "" {
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("%v; HOLDFAST_UPDATE=1 writes it", err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func canonicalLines(t testing.TB, out awstest.Outcome) []byte {
	t.Helper()
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	var b []byte
	for _, batch := range out.Batches {
		for i := range batch.Resources {
			var err error
			if b, err = evidence.AppendResource(b, &batch.Resources[i]); err != nil {
				t.Fatal(err)
			}
			b = append(b, '\n')
		}
		for _, g := range batch.Gaps {
			b = fmt.Appendf(b, "gap %s %s %s %v %s\n", g.Service, g.Operation, g.Reason, g.Types, g.Resource)
		}
	}
	return b
}

// TestWorkloadSchema: what is emitted for an AWS type is in the schema, name by
// name and kind by kind.
func TestWorkloadSchema(t *testing.T) {
	for _, c := range slices.Concat(workloadCollectors(), generic()) {
		t.Run(c.Name, func(t *testing.T) {
			for _, trouble := range []func(awstest.Answer) awstest.Answer{nil, denyReadsOfOne(c)} {
				out := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), trouble)
				for _, b := range out.Batches {
					for _, r := range b.Resources {
						for _, problem := range schemaProblems(r) {
							t.Errorf("%s %s: %s", r.Type, r.ID, problem)
						}
					}
				}
			}
		})
	}
}

// denyReadsOfOne denies what asks for details, and leaves the listings.
func denyReadsOfOne(c aws.Collector) func(awstest.Answer) awstest.Answer {
	var details []string
	for _, o := range c.Operations {
		_, name, _ := strings.Cut(o, ".")
		if !strings.HasPrefix(name, "List") && !strings.HasSuffix(name, "s") {
			details = append(details, o)
		}
	}
	if len(details) == 0 {
		return nil
	}
	return awstest.Deny(details...)
}

// attributes are read-only facts which Cloud Control answers among the
// properties.
var attributes = []string{"Arn", "Id"}

func schemaProblems(r evidence.Resource) []string {
	if strings.HasPrefix(r.Type, "Holdfast::") {
		return nil
	}
	typ, ok := schema.Lookup(r.Type)
	if !ok {
		return []string{"there is no such type"}
	}
	var problems []string
	for name, v := range r.Properties {
		if name == "Observed" || strings.HasPrefix(r.ID, "arn:aws:states") && slices.Contains(attributes, name) || strings.HasPrefix(r.ID, "Z") && name == "Id" {
			continue
		}
		problems = append(problems, kindProblems(typ, []string{name}, v)...)
	}
	slices.Sort(problems)
	return problems
}

func kindProblems(typ *schema.Type, path []string, v any) []string {
	at := strings.Join(path, "/")
	p, ok := typ.Property(path...)
	if !ok {
		return []string{at + " is not in the schema"}
	}
	wrong := func() []string { return []string{fmt.Sprintf("%s is a %T, and the schema wants %v", at, v, p.Kind)} }
	var problems []string
	switch v := v.(type) {
	case evidence.Unknown:
		return nil
	case string:
		if p.Kind != schema.String && p.Kind != schema.JSON {
			return wrong()
		}
	case bool:
		if p.Kind != schema.Boolean && p.Kind != schema.JSON {
			return wrong()
		}
	case int64:
		if p.Kind != schema.Integer && p.Kind != schema.Number && p.Kind != schema.JSON {
			return wrong()
		}
	case float64:
		if p.Kind != schema.Number && p.Kind != schema.JSON {
			return wrong()
		}
	case []any:
		if p.Kind != schema.List && p.Kind != schema.JSON {
			return wrong()
		}
		for i, e := range v {
			problems = append(problems, kindProblems(typ, append(slices.Clone(path), strconv.Itoa(i)), e)...)
		}
	case map[string]any:
		if p.Kind != schema.Object && p.Kind != schema.Map && p.Kind != schema.JSON {
			return wrong()
		}
		for k, e := range v {
			problems = append(problems, kindProblems(typ, append(slices.Clone(path), k), e)...)
		}
	default:
		return wrong()
	}
	return problems
}

// planted are the secrets in the saved responses of testdata.
var planted = []string{"not-for-you", "hunter2", "ZWNobyBodW50ZXIy", "shared-secret", "s3cret", "amzn1.ask.skill.secret", `"splunk-token":"abc"`, "between-tunnels"}

func TestSecretsStayOut(t *testing.T) {
	for _, c := range slices.Concat(All(), generic()) {
		lines := canonicalLines(t, awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), nil))
		for _, secret := range planted {
			if bytes.Contains(lines, []byte(secret)) {
				t.Errorf("%s emits the secret %q of its saved responses", c.Name, secret)
			}
		}
	}
}

// serviceReference is the published list of all IAM actions.
const serviceReference = "/work/shared/data/aws/iam-data.tar.gz"

// TestActionsExist: what the printed policy grants has to be spelt as IAM does,
// or the whole policy is refused.
func TestActionsExist(t *testing.T) {
	known := knownActions(t)
	for _, c := range slices.Concat(All(), generic()) {
		for _, a := range c.Actions {
			if !known[strings.ToLower(a)] {
				t.Errorf("%s: IAM knows no action %q", c.Name, a)
			}
		}
	}
}

func knownActions(t *testing.T) map[string]bool {
	t.Helper()
	f, err := os.Open(serviceReference)
	if err != nil {
		t.Skipf("the service authorization reference is not there: %v", err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return known
		}
		if err != nil {
			t.Fatal(err)
		}
		dir, file := filepath.Split(h.Name)
		if filepath.Base(dir) != "actions" || !strings.HasSuffix(file, ".json") {
			continue
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		actions, err := new(evidence.Decoder).DecodeObject(b)
		if err != nil {
			t.Fatalf("%s: %v", h.Name, err)
		}
		for name := range actions {
			known[strings.TrimSuffix(file, ".json")+":"+name] = true
		}
	}
}
