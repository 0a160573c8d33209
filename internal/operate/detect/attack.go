package detect

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Attack is the part of MITRE ATT&CK that cloud detections speak of. A nil Attack knows
// nothing and changes nothing.
type Attack struct {
	ID      string      `yaml:"id"`
	Title   string      `yaml:"title"`
	Version string      `yaml:"version"`
	Tactics []Tactic    `yaml:"tactics"`
	Rows    []Technique `yaml:"techniques"`
}

// Tactic is one column of the matrix.
type Tactic struct {
	ID   string   `yaml:"id"`
	Tag  string   `yaml:"tag"`
	Name string   `yaml:"name"`
	Was  []string `yaml:"was"` // tags of former editions
}

// Technique is one of its fields.
type Technique struct {
	ID        string   `yaml:"id"`
	Name      string   `yaml:"name"`
	Tactics   []string `yaml:"tactics"`   // tags
	Platforms []string `yaml:"platforms"` // of the cloud: IaaS, Identity Provider …
	Was       []string `yaml:"was"`       // ids of former editions
	Checked   bool     `yaml:"checked"`
}

// LoadAttack reads the table out of the catalogue.
func LoadAttack(files fs.FS) (*Attack, error) {
	const name = "frameworks/attack.yaml"
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("reading ATT&CK: %w", err)
	}
	var a Attack
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, t := range a.Rows {
		for _, tag := range t.Tactics {
			if !slices.ContainsFunc(a.Tactics, func(x Tactic) bool { return x.Tag == tag }) {
				return nil, fmt.Errorf("%s: technique %s names the tactic %q, which is not among them", name, t.ID, tag)
			}
		}
	}
	return &a, nil
}

// Technique gives a technique by its id of today or of a former edition, in any case.
func (a *Attack) Technique(id string) (Technique, bool) {
	if a == nil {
		return Technique{}, false
	}
	id = strings.ToUpper(id)
	for _, t := range a.Rows {
		if t.ID == id {
			return t, true
		}
	}
	for _, t := range a.Rows {
		if slices.Contains(t.Was, id) {
			return t, true
		}
	}
	return Technique{}, false
}

// Techniques are the ids that a detection names, as they are called today, sorted.
// Those that are not in the table come as they were written, and in unknown too.
func (a *Attack) Techniques(x *Detection) (ids, unknown []string) {
	tags, _ := x.attackTags()
	for _, tag := range tags {
		id := strings.ToUpper(tag)
		if t, ok := a.Technique(id); ok {
			id = t.ID
		} else {
			unknown = append(unknown, id)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return slices.Compact(ids), unknown
}

// Tactic gives a tactic by its tag, its id or its name, in any case.
func (a *Attack) Tactic(name string) (Tactic, bool) {
	if a == nil {
		return Tactic{}, false
	}
	for _, t := range a.Tactics {
		if strings.EqualFold(t.Tag, name) || strings.EqualFold(t.ID, name) || strings.EqualFold(t.Name, name) {
			return t, true
		}
	}
	return Tactic{}, false
}

// TacticTags are the tags of all tactics, in the order of the matrix.
func (a *Attack) TacticTags() (tags []string) {
	for _, t := range a.Tactics {
		tags = append(tags, t.Tag)
	}
	return tags
}

// TacticsOf are the tactics that a detection names, in the order of the matrix. A tag
// of a former edition stands for those of today that its techniques belong to; a
// detection that names none has all those of its techniques.
func (a *Attack) TacticsOf(x *Detection) (tags []string) {
	_, named := x.attackTags()
	if a == nil {
		return named
	}
	of := map[string]bool{}
	ids, _ := a.Techniques(x)
	for _, id := range ids {
		if t, ok := a.Technique(id); ok {
			for _, tag := range t.Tactics {
				of[tag] = true
			}
		}
	}
	for _, t := range a.Tactics {
		former := slices.ContainsFunc(t.Was, func(was string) bool { return slices.Contains(named, was) })
		switch {
		case slices.Contains(named, t.Tag), former && of[t.Tag], len(named) == 0 && of[t.Tag]:
			tags = append(tags, t.Tag)
		}
	}
	return tags
}
