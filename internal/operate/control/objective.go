package control

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Objective is what must hold, and why.
type Objective struct {
	ID        string   `yaml:"id"`
	Statement string   `yaml:"statement"`
	Why       string   `yaml:"why"`
	Practices []string `yaml:"practices"`
	Layers    []string `yaml:"layers"`
	OwnerRole string   `yaml:"owner_role"`
	Threshold float64  `yaml:"threshold"`
	Risk      Scenario `yaml:"risk"`
}

// Scenario is what may happen where the objective does not hold.
type Scenario struct {
	Title       string `yaml:"title"`
	Scenario    string `yaml:"scenario"`
	Likelihood  int    `yaml:"likelihood"`  // 1-based, as an expert puts it before evidence
	Consequence int    `yaml:"consequence"` // 1-based
	Category    string `yaml:"category"`
}

// LoadObjectives reads every objective below a folder, by id.
func LoadObjectives(files fs.FS, root string) ([]Objective, error) {
	var out []Objective
	var faults []error
	names, err := fs.Glob(files, root+"/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var o Objective
		if err := Decode(files, name, &o); err != nil {
			faults = append(faults, err)
			continue
		}
		if err := o.validate(); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Objective) int { return strings.Compare(a.ID, b.ID) })
	return out, errors.Join(faults...)
}

func (o *Objective) validate() error {
	switch {
	case o.ID == "" || strings.TrimSpace(o.Statement) == "" || strings.TrimSpace(o.Why) == "":
		return errors.New("an objective needs id, statement and why")
	case o.Threshold <= 0 || o.Threshold > 1:
		return fmt.Errorf("threshold %v is not a share between 0 and 1", o.Threshold)
	case o.Risk.Title == "" || o.Risk.Likelihood < 1 || o.Risk.Consequence < 1:
		return errors.New("risk needs a title, a likelihood and a consequence")
	}
	return nil
}

// Decode reads one YAML file of the catalogue and refuses fields it does not know.
func Decode(files fs.FS, name string, into any) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return nil
}
