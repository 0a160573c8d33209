package check

import (
	"holdfast.dev/holdfast/internal/evidence"
)

// Outcome is what a control says of a resource, before guardrails and
// exceptions are considered.
type Outcome uint8

const (
	Unknown Outcome = iota
	Pass
	Fail
	NotApplicable
	Error
)

// Result is one control's judgement of one resource.
type Result struct {
	Control *Control
	Outcome Outcome
	// Message is what is wrong (Fail), what was not seen (Unknown) or why the
	// control could not be evaluated (Error).
	Message string
	// Paths of the properties that the judgement hangs on, with slashes, the
	// deepest first. They are shared between results.
	Paths []string
}

// Judge evaluates an engine's controls for one goroutine.
type Judge struct {
	engine  *Engine
	frame   frame
	subject subject
	scope   Scope
}

// NewJudge makes a judge who sees the given scope.
func (e *Engine) NewJudge(scope Scope) *Judge {
	return &Judge{engine: e, scope: scope}
}

// Each evaluates every control for the resource's type, in the order of their
// ids.
func (j *Judge) Each(r *evidence.Resource, yield func(Result)) {
	programs := j.engine.byType[r.Type]
	if len(programs) == 0 {
		return
	}
	j.bind(r)
	for _, p := range programs {
		yield(j.run(p, r))
	}
}

func (j *Judge) bind(r *evidence.Resource) {
	j.subject = subject{scope: &j.scope, resource: r}
	f := &j.frame
	f.subject = &j.subject
	properties := r.Properties
	if properties == nil {
		properties = map[string]any{}
	}
	f.slots[0] = properties
	f.slots[1] = r
	f.slots[2] = j.scope.Estate.account(r.Account)
	f.slots[3] = any(evidence.Unknown{Reason: reasonNoOrg})
	if j.scope.Estate != nil {
		f.slots[3] = j.scope.Estate.org
	}
	f.slots[5] = j.scope.Now
}

func (j *Judge) run(p *program, r *evidence.Resource) Result {
	f := &j.frame
	f.steps, f.stack = 0, f.stack[:0]
	f.slots[4] = p.params
	result := Result{Control: p.control}
	if p.when != nil {
		switch v := p.when(f).(type) {
		case bool:
			if !v {
				result.Outcome = NotApplicable
				return result
			}
		case evidence.Unknown:
			result.Outcome, result.Message = Unknown, "whether this applies is "+v.String()
			return result
		default:
			return j.failed(result, "when", v)
		}
	}
	switch v := p.check(f).(type) {
	case bool:
		result.Outcome = Pass
		if !v {
			result.Outcome, result.Message, result.Paths = Fail, render(p.message, f), p.paths
		}
	case evidence.Unknown:
		result.Outcome, result.Message, result.Paths = Unknown, v.String(), p.paths
	default:
		return j.failed(result, "check", v)
	}
	return result
}

func (j *Judge) failed(result Result, field string, v any) Result {
	result.Outcome = Error
	source := result.Control.Check
	if field == "when" {
		source = result.Control.When
	}
	reason := "the expression gives " + describe(v) + ", not true or false"
	if f, ok := v.(*failure); ok {
		reason = f.text
	}
	result.Message = result.Control.ID + ": " + reason + " (" + field + ": " + oneLine(source) + ")"
	return result
}

func oneLine(s string) string {
	const most = 160
	out := make([]rune, 0, most)
	space := false
	for _, r := range s {
		if r == '\n' || r == '\t' || r == ' ' {
			space = len(out) > 0
			continue
		}
		if space {
			out = append(out, ' ')
			space = false
		}
		if len(out) >= most {
			return string(out) + "…"
		}
		out = append(out, r)
	}
	return string(out)
}

// In gives the judge another scope.
func (j *Judge) In(scope Scope) { j.scope = scope }
