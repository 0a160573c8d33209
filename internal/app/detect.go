package app

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// DetectSources says which detections are wanted.
type DetectSources struct {
	Rules     []string // folders and files, beside those the workspace names
	RulesOnly bool     // leave the catalogue out
	Lean      bool     // leave the examples of the catalogue out, where nobody will try them
}

func (s DetectSources) lean() DetectSources {
	s.Lean = true
	return s
}

// Detections are all that there are, and what could not be taken.
type Detections struct {
	All      []detect.Detection
	Refusals []sigma.Refusal // rules of the user's that cannot be honoured
	Attack   *detect.Attack

	partial bool // the catalogue was left out
}

// LoadDetections loads the catalogue's detections and those of the workspace's folders.
// Of two with one name the user's own is refused.
func LoadDetections(w Workspace, from DetectSources) (*Detections, error) {
	d := &Detections{partial: from.RulesOnly}
	var err error
	if d.Attack, err = detect.LoadAttack(catalog.Files); err != nil {
		return nil, err
	}
	if !from.RulesOnly {
		load := detect.Load
		if from.Lean {
			load = detect.LoadLean
		}
		if d.All, err = load(catalog.Files, "detections"); err != nil {
			return nil, err
		}
	}
	var faults []error
	for _, folder := range slices.Concat(w.DetectionFolders(), from.Rules) {
		own, refusals, err := detect.LoadFolder(folder)
		if err != nil {
			faults = append(faults, err)
		}
		d.Refusals = append(d.Refusals, refusals...)
		for _, x := range own {
			if field, by := d.taken(&x); by != nil {
				d.Refusals = append(d.Refusals, sigma.Refusal{File: x.File, Line: x.Line, Rule: x.Name, Field: field, Reason: fmt.Sprintf("is taken by the detection %q of %s; give it another", by.Name, by.File)})
				continue
			}
			d.All = append(d.All, x)
		}
	}
	return d, Usage(errors.Join(faults...))
}

// taken tells which detection has the name or the id of another already.
func (d *Detections) taken(x *detect.Detection) (field string, by *detect.Detection) {
	for i := range d.All {
		switch have := &d.All[i]; {
		case x.Rule.ID != "" && have.Rule.ID == x.Rule.ID:
			return "id", have
		case have.Name == x.Name:
			return "name", have
		}
	}
	return "", nil
}

// Named gives the detections of these names; all of them where there are none.
func (d *Detections) Named(names []string) ([]detect.Detection, error) {
	if len(names) == 0 {
		return d.All, nil
	}
	var out []detect.Detection
	var faults []error
	for _, name := range names {
		x, err := d.Find(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		out = append(out, *x)
	}
	return out, Usage(errors.Join(faults...))
}

// Find gives a detection by its name, its id or its title.
func (d *Detections) Find(name string) (*detect.Detection, error) {
	for _, same := range []func(*detect.Detection) bool{
		func(x *detect.Detection) bool { return x.Name == name },
		func(x *detect.Detection) bool { return x.Rule.ID == name },
		func(x *detect.Detection) bool { return x.Rule.Title == name },
	} {
		for i := range d.All {
			if same(&d.All[i]) {
				return &d.All[i], nil
			}
		}
	}
	return nil, Usage(fmt.Errorf("no detection is called %q%s; `holdfast detect list` names them all", name, detect.Meant(d.All, name)))
}

// TryDetections runs the examples of detections, several at the same time, and gives
// the trials in the order of the detections.
func TryDetections(ctx context.Context, all []detect.Detection, o detect.Options) ([]detect.Trial, error) {
	trials := make([][]detect.Trial, len(all))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range all {
		group.Go(func() error {
			trials[i] = detect.Try(&all[i], o)
			return context.Cause(ctx)
		})
	}
	err := group.Wait()
	return slices.Concat(trials...), err
}
