package app

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
	"holdfast.dev/holdfast/internal/operate/review"
	"holdfast.dev/holdfast/internal/store"
)

// watched gathers what is known of activity as of an instant.
func (r *Reviewing) watched(ctx context.Context, s *store.Store, at time.Time) (*review.Watched, error) {
	w := &review.Watched{}
	days, err := s.Activity(ctx, at.AddDate(0, 0, -review.ActivityDays), at)
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		w.Days = append(w.Days, review.WatchedDay{Account: d.Account, Region: d.Region, Day: d.Day, Events: d.Events, Faults: d.Faults})
	}
	for f, err := range s.Findings(ctx, store.FindingQuery{Kinds: []finding.Kind{finding.Detection}}) {
		if err != nil {
			return nil, err
		}
		if f, open := openAt(f, at); open {
			w.Findings = append(w.Findings, f)
		}
	}
	if w.Off, err = off(ctx, s, at); err != nil {
		return nil, err
	}
	if r.Detections == nil {
		return w, nil
	}
	d, err := r.Detections()
	if err != nil {
		return nil, err
	}
	w.Coverage = d.coverage(w.Off)
	return w, nil
}

// openAt gives a finding as it stood at an instant, and whether it was open then.
func openAt(f finding.Finding, at time.Time) (finding.Finding, bool) {
	if f.Live() {
		return f, !f.Opened.After(at)
	}
	if f.Opened.After(at) || !f.Resolved.After(at) {
		return f, false
	}
	f.Verdict, f.Status = finding.Fail, finding.Open
	return f, true
}

// off joins what the latest recording of each source said was off: what looked at
// one of them is not off.
func off(ctx context.Context, s *store.Store, at time.Time) ([]review.OffDetection, error) {
	sources, err := s.Detecting(ctx, at)
	if err != nil {
		return nil, err
	}
	times := map[string]int{}
	first := map[string]store.Off{}
	for _, source := range sources {
		for _, o := range source.Off {
			if times[o.Rule]++; times[o.Rule] == 1 {
				first[o.Rule] = o
			}
		}
	}
	out := []review.OffDetection{}
	for rule, n := range times {
		if o := first[rule]; n == len(sources) {
			out = append(out, review.OffDetection{Rule: rule, Title: o.Title, Reason: o.Reason, Needs: o.Needs})
		}
	}
	slices.SortFunc(out, func(a, b review.OffDetection) int { return strings.Compare(a.Rule, b.Rule) })
	return out, nil
}

// coverage counts the techniques of the cloud that detections with tests speak about,
// as `holdfast detect coverage` does. Detections of the catalogue all have examples,
// which are known to pass: its own tests run them, and here they are left unread. Those
// of the user's own are left to `holdfast detect test`.
func (d *Detections) coverage(off []review.OffDetection) review.DetectionCoverage {
	tested := map[string]bool{}
	for i := range d.All {
		if x := &d.All[i]; x.Catalogue {
			tested[x.Name] = true
		}
	}
	var sleeping []detect.Off
	for _, o := range off {
		sleeping = append(sleeping, detect.Off{Rule: o.Rule})
	}
	cover := detect.Cover(d.Attack, d.All, nil, sleeping)
	c := review.DetectionCoverage{Detections: cover.Detections, Tested: len(tested), Techniques: len(cover.Techniques), Uncovered: []review.Technique{}}
	for i := range cover.Techniques {
		t := &cover.Techniques[i]
		if slices.ContainsFunc(t.By, func(by detect.CoveredBy) bool { return tested[by.Name] && by.Off == nil }) {
			c.Covered++
		} else {
			c.Uncovered = append(c.Uncovered, review.Technique{ID: t.ID, Name: t.Name})
		}
	}
	return c
}

// quiet reads the setting of how long nothing may come of a finding.
func (d DetectSettings) quiet() (time.Duration, error) {
	if d.Quiet == "" {
		return DefaultQuiet, nil
	}
	n, err := strconv.Atoi(strings.TrimSuffix(d.Quiet, "d"))
	if err != nil || !strings.HasSuffix(d.Quiet, "d") || n < 1 || n > 400 {
		return 0, Usage(fmt.Errorf("%s: detect.quiet: %q is not a number of days such as 30d, from 1d to 400d", WorkspaceFile, d.Quiet))
	}
	return time.Duration(n) * 24 * time.Hour, nil
}

// OffDetections are the detections that do not look, as a recording tells of them.
// What a detection needs is named only where logs are what it lacks.
func OffDetections(list []detect.Off) []store.Off {
	out := make([]store.Off, 0, len(list))
	for _, o := range list {
		if o.Why == detect.Partly {
			continue
		}
		off := store.Off{Rule: o.Rule, Title: o.Title, Reason: o.Reason}
		if o.Why == detect.Blind {
			off.Needs = o.Needs
		}
		out = append(out, off)
	}
	return out
}
