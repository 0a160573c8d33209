package repo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) == 0 {
			continue
		}
		if len(strings.Fields(p.Doc)) < 5 {
			t.Errorf("%s has no package comment that tells a newcomer what it is for", p.path())
		}
	}
}

func TestRoomsAreNamedForWhatTheyHold(t *testing.T) {
	for _, p := range packages(t) {
		for _, part := range strings.Split(p.path(), "/") {
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "types", "misc", "base", "shared"}, part) {
				t.Errorf("%s: %q says nothing about what is in it; name the noun", p.path(), part)
			}
		}
	}
}

// TestClockIsHandedIn looks for the clock where verdicts come from. The same
// evidence has to give the same answer tomorrow.
func TestClockIsHandedIn(t *testing.T) {
	judging := []string{"internal/engine", "internal/operate", "internal/finding", "internal/kleene", "internal/evidence", "internal/surface/report", "internal/source/demo", "internal/source/cloudformation"}
	eachFile(t, func(p pkg, name string, f *ast.File) {
		if !slices.ContainsFunc(judging, func(folder string) bool { return below(p.path(), folder) }) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && (s.Sel.Name == "Now" || s.Sel.Name == "Since" || s.Sel.Name == "Until") {
					t.Errorf("%s uses time.%s; take the instant as an argument", filepath.Join(p.path(), name), s.Sel.Name)
				}
			}
			return true
		})
	})
}

// TestNothingRegistersItself: lists are written out, so that reading them tells
// what is in.
func TestNothingRegistersItself(t *testing.T) {
	eachFile(t, func(p pkg, name string, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s has func init; wire it where it is used", filepath.Join(p.path(), name))
			}
		}
	})
}

// eachFile parses every file of the module that is not a test.
func eachFile(t *testing.T, visit func(pkg, string, *ast.File)) {
	t.Helper()
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			visit(p, name, f)
		}
	}
}
