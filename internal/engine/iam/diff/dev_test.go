package diff

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

func TestDev(t *testing.T) {
	load := func(p string) []Policy {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Skip(err)
		}
		var v any
		json.Unmarshal(data, &v)
		if m, ok := v.(map[string]any); ok {
			if d, ok := m["PolicyVersion"].(map[string]any); ok {
				v = d["Document"]
			} else if d, ok := m["document"]; ok {
				v = d
			} else if d, ok := m["policy"]; ok {
				v = d
			}
		}
		return []Policy{{Name: p, Doc: policy.Of(v)}}
	}
	old, new := load(os.Getenv("OLD")), load(os.Getenv("NEW"))
	catalogue()
	begin := time.Now()
	r := Compare(Identity, old, new)
	fmt.Println(time.Since(begin), len(old[0].Doc.Statements), len(new[0].Doc.Statements))
	for _, x := range r.Regions {
		fmt.Printf("%s %v n=%d later=%v %v\n   %v %v\n   verified %v %v\n", x.Change, x.Actions, x.Count, x.Later, x.Resources, x.Principals, x.When, x.Verified, x.Example)
	}
	fmt.Println("vacuous", r.Vacuous, "unknown", r.Unknown)
}
