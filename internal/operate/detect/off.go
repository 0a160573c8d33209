package detect

import (
	"fmt"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Off is a detection that says nothing, or less than it could, and why.
type Off struct {
	Rule   string
	Title  string
	Why    Why
	Reason string
	Needs  []string // what it has not got
}

// Why is the kind of reason.
type Why string

const (
	Switched Why = "switched-off" // somebody decided so
	Refused  Why = "refused"      // the rule cannot be honoured
	Blind    Why = "blind"        // the logs that it needs do not come by
	Lacking  Why = "lacking"      // it misses facts: a geo database, addresses
	Cold     Why = "cold"         // it has not seen enough yet
	Partly   Why = "partly"       // it works, and would see more if it had all
)

// Off lists the detections that are off, in the order of their names. Which are blind
// can only be told where it is known which logs there are: from Options.Logs, or once
// events came by.
func (d *Detector) Off() (all []Off) {
	for _, s := range d.all {
		if off, ok := d.offOf(s); ok {
			off.Rule, off.Title = s.Name, s.Rule.Title
			all = append(all, off)
		}
	}
	slices.SortFunc(all, func(a, b Off) int { return strings.Compare(a.Rule, b.Rule) })
	return all
}

func (d *Detector) offOf(s *speaker) (Off, bool) {
	if s.off != "" {
		why := Refused
		if s.switched {
			why = Switched
		}
		return Off{Why: why, Reason: s.off}, true
	}
	if missing := d.o.missing(s.Needs, d.logs); len(missing) > 0 {
		return Off{Why: Blind, Reason: blindness(missing), Needs: missing}, true
	}
	if s.analytic == nil {
		return Off{}, false
	}
	part := Off{}
	if limited, ok := s.analytic.(analytic.Limited); ok {
		what, off := limited.Lacks()
		if off {
			return Off{Why: Lacking, Reason: what, Needs: factsOf(s.Needs)}, true
		}
		if what != "" {
			part = Off{Why: Partly, Reason: what}
		}
	}
	if cold := s.analytic.Cold(); cold != "" {
		return Off{Why: Cold, Reason: cold}, true
	}
	return part, part.Why != ""
}

// Asleep lists, of detections that no detector was made for here, those that are
// switched off or whose logs are known not to be there.
func Asleep(all []Detection, o Options) (off []Off) {
	for i := range all {
		x := &all[i]
		missing := o.missing(x.Needs, nil)
		switch by, switched := o.switchedOff(x.Name); {
		case switched:
			off = append(off, Off{Rule: x.Name, Title: x.Rule.Title, Why: Switched, Reason: by})
		case len(missing) > 0:
			off = append(off, Off{Rule: x.Name, Title: x.Rule.Title, Why: Blind, Reason: blindness(missing), Needs: missing})
		}
	}
	return off
}

func blindness(missing []string) string {
	return "needs " + strings.Join(words(missing), " and ") + ", of which nothing was seen"
}

// missing are the logs that a detection needs and that are known not to be there: those
// that came by are.
func (o *Options) missing(needs, came []string) (missing []string) {
	if o.Logs == nil && len(came) == 0 {
		return nil
	}
	for _, need := range needs {
		if need != "geo" && !slices.Contains(o.Logs, need) && !slices.Contains(came, need) {
			missing = append(missing, need)
		}
	}
	return missing
}

func factsOf(needs []string) []string {
	if slices.Contains(needs, "geo") {
		return []string{"geo"}
	}
	return nil
}

// Words name logs, as needs spells them, as people do.
func Words(needs []string) []string { return words(needs) }

func words(needs []string) (out []string) {
	for _, need := range needs {
		typ, data := strings.CutPrefix(need, "data:")
		switch {
		case data:
			out = append(out, fmt.Sprintf("data events of %s", typ))
		case need == "management":
			out = append(out, "management events")
		case need == "network":
			out = append(out, "network activity events")
		case need == "insights":
			out = append(out, "CloudTrail Insights")
		case need == "flow":
			out = append(out, "VPC flow logs")
		case need == "dns":
			out = append(out, "Route 53 Resolver query logs")
		case need == "geo":
			out = append(out, "a geo database")
		default:
			out = append(out, need)
		}
	}
	return out
}
