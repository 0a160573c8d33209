// Package risk turns what fails into what it could cost: a scenario's
// likelihood and consequence, moved by evidence through declared steps, and
// the matrix that names the level.
//
// The matrix and its scales are data (catalog/risks); scores only ever break
// ties, the level always comes from the matrix.
package risk

import (
	"fmt"
	"strings"
)

// Level names how bad a risk is.
type Level string

// Scale names the steps of one axis, from least to most.
type Scale []string

// Matrix gives the level of every pair of likelihood and consequence.
type Matrix struct {
	Likelihood  Scale     `yaml:"likelihood" json:"likelihood"`
	Consequence Scale     `yaml:"consequence" json:"consequence"`
	Levels      []Level   `yaml:"levels" json:"levels"` // from least to worst
	Cells       [][]Level `yaml:"cells" json:"cells"`   // by likelihood, then consequence, both from least
}

// Level looks a pair up; both count from 1. Values beyond the scale take its
// end, since a modifier may have pushed them there.
func (m Matrix) Level(likelihood, consequence int) Level {
	l, c := clamp(likelihood, len(m.Likelihood)), clamp(consequence, len(m.Consequence))
	return m.Cells[l-1][c-1]
}

// Rank is 1 for the least level; 0 for one the matrix does not know.
func (m Matrix) Rank(l Level) int {
	for i, known := range m.Levels {
		if known == l {
			return i + 1
		}
	}
	return 0
}

func clamp(v, most int) int { return max(1, min(v, most)) }

// Validate checks that the matrix is whole and never falls when likelihood or
// consequence rises: a matrix that does would reward making things worse.
func (m Matrix) Validate() error {
	for _, axis := range []struct {
		name  string
		steps int
	}{{"likelihood", len(m.Likelihood)}, {"consequence", len(m.Consequence)}} {
		if axis.steps < 3 || axis.steps > 6 {
			return fmt.Errorf("risk matrix: %s has %d steps; it takes 3 to 6", axis.name, axis.steps)
		}
	}
	if len(m.Cells) != len(m.Likelihood) {
		return fmt.Errorf("risk matrix: %d rows for %d steps of likelihood", len(m.Cells), len(m.Likelihood))
	}
	for l, row := range m.Cells {
		if len(row) != len(m.Consequence) {
			return fmt.Errorf("risk matrix: row %q has %d cells for %d steps of consequence", m.Likelihood[l], len(row), len(m.Consequence))
		}
		for c, level := range row {
			rank := m.Rank(level)
			switch {
			case rank == 0:
				return fmt.Errorf("risk matrix: %s/%s is %q, which is not one of %s", m.Likelihood[l], m.Consequence[c], level, joinLevels(m.Levels))
			case c > 0 && rank < m.Rank(row[c-1]):
				return fmt.Errorf("risk matrix: %q falls from %s to %s as consequence rises to %s", m.Likelihood[l], row[c-1], level, m.Consequence[c])
			case l > 0 && rank < m.Rank(m.Cells[l-1][c]):
				return fmt.Errorf("risk matrix: %q falls from %s to %s as likelihood rises to %s", m.Consequence[c], m.Cells[l-1][c], level, m.Likelihood[l])
			}
		}
	}
	return nil
}

func joinLevels(levels []Level) string {
	names := make([]string, len(levels))
	for i, l := range levels {
		names[i] = string(l)
	}
	return strings.Join(names, ", ")
}
