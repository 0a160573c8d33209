package repo

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A layer says what the packages below a folder may import of this module. A
// package belongs to the first layer that names it.
type layer struct {
	folder string
	may    []string // folders; "" is the whole module
	why    string
}

// layers from the ground up. Data flows source → evidence → engine → operate →
// finding → surface; imports point the other way and never back.
var layers = []layer{
	{"internal/kleene", nil, "three-valued logic is the ground everything stands on"},
	{"internal/evidence/schema", []string{"internal/evidence"}, "the schema speaks about evidence and nothing else"},
	{"internal/evidence", []string{"internal/evidence/schema"}, "evidence is what every part speaks, so it can know none of them"},
	{"internal/finding", []string{"internal/evidence", "internal/kleene"}, "findings are values that engines and practices share"},
	{"internal/engine", []string{"internal/evidence", "internal/kleene"}, "engines judge values: no input, no output, and no other engine"},
	{"internal/source/aws", []string{"internal/evidence", "internal/source/aws"}, "a source turns its own world into evidence and knows no other"},
	{"internal/source/awsconfig", []string{"internal/evidence"}, "a source turns its own world into evidence and knows no other"},
	{"internal/source/cloudformation", []string{"internal/evidence", "internal/kleene"}, "a source turns its own world into evidence and knows no other"},
	{"internal/source/cloudtrail", []string{"internal/evidence", "internal/source/cloudtrail", "internal/source/logfile"}, "a source turns its own world into evidence and knows no other; logfile is no world, but how AWS delivers logs"},
	{"internal/source/flowlog", []string{"internal/evidence", "internal/source/logfile"}, "a source turns its own world into evidence and knows no other; logfile is no world, but how AWS delivers logs"},
	{"internal/source/dnslog", []string{"internal/evidence", "internal/source/logfile"}, "a source turns its own world into evidence and knows no other; logfile is no world, but how AWS delivers logs"},
	{"internal/source", []string{"internal/evidence", "internal/kleene"}, "a source turns its own world into evidence and knows no other"},
	{"internal/operate/review", []string{"internal/engine", "internal/evidence", "internal/kleene", "internal/finding", "internal/operate/control", "internal/operate/risk"},
		"the review stands on controls and risk, never the other way"},
	{"internal/operate/access", []string{"internal/operate/access", "internal/engine/iam", "internal/evidence", "internal/kleene"}, "who may do what is asked of the IAM engine; practices ask it, never the other way"},
	{"internal/operate/control", []string{"internal/engine", "internal/evidence", "internal/kleene", "internal/finding", "internal/operate/access"},
		"controls ask who can do what, never the other way"},
	{"internal/operate/detect", []string{"internal/operate/detect", "internal/engine", "internal/evidence", "internal/kleene", "internal/finding"}, "detections stand on engines and findings, and on no other practice"},
	{"internal/operate", []string{"internal/engine", "internal/evidence", "internal/kleene", "internal/finding"}, "practices stand on engines and findings; where one stands on another, name it here, one way"},
	{"internal/store", []string{"internal/evidence", "internal/finding", "internal/store"}, "the store keeps what was observed and judged, and judges nothing"},
	{"internal/surface/report", []string{"internal/finding", "internal/operate", "internal/evidence"}, "reports print what is there and fetch nothing"},
	{"internal/app", []string{"catalog", "internal/engine", "internal/evidence", "internal/kleene", "internal/finding", "internal/operate", "internal/source", "internal/store"}, "app wires; it knows no flag and prints nothing"},
	{"internal/surface", []string{""}, ""},
	{"internal/repo", nil, "tests only"},
	{"internal", nil, "a new folder of internal needs a line in layers_test.go that says where it stands"},
	{"catalog", nil, "the catalogue is data"},
	{"docs", []string{""}, ""},
	{"cmd", []string{""}, ""},
}

// below tells whether a package lies in a folder; "" is everywhere.
func below(path, folder string) bool {
	return folder == "" || path == folder || strings.HasPrefix(path, folder+"/")
}

func layerOf(path string) (layer, bool) {
	i := slices.IndexFunc(layers, func(l layer) bool { return below(path, l.folder) })
	if i < 0 {
		return layer{}, false
	}
	return layers[i], true
}

func TestLayers(t *testing.T) {
	for _, p := range packages(t) {
		l, ok := layerOf(p.path())
		if !ok {
			t.Errorf("%s is in no layer; say in layers_test.go where it stands", p.path())
			continue
		}
		for _, imported := range p.Imports {
			path, ours := strings.CutPrefix(imported, module+"/")
			if !ours || siblingPart(p.path(), path, l.folder) || slices.ContainsFunc(l.may, func(f string) bool { return below(path, f) }) {
				continue
			}
			t.Errorf("%s must not import %s: %s", p.path(), path, reason(l))
		}
	}
}

// siblingPart lets the parts of one room know each other: a package and those
// below it, but no sibling room.
func siblingPart(from, to, folder string) bool {
	room := func(path string) string {
		rest := strings.TrimPrefix(strings.TrimPrefix(path, folder), "/")
		first, _, _ := strings.Cut(rest, "/")
		return first
	}
	return below(from, folder) && below(to, folder) && room(from) != "" && room(from) == room(to)
}

func reason(l layer) string {
	if l.why == "" {
		return fmt.Sprintf("%s may know %v only", l.folder, l.may)
	}
	return l.why
}

// wings are houses of several rooms, and what of its own house a room may import,
// package by package: what is asked of the IAM engine stands on the engine, and no
// question on another.
var wings = map[string]map[string][]string{
	"internal/engine/iam": {
		"glob": nil, "packed": nil,
		"policy":     {"glob"},
		"action":     {"packed"},
		"action/gen": {"packed"},
		"managed":    {"packed"}, "managed/gen": {"packed"},
		"":         {"policy", "glob", "action"},
		"lint":     {"policy", "glob", "action"},
		"exposure": {"", "policy", "glob", "action"},
		"diff":     {"", "policy", "glob", "action"},
		"activity": {"", "policy", "glob", "action"},
		"escalate": {"", "policy", "glob", "action"},
	},
	"internal/operate/detect": {
		"analytic": nil, "network": {"analytic"}, "network/gen": nil,
		"": {"analytic", "network"},
	},
	"internal/operate/access": {
		"":         nil,
		"external": {""}, "unused": {""}, "generate": {""}, "paths": {""},
	},
}

func TestWings(t *testing.T) {
	for _, p := range packages(t) {
		for house, rooms := range wings {
			if !below(p.path(), house) {
				continue
			}
			may, ok := rooms[within(house, p.path())]
			if !ok {
				t.Errorf("%s is a new room; say in layers_test.go what of %s it may know", p.path(), house)
			}
			for _, imported := range p.Imports {
				path, ours := strings.CutPrefix(imported, module+"/")
				if ours && below(path, house) && !slices.Contains(may, within(house, path)) {
					t.Errorf("%s must not import %s: a room knows those it stands on and no others", p.path(), path)
				}
			}
		}
	}
}

// within is a package's path from its house on; "" is the house itself.
func within(house, path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, house), "/")
}

// TestCollectorsStayAside keeps the SDK's minutes of compilation away from
// everything but the binary: tests too.
func TestCollectorsStayAside(t *testing.T) {
	const collectors = "internal/source/aws/collect"
	for _, p := range packages(t) {
		if below(p.path(), collectors) || below(p.path(), "cmd") {
			continue
		}
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if imported == module+"/"+collectors {
				t.Errorf("%s imports %s: whoever tests it would compile the SDK of forty services; hand the collectors in, as cmd/holdfast does", p.path(), collectors)
			}
			if strings.HasPrefix(imported, "github.com/aws/aws-sdk-go-v2/service/") && !below(p.path(), "internal/source/aws") {
				t.Errorf("%s imports %s: the SDK's services belong to internal/source/aws", p.path(), imported)
			}
		}
	}
}

// TestEnginesArePure keeps input, output and randomness out of what judges. The
// commands that generate the engines' facts are no part of the program.
func TestEnginesArePure(t *testing.T) {
	impure := []string{"os", "os/exec", "net", "net/http", "database/sql", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "sync/atomic"}
	for _, p := range packages(t) {
		if p.Name == "main" || !below(p.path(), "internal/engine") && !below(p.path(), "internal/kleene") && !below(p.path(), "internal/finding") {
			continue
		}
		for _, imported := range p.Imports {
			if slices.Contains(impure, imported) {
				t.Errorf("%s imports %s: an engine takes values and returns values; let its caller read, write and choose", p.path(), imported)
			}
		}
	}
}
