package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
	"holdfast.dev/holdfast/internal/surface/report"
)

type reviewFlags struct {
	output
	asOf     string
	baseline string
	failOn   string
	newOnly  bool
	strict   bool
}

func (p *program) review() *cobra.Command {
	var f reviewFlags
	c := &cobra.Command{
		Use:   "review",
		Short: "Answer SEC01 from the collected evidence",
		Long: `Judges the evidence in the store by every control and answers SEC01: a score,
verdict counts and coverage for each best practice, the risks behind them, and
what to do first. Findings are recorded, so that the next review knows what is
new and what was mended.

With --as-of the snapshot of a past instant is judged and nothing is recorded.

Exit codes: 0 nothing failed at or above --fail-on, 1 something did, 2 usage or
configuration, 3 with --strict: something could not be seen.`,
		Example: `  holdfast review
  holdfast review --output html --out review.html
  holdfast review --baseline 12 --new-only --fail-on high
  holdfast review --as-of 2026-09-30T00:00:00Z`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.runReview(c, f) },
	}
	f.output.flags(c, report.ReviewFormats)
	flags := c.Flags()
	flags.StringVar(&f.asOf, "as-of", "", "judge the snapshot of this instant (RFC 3339) and record nothing")
	flags.StringVar(&f.baseline, "baseline", "", "compare with an earlier review, by run number, or with exported findings in a file")
	flags.StringVar(&f.failOn, "fail-on", "low", "severity from which a failure gives exit code 1: critical, high, medium, low, info or none")
	flags.BoolVar(&f.newOnly, "new-only", false, "with --baseline: only new failures count for the exit code")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 where something could not be seen")
	return c
}

func (p *program) runReview(c *cobra.Command, f reviewFlags) error {
	format, limit, err := f.read()
	if err != nil {
		return err
	}
	at, past, err := p.instant(f.asOf)
	if err != nil {
		return err
	}
	w, err := p.workspace()
	if err != nil {
		return err
	}
	reviewing, err := app.NewReviewing(w)
	if err != nil {
		return err
	}
	for _, warning := range reviewing.Warnings() {
		fmt.Fprintln(p.Err, "warning:", warning)
	}
	s, at, err := p.openForReview(c.Context(), w, at, past)
	if err != nil {
		return err
	}
	defer s.Close()
	answer, err := p.answer(c, reviewing, s, at, past)
	if err != nil {
		return err
	}
	if f.baseline != "" {
		if err := p.compare(c, s, f.baseline, answer); err != nil {
			return err
		}
	}
	if err := p.write(f.output, func(out io.Writer) error {
		return report.Review(out, format, p.meta(reviewing.Engine, at), answer)
	}); err != nil {
		return err
	}
	return p.judged(answer, f, limit)
}

// read checks the flags against each other.
func (f reviewFlags) read() (report.Format, finding.Severity, error) {
	format, err := report.ParseReviewFormat(f.format)
	if err != nil {
		return "", "", app.Usage(err)
	}
	if f.newOnly && f.baseline == "" {
		return "", "", app.Usage(errors.New("--new-only needs a --baseline to be new against"))
	}
	if f.asOf != "" && f.baseline != "" {
		return "", "", app.Usage(errors.New("--baseline compares with the review that is being recorded, and --as-of records none; leave one of them out"))
	}
	limit, err := threshold(f.failOn)
	return format, limit, err
}

// openForReview opens the store, for writing unless a past instant is judged. It
// never makes one: a store that is not there is a mistake to point out.
func (p *program) openForReview(ctx context.Context, w app.Workspace, at time.Time, past bool) (*store.Store, time.Time, error) {
	s, err := p.open(ctx, w, true)
	if err != nil {
		return nil, at, err
	}
	if at, err = judgedAt(ctx, s, at, past); err != nil {
		return nil, at, errors.Join(err, s.Close())
	}
	if past {
		return s, at, nil
	}
	if err := s.Close(); err != nil {
		return nil, at, err
	}
	s, err = p.open(ctx, w, false)
	return s, at, err
}

// judgedAt is never before the latest evidence, unless a past instant was asked
// for: a clock may be behind that of the machine that collected.
func judgedAt(ctx context.Context, s *store.Store, at time.Time, past bool) (time.Time, error) {
	latest, ok, err := s.Latest(ctx)
	if err == nil && ok && !past && latest.After(at) {
		return latest, nil
	}
	return at, err
}

// instant is the time to judge at, and whether it was asked for.
func (p *program) instant(asOf string) (time.Time, bool, error) {
	if asOf == "" {
		return p.Now().UTC(), false, nil
	}
	at, err := time.Parse(time.RFC3339, asOf)
	if err != nil {
		return at, false, app.Usage(fmt.Errorf("--as-of %q is not an instant such as 2026-09-30T00:00:00Z", asOf))
	}
	return at.UTC(), true, nil
}

func (p *program) answer(c *cobra.Command, r *app.Reviewing, s *store.Store, at time.Time, past bool) (*review.Review, error) {
	if past {
		return r.ReviewAt(c.Context(), s, at)
	}
	return r.Review(c.Context(), s, at, c.Flags().Args())
}

func (p *program) compare(c *cobra.Command, s *store.Store, name string, answer *review.Review) error {
	base, err := app.LoadBaseline(c.Context(), s, name)
	if err != nil {
		return err
	}
	answer.Changes, err = base.Compare(app.Failures(c.Context(), s))
	return err
}

// judged is the exit of a review.
func (p *program) judged(r *review.Review, f reviewFlags, limit finding.Severity) error {
	worst, failed := finding.Severity(""), 0
	if f.newOnly {
		worst = r.Changes.Worst
	} else {
		for severity, n := range map[finding.Severity]int{finding.Critical: r.Severities.Critical, finding.High: r.Severities.High,
			finding.Medium: r.Severities.Medium, finding.Low: r.Severities.Low, finding.Info: r.Severities.Info} {
			if n > 0 && severity.Rank() > worst.Rank() {
				worst = severity
			}
			if severity.Rank() >= limit.Rank() {
				failed += n
			}
		}
	}
	if err := app.Violates(worst, limit); err != nil {
		if f.newOnly {
			fmt.Fprintf(p.Err, "exit code 1: of the %s the worst is %s (--fail-on %s)\n", plural(r.Changes.NewCount, "new failure"), worst, limit)
		} else {
			p.violated(failed, false, limit)
		}
		return err
	}
	if r.Estate.Resources == 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: errors.New("there was nothing to judge: no resource is known as of that instant; `holdfast collect` reads some, `holdfast findings runs` says when that was done")}
	}
	if unseen := r.Verdicts.Unknown + r.Verdicts.Error; f.strict && unseen > 0 {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%d judgements could not be made; `holdfast findings list --all --verdict UNKNOWN` says why of each", unseen)}
	}
	return nil
}
