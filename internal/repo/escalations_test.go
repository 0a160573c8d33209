package repo

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/operate/access/paths"
)

func escalations(t *testing.T) []escalate.Technique {
	t.Helper()
	list, err := paths.Techniques(catalog.Files, "escalations")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// undocumented are actions that techniques need and AWS does not list.
var undocumented = []string{"codestar:CreateProjectFromTemplate"}

func TestEscalationsAreWhole(t *testing.T) {
	seen := map[string]string{}
	for _, e := range escalations(t) {
		if other := seen[e.ID]; other != "" {
			t.Errorf("%s: %s has the same id", e.File, other)
		}
		seen[e.ID] = e.File
		if path.Base(e.File) != e.ID+".yaml" {
			t.Errorf("%s: the technique in it is called %s; the file has to be called like it", e.File, e.ID)
		}
		if len(e.Examples.Positive) == 0 || len(e.Examples.NearMiss) < 2 {
			t.Errorf("%s: a technique has examples that allow it and at least two that nearly do", e.File)
		}
		if len(e.References) == 0 {
			t.Errorf("%s: where does it come from? It has no references", e.File)
		}
		for _, r := range e.References {
			if u, err := url.Parse(r); err != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("%s: reference %q is no https address", e.File, r)
			}
		}
		for _, name := range slices.Concat(e.Actions(), e.Optional) {
			if a, ok := action.Lookup(name); !ok && !slices.Contains(undocumented, name) {
				t.Errorf("%s: AWS has no action %s", e.File, name)
			} else if ok && a.Name != "" && !strings.EqualFold(name[strings.IndexByte(name, ':')+1:], a.Name) {
				t.Errorf("%s: %s is spelt %s", e.File, name, a.Name)
			}
		}
		if e.Kind == "passrole" && (e.Target.Trusts == "" || e.Requires[0].Action != "iam:PassRole" || len(e.Requires[0].With["iam:PassedToService"]) == 0) {
			t.Errorf("%s: a passed role has to trust a service, and iam:PassRole says which it is passed to", e.File)
		}
		if e.Kind == "existing" && e.Target.Through == nil {
			t.Errorf("%s: what has the role already?", e.File)
		}
	}
}

// TestEscalationsCoverWhatIsKnown: every technique of Rhino Security Labs' list
// and of pathfinding.cloud, as far as those were published when this was written,
// is there, and none twice. A new one is a new file and a higher number here.
func TestEscalationsCoverWhatIsKnown(t *testing.T) {
	known := map[string]string{}
	for i := 1; i <= 28; i++ {
		known[fmt.Sprint("rhino ", i)] = ""
	}
	for service, n := range map[string]int{
		"amplify": 1, "apprunner": 2, "batch": 3, "bedrock": 7, "braket": 1, "cloudformation": 5, "codebuild": 4, "codedeploy": 1, "cognitoidentity": 1,
		"datapipeline": 1, "ec2": 5, "ecs": 9, "emr": 1, "emrserverless": 1, "gamelift": 1, "glue": 7, "iam": 26, "imagebuilder": 1, "kinesisanalytics": 1,
		"lambda": 6, "omics": 1, "sagemaker": 5, "scheduler": 1, "ssm": 3, "sso": 3, "stepfunctions": 2, "sts": 4,
	} {
		for i := 1; i <= n; i++ {
			known[fmt.Sprintf("%s-%03d", service, i)] = ""
		}
	}
	for _, e := range escalations(t) {
		var names []string
		if e.Maps.Rhino > 0 {
			names = append(names, fmt.Sprint("rhino ", e.Maps.Rhino))
		}
		names = append(names, e.Maps.Pathfinding...)
		for _, name := range names {
			switch other, ok := known[name]; {
			case !ok:
				t.Errorf("%s: maps names %s, which is no technique we know", e.File, name)
			case other != "":
				t.Errorf("%s: %s is %s already", e.File, name, other)
			}
			known[name] = e.ID
		}
	}
	for name, id := range known {
		if id == "" {
			t.Errorf("no technique is %s", name)
		}
	}
}
