package risk

import "fmt"

// Facts are what the evidence says about one scenario.
type Facts struct {
	Failed, Judged int // cells of control and account that fail, and that could be judged or not
	Unknown        int // of the judged, those that could not be seen
	Findings       int // open failures
	Critical       int // of them critical
	Accounts       int // in which there are failures
}

// Thresholds of the rule below.
const (
	independent = 10  // failures from which a scenario counts as widespread
	holding     = 0.9 // share of cells that have to hold for controls to lower likelihood
)

// Assess moves a scenario's base likelihood by the evidence, one declared step
// after the other, and looks the level up. Consequence is people's to set.
//
//   - a critical failure: one up, since one way in is enough
//   - ten or more failures: one up, since chance alone will find one
//   - at least nine in ten cells hold and nothing critical fails: one down
//
// What could not be seen never lowers it.
func Assess(m Matrix, r Risk, f Facts) Risk {
	step := func(by int, reason string) {
		next := clamp(r.Likelihood+by, len(m.Likelihood))
		if next != r.Likelihood {
			r.Steps = append(r.Steps, fmt.Sprintf("%+d: %s", by, reason))
		}
		r.Likelihood = next
	}
	r.Likelihood = clamp(r.Likelihood, len(m.Likelihood))
	r.Steps = append(r.Steps, fmt.Sprintf("%s: the catalogue's estimate before evidence", m.Likelihood[r.Likelihood-1]))
	switch {
	case f.Judged == 0:
		r.Steps = append(r.Steps, "0: nothing was judged, so evidence neither raises nor lowers it")
	default:
		if f.Critical > 0 {
			step(+1, count(f.Critical, "critical failure is open", "critical failures are open"))
		}
		if f.Findings >= independent {
			step(+1, fmt.Sprintf("%d failures in %s", f.Findings, count(f.Accounts, "account", "accounts")))
		}
		held := f.Judged - f.Failed - f.Unknown
		if f.Critical == 0 && float64(held) >= holding*float64(f.Judged) {
			step(-1, fmt.Sprintf("%d of %d controls by account hold", held, f.Judged))
		}
		if f.Unknown > 0 {
			r.Steps = append(r.Steps, fmt.Sprintf("0: %d of %d controls by account could not be seen and count as no help", f.Unknown, f.Judged))
		}
	}
	r.Consequence = clamp(r.Consequence, len(m.Consequence))
	r.Level, r.Findings, r.Accounts = m.Level(r.Likelihood, r.Consequence), f.Findings, f.Accounts
	return r
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
