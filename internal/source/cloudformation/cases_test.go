package cloudformation_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

var update = flag.Bool("update", false, "write the want sections of testdata/*.txtar anew")

// TestCases runs testdata/*.txtar. Each file named template… must give what the
// section want says: the resources with their properties, gaps and outputs, or
// the error. Several templates in one case are spellings of the same thing. The
// section options is JSON for cloudformation.Options.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { runCase(t, file) })
	}
}

func runCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var opt cloudformation.Options
	want, templates := -1, 0
	for i, f := range archive.Files {
		switch f.Name {
		case "options":
			if err := json.Unmarshal(f.Data, &opt); err != nil {
				t.Fatal(err)
			}
		case "want":
			want = i
		}
	}
	for _, f := range archive.Files {
		if !strings.HasPrefix(f.Name, "template") {
			continue
		}
		got := render(cloudformation.Parse(f.Name, f.Data, opt))
		got = strings.ReplaceAll(got, f.Name, "FILE")
		if want < 0 {
			archive.Files = append(archive.Files, txtar.File{Name: "want"})
			want = len(archive.Files) - 1
		}
		if *update && templates == 0 {
			archive.Files[want].Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got != string(archive.Files[want].Data) {
			t.Errorf("%s: got\n%swant\n%s", f.Name, got, archive.Files[want].Data)
		}
		templates++
	}
	if templates == 0 {
		t.Error("the case has no template")
	}
}

func render(t cloudformation.Template, err error) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, r := range t.Resources {
		fmt.Fprintf(&b, "%s %s", r.Origin.LogicalID, r.Type)
		if r.ID != r.Origin.LogicalID {
			fmt.Fprintf(&b, " id=%s", r.ID)
		}
		for name, v := range map[string]string{"account": r.Account} {
			if v != "" {
				fmt.Fprintf(&b, " %s=%s region=%s partition=%s", name, v, r.Region, r.Partition)
			}
		}
		if r.Origin.Conditional {
			b.WriteString(" conditional")
		}
		b.WriteString("\n")
		for _, name := range slices.Sorted(maps.Keys(r.Properties)) {
			fmt.Fprintf(&b, "  %s: %s\n", name, canonical(r.Properties[name]))
		}
		for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
			fmt.Fprintf(&b, "  tag %s=%s\n", k, r.Tags[k])
		}
		for _, s := range r.Origin.Skips {
			fmt.Fprintf(&b, "  skip %s: %s\n", s.Control, s.Reason)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Outputs)) {
		fmt.Fprintf(&b, "output %s: %s\n", name, canonical(t.Outputs[name]))
	}
	for _, g := range t.Gaps {
		fmt.Fprintf(&b, "gap %s %s %s %v: %s\n", g.Operation, g.Resource, g.Reason, g.Types, g.Detail)
	}
	for _, w := range t.Warnings {
		fmt.Fprintf(&b, "warning %s\n", w)
	}
	return b.String()
}

func canonical(v any) string {
	b, err := evidence.Append(nil, v)
	if err != nil {
		return "NOT EVIDENCE: " + err.Error()
	}
	return string(b)
}
