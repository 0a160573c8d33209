// Package paths asks an estate how its principals can come to more permissions:
// it makes the scene that package escalate searches (who there is, in which
// groups, which functions and instances run with which role) and answers the
// search's questions with the decision engine.
//
// What counts, and what does not: identity policies, boundaries, SCPs, and for
// sts:AssumeRole the trust policy and RCPs, for functions their policy. Policies
// of other resources are left out: they could only deny what the search takes for
// allowed. Circumstances that the caller chooses (the Region, a service that a
// role is passed to) are chosen in its favour; all others are open, so that a
// condition on them makes a step possible, not certain.
package paths

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/escalate"
	"holdfast.dev/holdfast/internal/operate/access"
)

// Techniques reads every technique below a folder of the catalogue. Every file
// with a fault is named in the error.
func Techniques(files fs.FS, root string) ([]escalate.Technique, error) {
	var out []escalate.Technique
	var faults []error
	err := fs.WalkDir(files, root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		t, err := escalate.ParseTechnique(name, data)
		if err != nil {
			faults = append(faults, err)
			return nil
		}
		out = append(out, t)
		return nil
	})
	if err != nil {
		faults = append(faults, fmt.Errorf("reading techniques: %w", err))
	}
	slices.SortFunc(out, func(a, b escalate.Technique) int { return strings.Compare(a.ID, b.ID) })
	return out, errors.Join(faults...)
}

// Types are the types of the evidence that a world is made of.
func Types(techniques []escalate.Technique) []string {
	types := append(access.Types(), typeInstanceProfile, typeCredentials)
	for _, thing := range things(techniques) {
		types = append(types, thing.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// things are what techniques find roles in, each type once.
func things(techniques []escalate.Technique) []escalate.Thing {
	var out []escalate.Thing
	for i := range techniques {
		for _, thing := range []*escalate.Thing{techniques[i].Target.Through, techniques[i].Target.Beside} {
			if thing == nil {
				continue
			}
			at := slices.IndexFunc(out, func(t escalate.Thing) bool { return t.Type == thing.Type })
			switch {
			case at < 0:
				out = append(out, *thing)
			case out[at].Role+out[at].Profile == "": // known so far only as something to pass a role to
				out[at] = *thing
			}
		}
	}
	return out
}

// World is an estate, ready to be searched.
type World struct {
	// Notes are what a reader should know of the evidence.
	Notes  []string
	scene  *escalate.Scene
	judge  *judge
	search *escalate.Search
}

// Load makes a world of evidence.
func Load(from access.Evidence, techniques []escalate.Technique) (*World, error) {
	facts := newFacts(from, techniques)
	watched := from
	watched.Resources = facts.watch(from.Resources)
	estate, err := access.Load(watched)
	if err != nil {
		return nil, err
	}
	w := &World{Notes: append(slices.Clone(estate.Notes()), facts.notes...)}
	w.scene = facts.scene(estate)
	w.judge = newJudge(estate, facts, w.scene, techniques)
	w.search = escalate.New(w.scene, w.judge, techniques)
	return w, nil
}

// Find is the ARN of the user or role that a person named; see access.Estate.Find.
func (w *World) Find(name string) (string, error) {
	s, err := w.judge.estate.Find(name)
	if err != nil {
		return "", err
	}
	arn := s.Principal.ARN
	if s.Principal.Role != "" {
		arn = s.Principal.Role // a session goes the ways of its role
	}
	if _, ok := w.judge.index[arn]; !ok {
		return "", fmt.Errorf("%q is no user or role of the evidence; paths begin and end at users and roles", name)
	}
	return arn, nil
}
