package main

import (
	"cmp"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/guardrail"
	"holdfast.dev/holdfast/internal/operate/review"

	"holdfast.dev/holdfast/catalog"
)

// knowledge is the catalogue as the reference pages need it.
type knowledge struct {
	controls   []check.Control
	objectives []control.Objective
	guardrails []check.Guardrail
	review     review.Knowledge
}

// reference is every page that follows from source and catalogue alone. root is
// the repository, in which the collector's policy lies as the binary prints it.
func reference(root fs.FS) ([]page, error) {
	var k knowledge
	var err error
	if k.controls, err = app.Controls(nil); err != nil {
		return nil, err
	}
	if k.objectives, err = control.LoadObjectives(catalog.Files, "objectives"); err != nil {
		return nil, err
	}
	if k.guardrails, err = guardrail.Load(catalog.Files, "guardrails"); err != nil {
		return nil, err
	}
	if k.review, err = app.Knowledge(); err != nil {
		return nil, err
	}
	slices.SortFunc(k.controls, func(a, b check.Control) int {
		return cmp.Or(strings.Compare(service(a), service(b)), strings.Compare(a.ID, b.ID))
	})
	pages := append(controlPages(k), objectivesPage(k), guardrailsPage(k), frameworksPage(k))
	permissions, err := permissionPages(root)
	if err != nil {
		return nil, err
	}
	return slices.Concat(pages, permissions, commandPages()), nil
}

// service is the folder of the catalogue a control lies in.
func service(c check.Control) string { return path.Base(path.Dir(c.File)) }

// cell makes text fit for a cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", "*", "\\*").Replace(strings.TrimSpace(s))
}

// flat joins text that a catalogue file broke into lines.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
