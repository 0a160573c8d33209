package repo

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/guardrail"
)

// published is the folder of what AWS, CIS and NIST publish. It is not part of
// the repository; where it is absent, ids are not compared with it.
const published = "/work/shared/data/frameworks"

func controls(t *testing.T) []check.Control {
	t.Helper()
	list, err := control.Load(catalog.Files, "controls")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestCatalogueIsWhole(t *testing.T) {
	objectives, err := control.LoadObjectives(catalog.Files, "objectives")
	if err != nil {
		t.Fatal(err)
	}
	guardrails, err := guardrail.Load(catalog.Files, "guardrails")
	if err != nil {
		t.Fatal(err)
	}
	list := controls(t)
	if len(list) < 120 {
		t.Errorf("%d controls; the catalogue promises at least 120", len(list))
	}
	known, served := map[string]bool{}, map[string]bool{}
	for _, o := range objectives {
		known[o.ID] = true
	}
	seen := map[string]string{}
	for _, c := range list {
		if other := seen[c.ID]; other != "" {
			t.Errorf("%s: %s has the same id", c.File, other)
		}
		seen[c.ID] = c.File
		if path.Base(c.File) != c.ID+".yaml" {
			t.Errorf("%s: the control in it is called %s; the file has to be called like it", c.File, c.ID)
		}
		if served[c.Objective] = true; !known[c.Objective] {
			t.Errorf("%s: there is no objective %q", c.File, c.Objective)
		}
		for _, id := range c.PreventedBy {
			if !slices.ContainsFunc(guardrails, func(g check.Guardrail) bool { return g.ID == id }) {
				t.Errorf("%s: prevented_by names %q, which is no guardrail", c.File, id)
			}
		}
		if strings.TrimSpace(c.Why) == "" || strings.TrimSpace(c.Fix.Text) == "" {
			t.Errorf("%s: a control says why it matters and how to mend what fails it", c.File)
		}
	}
	for _, o := range objectives {
		if !served[o.ID] {
			t.Errorf("objective %s is served by no control", o.ID)
		}
	}
}

var (
	practice = regexp.MustCompile(`^BP0[1-8]$`)
	nist     = regexp.MustCompile(`^[A-Z]{2}-[0-9]{1,2}(\([0-9]{1,2}\))?$`)
	csf      = regexp.MustCompile(`^(GV|ID|PR|DE|RS|RC)\.[A-Z]{2}-[0-9]{2}$`)
)

func TestMappings(t *testing.T) {
	served := map[string]bool{}
	for _, c := range controls(t) {
		if len(c.Practices()) == 0 {
			t.Errorf("%s: maps.sec01 is empty: which practice does it serve?", c.File)
		}
		for framework, ids := range c.Maps {
			for _, id := range ids {
				ok := true
				switch framework {
				case "sec01":
					ok = practice.MatchString(id)
					served[id] = true
				case "nist-800-53":
					ok = nist.MatchString(id)
				case "csf-2.0":
					ok = csf.MatchString(id)
				case "fsbp", "cis-5.0", "cis-6.0", "cis-7.0":
				default:
					t.Errorf("%s: maps names %q, which is no framework we know", c.File, framework)
				}
				if !ok {
					t.Errorf("%s: %q is no id of %s", c.File, id, framework)
				}
			}
			if sorted := slices.Compact(slices.Sorted(slices.Values(ids))); len(sorted) != len(ids) {
				t.Errorf("%s: maps.%s names an id twice", c.File, framework)
			}
		}
	}
	for i := range 8 {
		if id := "BP0" + string(rune('1'+i)); !served[id] {
			t.Errorf("no control serves %s", id)
		}
	}
}

func readPublished(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(published, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is not here, so ids are not compared with what is published", published)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestPublishedRequirementsExist(t *testing.T) {
	for framework, name := range map[string]string{
		"fsbp": "fsbp.json", "cis-5.0": "cis-aws-foundations-5.0.json", "cis-6.0": "cis-aws-foundations-6.0.json", "cis-7.0": "cis-aws-foundations-7.0.json",
	} {
		t.Run(framework, func(t *testing.T) {
			var entries []struct{ ID, Assessment string }
			readPublished(t, name, &entries)
			known, used := map[string]bool{}, map[string]bool{}
			for _, e := range entries {
				if known[e.ID] {
					e.ID += "0" // the file has its ids from numbers: a second 1.1 is 1.10
				}
				known[e.ID] = true
			}
			for _, c := range controls(t) {
				for _, id := range c.Maps[framework] {
					if used[id] = true; !known[id] {
						t.Errorf("%s: %s has no %s", c.File, framework, id)
					}
				}
			}
			if framework != "cis-7.0" {
				return
			}
			for _, e := range entries {
				if e.Assessment == "Automated" && !used[e.ID] {
					t.Errorf("CIS 7.0 %s can be assessed automatically, and no control does", e.ID)
				}
			}
		})
	}
}

// TestManagedRuleNames: where AWS Config has a managed rule for the same thing,
// users look for its name, so a near miss is taken for a slip of the pen.
func TestManagedRuleNames(t *testing.T) {
	var rules []string
	readPublished(t, "config-managed-rule-identifiers.json", &rules)
	managed := map[string]bool{}
	for _, r := range rules {
		managed[strings.ReplaceAll(strings.ToLower(r), "_", "-")] = true
	}
	n := 0
	for _, c := range controls(t) {
		if managed[c.ID] {
			n++
			continue
		}
		for rule := range managed {
			if firstWord(c.ID) == firstWord(rule) && distance(c.ID, rule) <= 2 || sameWords(c.ID, rule) {
				t.Errorf("%s: the managed rule is called %s; spell it so, or choose a name of our own that differs", c.File, rule)
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d controls have the name of a managed rule", n)
	}
}

func sameWords(a, b string) bool {
	x, y := strings.Split(a, "-"), strings.Split(b, "-")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

func firstWord(s string) string {
	first, _, _ := strings.Cut(s, "-")
	return first
}

// distance is Levenshtein's.
func distance(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
