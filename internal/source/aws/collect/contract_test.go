package collect

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestContract runs the suite of awstest for every collector, over the saved
// responses in testdata/<collector>.txtar or testdata/<collector>/.
func TestContract(t *testing.T) {
	for _, c := range All() {
		t.Run(c.Name, func(t *testing.T) {
			world, err := awstest.Load(filepath.Join("testdata", c.Name))
			if err != nil {
				t.Fatal(err)
			}
			awstest.Contract(t, c, world)
		})
	}
}

var readOnly = regexp.MustCompile(`^(Get|List|Describe|BatchGet|Lookup)[A-Z]|^(GenerateCredentialReport|GenerateServiceLastAccessedDetails|AssumeRole)$`)

func TestOnlyReadsAreAllowed(t *testing.T) {
	for _, op := range aws.Allowed(All()) {
		service, name, ok := strings.Cut(op, ".")
		if !ok || !readOnly.MatchString(name) || service != aws.ServiceOf(service) {
			t.Errorf("%s does not read, or is misspelt; nothing else may leave the process", op)
		}
	}
}

func TestCollectorsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, c := range All() {
		if c.Name == "" || c.Service == "" || c.Collect == nil || len(c.Types) == 0 || len(c.Actions) == 0 || len(c.Operations) == 0 {
			t.Errorf("collector %q is not whole", c.Name)
		}
		if names[c.Name] {
			t.Errorf("two collectors are named %q", c.Name)
		}
		names[c.Name] = true
		for _, a := range c.Actions {
			if service, name, ok := strings.Cut(a, ":"); !ok || service == "" || name == "" || strings.Contains(a, "*") {
				t.Errorf("%s: %q is not an IAM action", c.Name, a)
			}
		}
		for _, list := range [][]string{c.Types, c.Actions, c.Operations} {
			if dup := slices.Compact(slices.Sorted(slices.Values(list))); len(dup) != len(list) {
				t.Errorf("%s names something twice in %q", c.Name, list)
			}
		}
	}
}
