package collect

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

// TestPageNamesWhatIsObserved keeps docs/evidence-types.md true: every fact
// that a collector puts under Observed is in the page's row of its type, and
// so is every property of our own types.
func TestPageNamesWhatIsObserved(t *testing.T) {
	rows := pageRows(t)
	for _, c := range All() {
		out := awstest.Run(t.Context(), t, []aws.Collector{c}, saved(t, c), nil)
		for _, b := range out.Batches {
			for _, r := range b.Resources {
				facts, _ := r.Properties["Observed"].(map[string]any)
				if strings.HasPrefix(r.Type, "Holdfast::") {
					facts = r.Properties
				}
				for _, name := range sortedKeys(facts) {
					if name != "Tags" && name != "Observed" && !slices.Contains(rows[r.Type], name) {
						t.Errorf("docs/evidence-types.md does not name %s of %s", name, r.Type)
						rows[r.Type] = append(rows[r.Type], name) // once is enough
					}
				}
			}
		}
	}
}

var (
	pageType = regexp.MustCompile("`((?:AWS|Holdfast)::[A-Za-z0-9:]+)`")
	pageName = regexp.MustCompile(`[A-Z][A-Za-z0-9]+`)
)

// pageRows are the words that each type's row of the page has in code font.
func pageRows(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("../../../../docs/evidence-types.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		var words []string
		for i, part := range strings.Split(cells[len(cells)-2], "`") {
			if i%2 == 1 {
				words = append(words, pageName.FindAllString(part, -1)...)
			}
		}
		for _, m := range pageType.FindAllStringSubmatch(cells[1], -1) {
			rows[m[1]] = append(rows[m[1]], words...)
		}
	}
	return rows
}
