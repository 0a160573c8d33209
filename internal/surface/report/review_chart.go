package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/operate/review"
)

// Geometry of the page's charts. All of them are inline SVG whose colours come
// from the style sheet by class.

// part is one piece of a stacked bar.
type part struct {
	Class string // c-pass, c-critical …
	Label string
	Count int
}

type bar struct{ Class, X, Width string }

// bars lays the parts out over 1000 units. A part that is there is visible,
// however small.
func bars(parts []part) []bar {
	total := 0
	for _, p := range parts {
		total += p.Count
	}
	if total == 0 {
		return nil
	}
	const least = 8
	var widths []float64
	sum := 0.0
	for _, p := range parts {
		w := 0.0
		if p.Count > 0 {
			w = max(least, 1000*float64(p.Count)/float64(total))
		}
		widths = append(widths, w)
		sum += w
	}
	var out []bar
	x := 0.0
	for i, w := range widths {
		w *= 1000 / sum
		if w > 0 {
			out = append(out, bar{parts[i].Class, number(x), number(w)})
		}
		x += w
	}
	return out
}

func number(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// words says a stacked bar for those who do not see it.
func words(parts []part) string {
	var out []string
	for _, p := range parts {
		if p.Count > 0 {
			out = append(out, grouped(p.Count)+" "+p.Label)
		}
	}
	return cmp.Or(strings.Join(out, ", "), "nothing")
}

func scoreParts(s review.Score) []part {
	return []part{{"c-pass", "pass", s.Passed}, {"c-fail", "fail", s.Failed}, {"c-unknown", "unknown", s.Unknown}}
}

func severityParts(s review.SeverityCounts) []part {
	var out []part
	for _, c := range severityCounts(s) {
		out = append(out, part{"c-" + c.Name, c.Name, c.Count})
	}
	return out
}

func verdictParts(c review.Counts) []part {
	var out []part
	for _, v := range verdictCounts(c) {
		out = append(out, part{"c-" + v.Class, strings.ToLower(v.Name), v.Count})
	}
	return out
}

// share is a bar of one account as long as its part of the worst account's
// failures, so that accounts compare by eye.
func share(s review.SeverityCounts, most int) []bar {
	total := severityTotal(s)
	if most == 0 {
		return nil
	}
	out := bars(severityParts(s))
	scale := float64(total) / float64(most)
	for i := range out {
		x, _ := strconv.ParseFloat(out[i].X, 64)
		w, _ := strconv.ParseFloat(out[i].Width, 64)
		out[i].X, out[i].Width = number(x*scale), number(w*scale)
	}
	return out
}

func mostFailures(accounts []review.Posture) int {
	most := 0
	for _, a := range accounts {
		most = max(most, severityTotal(a.Severities))
	}
	return most
}

// worstAccounts are those with the most severe open failures, worst first.
func worstAccounts(accounts []review.Posture, n int) []review.Posture {
	out := slices.DeleteFunc(slices.Clone(accounts), func(a review.Posture) bool { return severityTotal(a.Severities) == 0 })
	slices.SortStableFunc(out, func(a, b review.Posture) int {
		x, y := a.Severities, b.Severities
		return cmp.Or(cmp.Compare(y.Critical, x.Critical), cmp.Compare(y.High, x.High), cmp.Compare(severityTotal(y), severityTotal(x)), cmp.Compare(a.ID, b.ID))
	})
	return out[:min(n, len(out))]
}

// ring is the circle of the gauge: its dash for a percentage of radius 52.
func ring(percent int) string {
	around := 2 * math.Pi * 52
	return fmt.Sprintf("%s %s", number(around*float64(percent)/100), number(around))
}

func gaugeClass(percent int) string {
	switch {
	case percent >= 90:
		return "value"
	case percent >= 60:
		return "value fair"
	}
	return "value poor"
}

// The matrix: a column of names, then the cells, then the names of the columns.
const (
	matrixNames = 112
	matrixWidth = 472
	matrixCellH = 64
	matrixTop   = 6
)

type matrixCell struct {
	X, Y, W, H       string
	MidX, NumY, LevY string
	Heat             string
	Level, Count     string
	Taken            bool
}

type matrixName struct{ X, Y, Text string }

type matrixChart struct {
	ViewBox       string
	Cells         []matrixCell
	Rows, Columns []matrixName
	Axis          matrixName
}

func newMatrixChart(r *review.Review) matrixChart {
	m := r.Matrix
	counts := cellCounts(m, r.Risks)
	rows, columns := len(m.Likelihood), max(1, len(m.Consequence))
	w := float64(matrixWidth-matrixNames) / float64(columns)
	bottom := float64(matrixTop + rows*matrixCellH)
	c := matrixChart{ViewBox: fmt.Sprintf("0 0 %d %s", matrixWidth, number(bottom+44))}
	for i := range m.Likelihood {
		l := rows - 1 - i
		y := float64(matrixTop + i*matrixCellH)
		c.Rows = append(c.Rows, matrixName{number(matrixNames - 10), number(y + matrixCellH/2 + 4), fit(m.Likelihood[l], 13)})
		for k := range m.Consequence {
			x := matrixNames + float64(k)*w
			level := levelAt(m, l, k)
			cell := matrixCell{
				X: number(x + 2), Y: number(y + 2), W: number(w - 4), H: number(matrixCellH - 4), MidX: number(x + w/2), NumY: number(y + matrixCellH/2 + 2), LevY: number(y + matrixCellH/2 + 19),
				Heat: fmt.Sprintf("f%d", heat(m, level)), Level: fit(string(level), 10),
			}
			if n := counts[l][k]; n > 0 {
				cell.Taken, cell.Count = true, strconv.Itoa(n)
			} else {
				cell.LevY = number(y + matrixCellH/2 + 4)
			}
			c.Cells = append(c.Cells, cell)
		}
	}
	for k, name := range m.Consequence {
		c.Columns = append(c.Columns, matrixName{number(matrixNames + (float64(k)+0.5)*w), number(bottom + 17), fit(name, 10)})
	}
	c.Axis = matrixName{number(matrixNames + float64(matrixWidth-matrixNames)/2), number(bottom + 38), "Consequence"}
	return c
}

// matrixWords says the matrix for those who do not see it.
func matrixWords(r *review.Review) string {
	var out []string
	counts := cellCounts(r.Matrix, r.Risks)
	for l := len(counts) - 1; l >= 0; l-- {
		for c := len(counts[l]) - 1; c >= 0; c-- {
			if n := counts[l][c]; n > 0 {
				out = append(out, fmt.Sprintf("%s with likelihood %s and consequence %s: %s", plural(n, "risk"), r.Matrix.Likelihood[l], r.Matrix.Consequence[c], levelAt(r.Matrix, l, c)))
			}
		}
	}
	return cmp.Or(strings.Join(out, "; "), "no risks")
}

// scaleName is the name of a 1-based step.
func scaleName(scale []string, v int) string {
	if i := step(v, len(scale)); i >= 0 {
		return scale[i]
	}
	return strconv.Itoa(v)
}

// safeClass is a class name of our own for a word of the review.
func safeClass(prefix, word string, known ...string) string {
	if slices.Contains(known, word) {
		return prefix + word
	}
	return prefix + "other"
}

func severityClass(s string) string {
	return "pill " + safeClass("p-", strings.ToLower(s), "critical", "high", "medium", "low", "info")
}

func stateClass(s string) string {
	return "pill " + safeClass("p-", s, "expired", "expiring", "FAILED", "UNKNOWN", "PASSED")
}

// openFirst puts controls a reader has to act on before the others.
func openFirst(list []review.ControlScore) []review.ControlScore {
	rank := map[string]int{"FAILED": 0, "UNKNOWN": 1, "PASSED": 2}
	at := func(s string) int {
		if r, ok := rank[s]; ok {
			return r
		}
		return 3
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b review.ControlScore) int {
		return cmp.Or(cmp.Compare(at(a.Status), at(b.Status)), cmp.Compare(b.Verdicts.Fail, a.Verdicts.Fail), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// firstOf and restOf split a list where the page folds it. One row alone is
// not folded away.
func firstOf[T any](list []T, n int) []T {
	if len(list) <= n+1 {
		return list
	}
	return list[:n]
}

func restOf[T any](list []T, n int) []T { return list[len(firstOf(list, n)):] }

func changeParts(c *review.Changes) []part {
	return []part{{"c-fail", "new", c.NewCount}, {"c-pass", "fixed", c.FixedN}, {"c-na", "unchanged", c.Unchanged}}
}

func displayName(a review.Posture) string { return cmp.Or(a.Name, a.ID) }

func missingTypes(c review.Coverage) []review.TypeCoverage {
	return slices.DeleteFunc(slices.Clone(c.Types), func(t review.TypeCoverage) bool { return t.Resources > 0 || t.Controls == 0 })
}

func statusWord(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", " ")) }

// accountPlace is an account's id and where in the organisation it is.
func accountPlace(a review.Posture) string {
	where := a.Path
	if a.Management {
		where = "management account"
	}
	return strings.Trim(a.ID+" · "+where, " ·")
}
