package app

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/control"
	"holdfast.dev/holdfast/internal/store"
)

// Recording is what a stretch of detection found, and what it read to find that.
// One reading may be recorded in many: each goes on from the one before.
type Recording struct {
	Source string // what is read, in words: s3://bucket/prefix, a folder
	// After is the number that RecordAlerts gave for the stretch before; 0 for the
	// first. A consumer that notes it where it notes which files are done (the
	// position of a cloudtrail.Follower) has nothing counted twice after a crash.
	After  int64
	Alerts []finding.Alert
	Read   []store.Reading // see store.Tally
	Gaps   []evidence.Gap  // cloudtrail.Fault.Gap of what could not be read
	State  []byte          // of the detector, as of the end of the stretch
	Off    []store.Off

	Exceptions finding.Register
	Trusted    []string      // networks whose alerts open nothing, as the workspace writes them
	Quiet      time.Duration // DefaultQuiet where 0
}

// DefaultQuiet is how long nothing may come of a detection's finding, while the
// activity of its account and Region is read, until it counts as resolved.
const DefaultQuiet = 30 * 24 * time.Hour

// RecordAlerts writes a stretch of detection down in one transaction: alerts add
// up to findings, what was read becomes coverage, what could not be read gaps, and
// the detector's state is kept for DetectorState. It gives the number of the
// recording, to go on from. Recording the same stretch again changes nothing.
func (a *App) RecordAlerts(ctx context.Context, s *store.Store, run *store.Run, r Recording) (int64, store.Changes, error) {
	k, err := Knowledge()
	if err != nil {
		return 0, store.Changes{}, err
	}
	at := a.Now().UTC()
	rec := store.Recording{At: at, Source: r.Source, After: r.After, Read: r.Read, Gaps: r.Gaps, State: r.State, Off: r.Off, Quiet: r.Quiet, Excepts: excepts(r.Exceptions, r.Trusted, at)}
	if rec.Quiet == 0 {
		rec.Quiet = DefaultQuiet
	}
	for _, alert := range r.Alerts {
		alert.Message = byWhom(&alert)
		rec.Alerts = append(rec.Alerts, store.Alert{Alert: alert, Practices: practicesOf(k.Objectives, alert.Objective)})
	}
	return s.Record(ctx, run, rec)
}

// byWhom is what an alert says, with who did it: the first that anybody asks.
func byWhom(a *finding.Alert) string {
	text := strings.TrimRight(cmp.Or(a.Message, a.Title), ".")
	if a.Principal == "" || strings.Contains(text, a.Principal) {
		return text
	}
	return text + ", by " + a.Principal
}

// excepts asks a register as of an instant. What is narrower than a finding (an
// exception for some principals, a trusted network) was weighed alert by alert: it
// holds as long as the workspace has it.
func excepts(register finding.Register, trusted []string, at time.Time) func(*finding.Finding) (string, bool) {
	return func(f *finding.Finding) (string, bool) {
		if x, ok := register.For(f, at); ok {
			return x.ID, true
		}
		if f.Kind != finding.Detection || f.Verdict != finding.Excepted {
			return "", false
		}
		if network, ok := strings.CutPrefix(f.Exception, "trusted-network "); ok {
			return f.Exception, slices.ContainsFunc(trusted, func(s string) bool { return sameNetwork(s, network) })
		}
		i := slices.IndexFunc(register, func(x finding.Exception) bool { return x.ID == f.Exception })
		return f.Exception, i >= 0 && register[i].StateAt(at) != "expired"
	}
}

// sameNetwork compares a network as somebody wrote it with its usual spelling.
func sameNetwork(written, usual string) bool {
	if p, err := netip.ParsePrefix(written); err == nil {
		return p.Masked().String() == usual
	}
	ip, err := netip.ParseAddr(written)
	return err == nil && netip.PrefixFrom(ip, ip.BitLen()).String() == usual
}

func practicesOf(objectives []control.Objective, id string) []string {
	i := slices.IndexFunc(objectives, func(o control.Objective) bool { return o.ID == id })
	if i < 0 {
		return nil
	}
	return objectives[i].Practices
}
