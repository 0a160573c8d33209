package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/cloudtrail/digest"
)

var (
	statuses = []digest.Status{digest.Valid, digest.Invalid, digest.Missing, digest.Unknown, digest.Unverified}
	places   = []digest.Place{digest.Within, digest.Earlier, digest.Later, digest.NoDigests}

	placeText = map[digest.Place]string{
		digest.Within:    "delivered in a time that digests were expected to cover",
		digest.Earlier:   "older than the oldest valid digest",
		digest.Later:     "younger than the newest valid digest",
		digest.NoDigests: "there is no valid digest of the account and Region",
	}
)

func rfc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// chainText names a chain.
func chainText(account, region, trail string, backfill bool) string {
	text := strings.TrimSpace(strings.Join([]string{account, region, trail}, " "))
	if text == "" {
		return "objects that are not named as digests"
	}
	if backfill {
		text += " (backfill)"
	}
	return text
}

func countText(counts map[digest.Status]int) string {
	var parts []string
	for _, s := range statuses {
		if n := counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

func gapText(i digest.Item) string {
	chain := chainText(i.Chain.Account, i.Chain.Region, i.Chain.Trail, i.Chain.Backfill)
	if i.Gap.Reason == digest.NoLogs {
		return fmt.Sprintf("gap: %s: %s between %s and %s", chain, i.Gap.Reason, rfc(i.Gap.From), rfc(i.Gap.To))
	}
	return fmt.Sprintf("gap: %s: nothing speaks for the time between %s and %s: %s", chain, rfc(i.Gap.From), rfc(i.Gap.To), i.Gap.Reason)
}

func uncoveredText(l digest.Location, place digest.Place) string {
	return fmt.Sprintf("not covered: %s is listed by no valid digest: %s", l, placeText[place])
}

// trailTable prints what is not valid, and then a line for each chain.
type trailTable struct {
	out io.Writer
	all bool
}

func (t *trailTable) object(i digest.Item) error {
	if i.Object.Status == digest.Valid && !t.all {
		return nil
	}
	text := fmt.Sprintf("%s %s %s", i.Object.Status, i.Object.Kind, i.Object.Location)
	if i.Object.Reason != "" {
		text += ": " + i.Object.Reason
	}
	return t.line(text)
}

func (t *trailTable) gap(i digest.Item) error { return t.line(gapText(i)) }

func (t *trailTable) uncovered(l digest.Location, place digest.Place) error {
	return t.line(uncoveredText(l, place))
}

func (t *trailTable) line(text string) error {
	_, err := fmt.Fprintln(t.out, oneLine(text))
	return err
}

func (t *trailTable) end(v *app.TrailVerified) error {
	if len(v.Chains) == 0 {
		return nil
	}
	tw := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ACCOUNT\tREGION\tTRAIL\tDIGESTS\tLOG FILES\tVERIFIED FROM\tTO\tGAPS")
	for _, c := range v.Chains {
		trail := c.Trail
		if c.Backfill {
			trail += " (backfill)"
		}
		if c.Stray {
			trail = "(not named as digests)"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\n", c.Account, oneLine(c.Region), oneLine(trail), countText(c.Digests), countText(c.Logs), stamp(c.From), stamp(c.To), c.Gaps)
	}
	return tw.Flush()
}

// trailLine is the verdict on one object, for programs.
type trailLine struct {
	Object string `json:"object"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

func lineOf(o *digest.Object) trailLine {
	return trailLine{o.Location.String(), string(o.Kind), string(o.Status), o.Reason}
}

// trailLines prints a line of JSON for each object with a verdict; the rest goes to
// standard error.
type trailLines struct{ out, err io.Writer }

func (t *trailLines) object(i digest.Item) error {
	if i.Object.Status == digest.Unverified {
		_, err := fmt.Fprintln(t.err, oneLine(fmt.Sprintf("%s %s %s: %s", i.Object.Status, i.Object.Kind, i.Object.Location, i.Object.Reason)))
		return err
	}
	return encodeLine(t.out, lineOf(i.Object))
}

func (t *trailLines) gap(i digest.Item) error {
	_, err := fmt.Fprintln(t.err, oneLine(gapText(i)))
	return err
}

func (t *trailLines) uncovered(l digest.Location, place digest.Place) error {
	_, err := fmt.Fprintln(t.err, oneLine(uncoveredText(l, place)))
	return err
}

func (t *trailLines) end(v *app.TrailVerified) error {
	for _, c := range v.Chains {
		text := fmt.Sprintf("%s: digests %s; log files %s", chainText(c.Account, c.Region, c.Trail, c.Backfill), countText(c.Digests), countText(c.Logs))
		if !c.From.IsZero() {
			text += fmt.Sprintf("; verified from %s to %s", rfc(c.From), rfc(c.To))
		}
		if _, err := fmt.Fprintln(t.err, oneLine(text)); err != nil {
			return err
		}
	}
	return nil
}

// trailJSON prints one document. Objects are written as they come; gaps and the like
// are few, and wait for the end.
type trailJSON struct {
	out   io.Writer
	begun bool
	gaps  []trailGap
	open  []trailOpen
}

type trailGap struct {
	Account  string `json:"account"`
	Region   string `json:"region"`
	Trail    string `json:"trail"`
	Backfill bool   `json:"backfill,omitempty"`
	From     string `json:"from"`
	To       string `json:"to"`
	Reason   string `json:"reason"`
}

type trailOpen struct {
	Object string `json:"object"`
	Place  string `json:"place"`
	Reason string `json:"reason"`
}

type trailChain struct {
	Account  string                `json:"account"`
	Region   string                `json:"region"`
	Trail    string                `json:"trail"`
	Backfill bool                  `json:"backfill,omitempty"`
	Stray    bool                  `json:"stray,omitempty"`
	From     string                `json:"from,omitempty"`
	To       string                `json:"to,omitempty"`
	Digests  map[digest.Status]int `json:"digests"`
	Logs     map[digest.Status]int `json:"logs"`
	Bytes    int64                 `json:"log_bytes"`
}

func newTrailJSON(w io.Writer) *trailJSON {
	return &trailJSON{out: w, gaps: []trailGap{}, open: []trailOpen{}}
}

func (t *trailJSON) object(i digest.Item) error {
	before := ","
	if !t.begun {
		t.begun, before = true, `{"objects":[`+"\n"
	}
	if _, err := io.WriteString(t.out, before); err != nil {
		return err
	}
	return encodeLine(t.out, lineOf(i.Object))
}

func (t *trailJSON) gap(i digest.Item) error {
	t.gaps = append(t.gaps, trailGap{i.Chain.Account, i.Chain.Region, i.Chain.Trail, i.Chain.Backfill, rfc(i.Gap.From), rfc(i.Gap.To), i.Gap.Reason})
	return nil
}

func (t *trailJSON) uncovered(l digest.Location, place digest.Place) error {
	t.open = append(t.open, trailOpen{l.String(), string(place), placeText[place]})
	return nil
}

func (t *trailJSON) end(v *app.TrailVerified) error {
	begin := ""
	if !t.begun {
		begin = `{"objects":[`
	}
	chains := []trailChain{}
	for _, c := range v.Chains {
		chain := trailChain{Account: c.Account, Region: c.Region, Trail: c.Trail, Backfill: c.Backfill, Stray: c.Stray, Digests: c.Digests, Logs: c.Logs, Bytes: c.Bytes}
		if !c.From.IsZero() {
			chain.From, chain.To = rfc(c.From), rfc(c.To)
		}
		chains = append(chains, chain)
	}
	if _, err := io.WriteString(t.out, begin); err != nil {
		return err
	}
	for _, part := range []struct {
		before string
		value  any
	}{{`],"gaps":`, t.gaps}, {`,"not_covered":`, t.open}, {`,"chains":`, chains}} {
		if _, err := io.WriteString(t.out, part.before); err != nil {
			return err
		}
		if err := encodeLine(t.out, part.value); err != nil {
			return err
		}
	}
	_, err := io.WriteString(t.out, "}\n")
	return err
}
