// Package cftest writes trees of CloudFormation templates with a realistic mix
// of resources, for benchmarks and for trying Holdfast at scale. The same seed
// gives the same tree, and the YAML and JSON form of a tree say the same.
package cftest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Write makes dir and writes templates of the given number of resources each
// into it. Format is yaml or json.
func Write(dir, format string, templates, resources int, seed uint64) error {
	if format != "yaml" && format != "json" {
		return fmt.Errorf("format %q: want yaml or json", format)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i := range templates {
		name := filepath.Join(dir, fmt.Sprintf("stack-%03d.%s", i, format))
		if err := os.WriteFile(name, Template(format, resources, seed+uint64(i)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Template is one template of the given number of resources.
func Template(format string, resources int, seed uint64) []byte {
	g := generator{random: rand.New(rand.NewPCG(seed, seed))}
	doc := g.template(resources)
	var b strings.Builder
	if format == "json" {
		writeJSON(&b, doc, 0)
		io.WriteString(&b, "\n")
	} else {
		writeYAML(&b, doc, 0)
	}
	return []byte(b.String())
}

// object keeps the order of its keys.
type object []entry

type entry struct {
	key   string
	value any
}

type array []any

func fn(name string, arg any) object { return object{{name, arg}} }

func ref(name string) object { return fn("Ref", name) }
