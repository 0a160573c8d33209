package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/source/cloudformation"
)

// CheckOptions say what to check and how.
type CheckOptions struct {
	Paths      []string
	Exclude    []string
	Parameters string // a parameters file
	Account    string
	Region     string
	All        bool // every verdict, not only what is wrong
	Exceptions finding.Register
	Now        time.Time
}

// Checked is the outcome of a check.
type Checked struct {
	Findings  []finding.Finding // in the order of finding.Before
	Templates int
	Resources int
	Counts    map[finding.Verdict]int
	Gaps      []evidence.Gap
	Warnings  []string
	Faults    []error // templates that could not be read
	unread    []string
	undecided []finding.Finding // neither failing nor passing: no longer open, and not fixed either
}

// Check judges the templates below the given paths.
func Check(ctx context.Context, engine *check.Engine, o CheckOptions) (*Checked, error) {
	options := cloudformation.WalkOptions{
		Options: cloudformation.Options{Account: o.Account, Region: o.Region, Observed: o.Now},
		Exclude: o.Exclude,
	}
	if o.Parameters != "" {
		data, err := os.ReadFile(o.Parameters)
		if err != nil {
			return nil, Usage(err)
		}
		if options.Parameters, err = cloudformation.ParseParameters(o.Parameters, data); err != nil {
			return nil, Usage(err)
		}
	}
	c := checking{engine: engine, options: o, out: &Checked{Counts: map[finding.Verdict]int{}}}
	c.judge = engine.NewJudge(check.Scope{Now: o.Now})
	err := cloudformation.Walk(ctx, o.Paths, options, func(t cloudformation.Template, err error) error {
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.out.Faults, c.out.unread = append(c.out.Faults, err), append(c.out.unread, t.File)
			return nil
		}
		c.template(t)
		return nil
	})
	if err != nil {
		return nil, Usage(err)
	}
	sortFindings(c.out.Findings)
	return c.out, nil
}

func sortFindings(list []finding.Finding) {
	slices.SortFunc(list, func(a, b finding.Finding) int {
		switch {
		case finding.Before(a, b):
			return -1
		case finding.Before(b, a):
			return 1
		}
		return 0
	})
}

type checking struct {
	engine  *check.Engine
	judge   *check.Judge
	options CheckOptions
	out     *Checked
}

// template judges one template, which is an estate of its own.
func (c *checking) template(t cloudformation.Template) {
	estate := c.engine.NewEstate(evidence.Org{}, t.Gaps)
	for i := range t.Resources {
		if estate.Wants(t.Resources[i].Type) {
			estate.Add(&t.Resources[i])
		}
	}
	c.judge.In(check.Scope{Now: c.options.Now, Estate: estate})
	for i := range t.Resources {
		r := &t.Resources[i]
		c.judge.Each(r, func(result check.Result) { c.result(r, result) })
	}
	c.out.Templates++
	c.out.Resources += len(t.Resources)
	c.out.Gaps = append(c.out.Gaps, t.Gaps...)
	c.out.Warnings = append(c.out.Warnings, t.Warnings...)
}

func (c *checking) result(r *evidence.Resource, result check.Result) {
	v := control.Verdict(result.Outcome)
	if !c.options.All && (v == finding.Pass || v == finding.NotApplicable) {
		c.out.Counts[v]++
		return
	}
	f := control.Finding(r, result)
	if v == finding.Fail {
		c.excuse(r, &f)
	}
	c.out.Counts[f.Verdict]++
	switch {
	case c.options.All || f.Verdict == finding.Fail || f.Verdict == finding.Error:
		c.out.Findings = append(c.out.Findings, f)
	default:
		c.out.undecided = append(c.out.undecided, f)
	}
}

// Since compares with a baseline. What could not be judged this time, or stands
// in a template that could not be read, is not fixed.
func (c *Checked) Since(b *Baseline) (*review.Changes, error) {
	return b.Compare(func(yield func(finding.Finding, error) bool) {
		for _, list := range [][]finding.Finding{c.Findings, c.undecided} {
			for _, f := range list {
				if !yield(f, nil) {
					return
				}
			}
		}
		if len(c.unread) == 0 {
			return
		}
		for f, err := range b.details {
			if err == nil && !slices.Contains(c.unread, f.File) {
				continue
			}
			f.Verdict = finding.Unknown
			if !yield(f, err) {
				return
			}
		}
	})
}

// excuse applies an inline skip or an exception of the workspace. Skips carry
// their reason with them.
func (c *checking) excuse(r *evidence.Resource, f *finding.Finding) {
	for _, skip := range r.Origin.Skips {
		if skip.Control == f.Rule {
			f.Verdict, f.Exception = finding.Excepted, "inline"
			f.Message += " Skipped in the template: " + skip.Reason
			return
		}
	}
	if x, ok := c.options.Exceptions.For(f, c.options.Now); ok {
		f.Verdict, f.Exception = finding.Excepted, x.ID
	}
}

// Worst is the worst severity among failures that pass the filter.
func Worst(findings []finding.Finding, counts func(*finding.Finding) bool) finding.Severity {
	var worst finding.Severity
	for i := range findings {
		f := &findings[i]
		if f.Verdict == finding.Fail && f.Severity.Rank() > worst.Rank() && (counts == nil || counts(f)) {
			worst = f.Severity
		}
	}
	return worst
}

// Violates is the exit error where the worst failure reaches the threshold.
func Violates(worst finding.Severity, threshold finding.Severity) error {
	if worst != "" && threshold != "" && worst.Rank() >= threshold.Rank() {
		return &ExitError{Code: ExitViolations}
	}
	return nil
}

// Unreadable is the exit error where templates could not be read.
func (c *Checked) Unreadable() error {
	if len(c.Faults) == 0 {
		return nil
	}
	return Usage(fmt.Errorf("%d of %d templates could not be read, so this check says nothing about them:\n%w",
		len(c.Faults), len(c.Faults)+c.Templates, errors.Join(c.Faults...)))
}
