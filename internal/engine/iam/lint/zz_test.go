package lint

import (
	"encoding/json"
	"fmt"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestZZ(t *testing.T) {
	n := map[string]int{}
	files, _ := filepath.Glob("/tmp/hfA/aws/managedpolicies/*.json")
	for _, f := range files {
		b, _ := os.ReadFile(f)
		var w struct {
			Document   json.RawMessage
			Deprecated bool
		}
		json.Unmarshal(b, &w)
		d, _ := policy.Parse(w.Document)
		fs := Lint(d, policy.Identity, Options{})
		for _, p := range fs {
			n[p.Code+" "+string(p.Severity)]++
			fmt.Println("M", p.Severity, p.Code, filepath.Base(f), p.Path, p.Message)
		}
	}
	for k, v := range n {
		fmt.Println("N", v, k)
	}
	filepath.Walk("/tmp/hfA/", func(f string, i os.FileInfo, e error) error {
		k := policy.SCP
		if strings.Contains(f, "resource-control") {
			k = policy.RCP
		}
		if !strings.Contains(f, "samples") {
			return nil
		}
		if strings.HasSuffix(f, ".json") {
			b, _ := os.ReadFile(f)
			_, _, ps := Text(b, k, Options{})
			for _, p := range ps {
				fmt.Println("S", p.Severity, p.Code, filepath.Base(f), p.Path, p.Message)
			}
		}
		return nil
	})
}
