package detect

import (
	"fmt"
	"net/netip"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Options are what an organisation decided about detections, and what is known beside
// the events. The zero Options are for a detector of CloudTrail without any decision.
type Options struct {
	Log sigma.LogSource // the log that is read; the zero one is CloudTrail

	Switched   []Switch                    // detections that somebody switched off
	Severity   map[string]finding.Severity // by name
	Params     map[string]map[string]any   // of analytics, by name
	Trusted    []Network
	Exceptions finding.Register

	Placeholders map[string][]string // values of %name% in Sigma rules
	World        analytic.World
	Attack       *Attack // nil: techniques stay as they were written

	// Logs that are known to be there, as needs names them; nil: not known. What the
	// detector sees itself is added.
	Logs []string
	// Now is the instant at which decisions are in force. Without it, that of the event
	// is taken.
	Now func() time.Time

	State sigma.StateOptions // bounds of correlations
}

// Switch is the decision to switch a detection off.
type Switch struct {
	Rule   string
	Owner  string
	Reason string
	Until  time.Time // zero: until further notice
}

// Network is a range of addresses whose alerts open nothing.
type Network struct {
	Range  netip.Prefix
	Owner  string
	Reason string
	Until  time.Time // zero: until further notice
}

// inForce tells whether a decision holds at an instant.
func inForce(until, at time.Time) bool { return until.IsZero() || at.Before(until) }

// switchedOff says who switched a detection off, and why.
func (o *Options) switchedOff(name string) (by string, off bool) {
	now := o.at(time.Time{})
	for _, s := range o.Switched {
		if s.Rule == name && inForce(s.Until, now) {
			return fmt.Sprintf("switched off by %s: %s", s.Owner, s.Reason), true
		}
	}
	return "", false
}

// at is the instant at which decisions about an event are judged.
func (o *Options) at(event time.Time) time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return event
}

// decided gives what somebody decided about an alert: the id of an exception, or the
// network that is trusted.
func (o *Options) decided(a *finding.Alert) string {
	at := o.at(a.Time)
	if len(o.Trusted) > 0 {
		if ip, err := netip.ParseAddr(a.SourceIP); err == nil {
			for _, n := range o.Trusted {
				if n.Range.Contains(ip.Unmap()) && inForce(n.Until, at) {
					return "trusted-network " + n.Range.String()
				}
			}
		}
	}
	if x, ok := o.Exceptions.ForAlert(a, at); ok {
		return x.ID
	}
	return ""
}
