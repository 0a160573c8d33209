package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// detectSummary says on standard error what was read and what came of it.
func (p *program) detectSummary(d *app.TrailDetected, all bool, took time.Duration) {
	for _, r := range d.Refused {
		fmt.Fprintf(p.Err, "refused: %s\n", oneLine(r.Error()))
	}
	s := d.Stats
	var parts []string
	add := func(n int, what, about string) {
		if n > 0 {
			parts = append(parts, plural(n, what)+about)
		}
	}
	add(s.Duplicates, "duplicate", "")
	add(s.Outside, "event", " outside the time")
	add(d.Left, "event", " of other accounts or Regions")
	add(s.Addenda, "correction", "")
	add(s.Digests, "digest file", " passed over")
	add(s.Foreign, "file", " of other services passed over")
	add(s.Early, "file", " older than --since passed over")
	text := fmt.Sprintf("%s, %s", plural(s.Files, "file"), plural(s.Events, "event"))
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	if !s.First.IsZero() {
		text += fmt.Sprintf(" from %s to %s", rfc(s.First), rfc(s.Last))
	}
	fmt.Fprintf(p.Err, "%s; %s (%.1f s)\n", text, plural(d.Detections, "detection"), took.Seconds())
	if d.Faulty > 0 {
		fmt.Fprintf(p.Err, "%s could not be read to the end, so nothing is known of what they hold beyond\n", plural(d.Faulty, "file"))
	}
	if d.Dropped != "" {
		fmt.Fprintf(p.Err, "events that correlations could not put where they belong, so something may have been missed: %s\n", d.Dropped)
	}
	if len(d.Forgotten) > 0 {
		fmt.Fprintf(p.Err, "the state had something about detections that are gone or have changed: %s\n", oneLine(strings.Join(d.Forgotten, ", ")))
	}
	p.detectOff(d.Off, all)
	fmt.Fprintln(p.Err, alertCounts(&d.AlertTally))
}

func alertCounts(d *app.AlertTally) string {
	var parts []string
	total := 0
	for _, s := range finding.Severities {
		if n := d.Alerts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
			total += n
		}
	}
	text := plural(total, "alert")
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	if d.Excepted > 0 {
		text += fmt.Sprintf("; %d more are covered by exceptions", d.Excepted)
	}
	return text
}

// detectOff says which detections could not speak, a line for each reason.
func (p *program) detectOff(off []detect.Off, all bool) {
	type group struct{ why, reason string }
	var order []group
	names := map[group][]string{}
	for _, o := range off {
		g := group{string(o.Why), o.Reason}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], o.Rule)
	}
	slices.SortStableFunc(order, func(a, b group) int { return strings.Compare(a.why, b.why) })
	for _, g := range order {
		if g.why == string(detect.Refused) {
			continue // with its place above
		}
		list := names[g]
		text := strings.Join(list, ", ")
		if len(list) > 3 && !all {
			text = fmt.Sprintf("%s and %d more", strings.Join(list[:2], ", "), len(list)-2)
		}
		fmt.Fprintf(p.Err, "%s: %s: %s\n", g.why, oneLine(g.reason), oneLine(text))
	}
}
