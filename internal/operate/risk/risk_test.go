package risk

import (
	"strings"
	"testing"
)

func matrix() Matrix {
	return Matrix{
		Likelihood:  Scale{"Very unlikely", "Unlikely", "Possible", "Likely", "Very likely"},
		Consequence: Scale{"Minimal", "Low", "Medium", "High", "Severe"},
		Levels:      []Level{"Low", "Medium", "High", "Critical"},
		Cells: [][]Level{
			{"Low", "Low", "Low", "Medium", "High"}, {"Low", "Low", "Medium", "Medium", "High"}, {"Low", "Low", "Medium", "Medium", "High"},
			{"Low", "Medium", "Medium", "High", "Critical"}, {"Low", "Medium", "High", "Critical", "Critical"},
		},
	}
}

func TestMatrixValidates(t *testing.T) {
	if err := matrix().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Matrix){
		"falls from":       func(m *Matrix) { m.Cells[1][3] = "Low" },
		"is not one of":    func(m *Matrix) { m.Cells[0][0] = "Tiny" },
		"rows for 5":       func(m *Matrix) { m.Cells = m.Cells[1:] },
		"4 cells":          func(m *Matrix) { m.Cells[2] = m.Cells[2][1:] },
		"takes 3 to 6":     func(m *Matrix) { m.Likelihood = m.Likelihood[:2] },
		"likelihood rises": func(m *Matrix) { m.Cells[4] = []Level{"Low", "Low", "Low", "Low", "Low"} },
	} {
		m := matrix()
		spoil(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestLevelClamps(t *testing.T) {
	m := matrix()
	if m.Level(9, 9) != "Critical" || m.Level(0, 0) != "Low" || m.Level(3, 3) != "Medium" {
		t.Error("a pair beyond the scale takes its end")
	}
}

func TestAssess(t *testing.T) {
	m := matrix()
	base := Risk{ID: "r", Likelihood: 3, Consequence: 4}
	for _, c := range []struct {
		name       string
		facts      Facts
		likelihood int
		level      Level
	}{
		{"nothing judged", Facts{}, 3, "Medium"},
		{"all holds", Facts{Judged: 20}, 2, "Medium"},
		{"nine in ten hold", Facts{Judged: 20, Failed: 2, Findings: 2}, 2, "Medium"},
		{"less than nine in ten hold", Facts{Judged: 20, Failed: 3, Findings: 3}, 3, "Medium"},
		{"one critical undoes it", Facts{Judged: 20, Failed: 1, Findings: 1, Critical: 1}, 4, "High"},
		{"critical and widespread", Facts{Judged: 20, Failed: 12, Findings: 40, Critical: 1, Accounts: 3}, 5, "Critical"},
		{"what is not seen does not lower", Facts{Judged: 20, Unknown: 5}, 3, "Medium"},
	} {
		got := Assess(m, base, c.facts)
		if got.Likelihood != c.likelihood || got.Level != c.level {
			t.Errorf("%s: likelihood %d, level %s, want %d, %s (%v)", c.name, got.Likelihood, got.Level, c.likelihood, c.level, got.Steps)
		}
		if len(got.Steps) == 0 {
			t.Errorf("%s: no steps say why", c.name)
		}
	}
}

// More trouble never lowers a risk.
func TestAssessIsMonotone(t *testing.T) {
	m := matrix()
	for failed := 0; failed <= 20; failed++ {
		for unknown := 0; failed+unknown <= 20; unknown++ {
			for _, critical := range []int{0, 1} {
				f := Facts{Judged: 20, Failed: failed, Unknown: unknown, Findings: failed, Critical: min(critical, failed)}
				worse := f
				worse.Failed, worse.Findings = f.Failed+1, f.Findings+1
				if f.Failed+f.Unknown == 20 {
					worse.Unknown--
				}
				a, b := Assess(m, Risk{Likelihood: 3, Consequence: 3}, f), Assess(m, Risk{Likelihood: 3, Consequence: 3}, worse)
				if worse.Unknown >= 0 && b.Likelihood < a.Likelihood {
					t.Fatalf("%+v gives %d, yet %+v gives %d", f, a.Likelihood, worse, b.Likelihood)
				}
			}
		}
	}
}
