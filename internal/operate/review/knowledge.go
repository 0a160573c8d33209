package review

import (
	"io/fs"

	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/risk"
)

// Knowledge is what a review judges by besides controls, out of the catalogue.
type Knowledge struct {
	Practices  []PracticeDef
	Objectives []control.Objective
	Matrix     risk.Matrix
}

// PracticeDef is a SEC01 practice as the catalogue states it.
type PracticeDef struct {
	ID    string   `yaml:"id"`
	Title string   `yaml:"title"`
	Risk  string   `yaml:"risk"`
	Seeds []string `yaml:"seeds"` // what the older list of practices called it
	Asks  []string `yaml:"asks"`  // what no configuration can show
}

// LoadKnowledge reads it from the catalogue's folders.
func LoadKnowledge(files fs.FS) (Knowledge, error) {
	var k Knowledge
	var framework struct {
		ID        string        `yaml:"id"`
		Title     string        `yaml:"title"`
		Practices []PracticeDef `yaml:"practices"`
	}
	if err := control.Decode(files, "frameworks/sec01.yaml", &framework); err != nil {
		return k, err
	}
	k.Practices = framework.Practices
	if err := control.Decode(files, "risks/matrix.yaml", &k.Matrix); err != nil {
		return k, err
	}
	if err := k.Matrix.Validate(); err != nil {
		return k, err
	}
	var err error
	k.Objectives, err = control.LoadObjectives(files, "objectives")
	return k, err
}
