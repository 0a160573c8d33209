package control

import (
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/finding"
)

// verdicts names an engine's outcome as findings do.
var verdicts = [...]finding.Verdict{
	check.Unknown: finding.Unknown, check.Pass: finding.Pass, check.Fail: finding.Fail,
	check.NotApplicable: finding.NotApplicable, check.Error: finding.Error,
}

// Verdict is the finding's name for an engine's outcome.
func Verdict(o check.Outcome) finding.Verdict { return verdicts[o] }

// Finding is the finding that a result on a resource amounts to.
func Finding(r *evidence.Resource, result check.Result) finding.Finding {
	c := result.Control
	f := finding.Finding{
		Verdict: Verdict(result.Outcome), Rule: c.ID, Title: c.Title, Severity: finding.Severity(c.Severity),
		Type: r.Type, Resource: r.ID, ARN: r.ARN, Account: r.Account, Region: r.Region,
		Message: result.Message, Objective: c.Objective, Practices: c.Practices(),
	}
	if r.Origin != nil {
		f.File = r.Origin.File
		f.Line, f.Column = r.Origin.At(result.Paths...)
		f.Resource = r.Origin.LogicalID
	}
	f.ID = finding.Identify(c.ID, r.Account, r.Region, r.Type+"/"+f.Resource, f.File)
	return f
}

// Unseen is the finding of a control on resources that could not be read.
func Unseen(c *check.Control, typ string, g *evidence.Gap) finding.Finding {
	return finding.Finding{
		ID: finding.Identify(c.ID, g.Account, g.Region, typ, "unseen"), Verdict: finding.Unknown, Rule: c.ID, Title: c.Title,
		Severity: finding.Severity(c.Severity), Type: typ, Account: g.Account, Region: g.Region,
		Message:   "not seen: " + g.Service + ":" + g.Operation + " " + string(g.Reason),
		Objective: c.Objective, Practices: c.Practices(),
	}
}
