// Package control brings controls to work: it loads them from the catalogue and
// from users' folders, gives them the functions of the other engines, and turns
// what they say about resources into findings.
package control

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
)

// Load reads every control below a folder. Every file with a fault is named in
// the error.
func Load(files fs.FS, root string) ([]check.Control, error) { return LoadFrom(files, root, "") }

// LoadFrom is Load for files that lie in a folder of their own, whose name leads
// theirs in what controls and errors say.
func LoadFrom(files fs.FS, root, folder string) ([]check.Control, error) {
	var controls []check.Control
	var faults []error
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(name) {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		parsed, err := check.Parse(path.Join(folder, name), data)
		if err != nil {
			faults = append(faults, err)
		}
		controls = append(controls, parsed...)
		return nil
	})
	if err != nil {
		faults = append(faults, fmt.Errorf("reading controls: %w", err))
	}
	slices.SortFunc(controls, func(a, b check.Control) int { return strings.Compare(a.ID, b.ID) })
	return controls, errors.Join(faults...)
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// Options give controls the functions of the other engines.
func Options(params map[string]map[string]any) check.Options {
	return check.Options{Params: params, Functions: []check.Function{
		judge("policy_public", exposure.Public),
		judge("policy_admin", exposure.Admin),
		judge("policy_wildcard", exposure.Wildcard),
		judge("policy_requires_tls", exposure.RequiresTLS),
		{Name: "policy_external", Arity: 2, Call: external},
		{Name: "policy_statements", Arity: 1, Call: func(args []any) (any, error) { return exposure.Statements(args[0]), nil }},
	}}
}

// judge makes a function of a question about one policy document.
func judge(name string, ask func(doc any) kleene.Value) check.Function {
	return check.Function{Name: name, Arity: 1, Call: func(args []any) (any, error) {
		switch ask(args[0]) {
		case kleene.True:
			return true, nil
		case kleene.False:
			return false, nil
		}
		if u, ok := args[0].(evidence.Unknown); ok {
			return u, nil
		}
		return evidence.Unknown{Reason: "part of the policy is not known"}, nil
	}}
}

// external is policy_external(doc, accounts): the accounts which a policy lets
// in beyond those given. Where there may be more, an unknown one is among them.
func external(args []any) (any, error) {
	own, ownKnown := accountsOf(args[1])
	accounts, known := exposure.External(args[0], own...)
	switch {
	case !ownKnown && len(accounts) > 0:
		return evidence.Unknown{Reason: "the account itself is not known"}, nil
	case known != kleene.True && len(accounts) == 0:
		return evidence.Unknown{Reason: reasonPrincipal}, nil
	}
	out := make([]any, len(accounts), len(accounts)+1)
	for i, a := range accounts {
		out[i] = a
	}
	if known != kleene.True {
		out = append(out, evidence.Unknown{Reason: reasonPrincipal})
	}
	return out, nil
}

const reasonPrincipal = "a principal of the policy is not known"

// accountsOf reads one account or a list of them; false where one is not known.
func accountsOf(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	known := true
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, s)
		} else {
			known = false
		}
	}
	return out, known
}
