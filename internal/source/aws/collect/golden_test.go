package collect

import (
	"bytes"
	"encoding/json"
	stdflag "flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/source/aws/awstest"
)

var update = stdflag.Bool("update", false, "write testdata/*.golden anew; read the difference before committing it")

// TestGolden compares what the foundation collectors emit, whole, with files
// that were read by a person against docs/evidence-types.md.
func TestGolden(t *testing.T) {
	for _, c := range foundationCollectors() {
		t.Run(c.Name, func(t *testing.T) {
			world, err := awstest.Load(filepath.Join("testdata", c.Name))
			if err != nil {
				t.Fatal(err)
			}
			out := awstest.Run(t.Context(), t, []aws.Collector{c}, world, nil)
			if out.Err != nil {
				t.Fatal(out.Err)
			}
			got := dump(t, out.Sorted())
			name := filepath.Join("testdata", c.Name+".golden")
			if *update {
				if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func dump(t *testing.T, batches []aws.Batch) string {
	t.Helper()
	var b strings.Builder
	for _, batch := range batches {
		b.WriteString("== " + batch.Unit.String() + "\n")
		for _, r := range batch.Resources {
			raw, err := evidence.AppendResource(nil, &r)
			if err != nil {
				t.Fatal(err)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, raw, "", " "); err != nil {
				t.Fatal(err)
			}
			b.Write(pretty.Bytes())
			b.WriteByte('\n')
		}
		for _, g := range batch.Gaps {
			b.WriteString("gap " + string(g.Reason) + " " + g.Service + ":" + g.Operation + " " + g.Detail + "\n")
		}
	}
	return b.String()
}
