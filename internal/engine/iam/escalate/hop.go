package escalate

import (
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/kleene"
)

// Hop is one use of a technique.
type Hop struct {
	Technique *Technique
	From, To  Who
	Value     kleene.Value
	// Through is the resource that has the role, or that it is passed to.
	Through string
	Steps   []Step
	// Why are what an Unknown rests on, besides what the technique takes as given.
	Why []string
}

// Step is one action of a hop.
type Step struct {
	Action   string
	Resource string
	Value    kleene.Value
	By       []iam.Ref
	Granted  bool // by the policy that a step before writes
}

// prepared is a technique, made ready to be tried.
type prepared struct {
	*Technique
	choices [][]Choice // of each requirement, sorted by key
	actions []string   // that the principal itself has to be allowed
	roams   bool       // whether the target may be in another account
}

func prepare(t *Technique) *prepared {
	p := &prepared{Technique: t, actions: t.Actions(), roams: t.Target.Who == "role" && t.Target.Change == "" && t.Target.Trusts == "" && t.Target.Through == nil}
	for i := range t.Requires {
		r := &t.Requires[i]
		var list []Choice
		for key, values := range r.With {
			list = append(list, Choice{key, values})
		}
		slices.SortFunc(list, func(a, b Choice) int {
			if a.Key < b.Key {
				return -1
			}
			return 1
		})
		p.choices = append(p.choices, list)
		// Only a role that is assumed can be another account's: IAM's own calls
		// reach no further than the account.
		if r.Action != "sts:AssumeRole" || r.Granted {
			p.roams = false
		}
	}
	return p
}

// binding is what the places of a technique stand for in one try.
type binding struct {
	to      Who
	target  int // index of the principal; -1 for none
	through string
	group   string
	open    string // why it is not certain that the resource is there
}

// attempt tries a technique with everything filled in. It gives up as soon as
// the hop is worth less than asked for.
func (s *search) attempt(t *prepared, from Who, b binding, want kleene.Value) (Hop, bool) {
	value := kleene.True
	if len(t.Given) > 0 || b.open != "" {
		value = kleene.Unknown
	}
	about := &s.scene.Principals[from.Principal]
	if b.target >= 0 {
		about = &s.scene.Principals[b.target]
	}
	for _, w := range t.Target.When {
		value = value.And(about.ask(w))
	}
	if !enough(value, want) {
		return Hop{}, false
	}
	hop := Hop{Technique: t.Technique, From: from, To: b.to, Through: b.through}
	for i := range t.Requires {
		for _, on := range t.Requires[i].Resource {
			answer := s.step(t, i, on, from, b)
			if value = value.And(answer.Value); !enough(value, want) {
				return Hop{}, false
			}
			hop.Steps = append(hop.Steps, Step{Action: t.Requires[i].Action, Resource: answer.Resource, Value: answer.Value, By: answer.By, Granted: t.Requires[i].Granted})
		}
	}
	if t.Target.Trusts != "" {
		if value = value.And(s.judge.Trusts(b.target, t.Target.Trusts)); !enough(value, want) {
			return Hop{}, false
		}
	}
	hop.Value = value
	return hop, true
}

// enough tells whether a value will do; Unknown will where that is asked for.
func enough(v, want kleene.Value) bool {
	return v == kleene.True || v == kleene.Unknown && want == kleene.Unknown
}

// step asks for one action on one place.
func (s *search) step(t *prepared, requirement int, on string, from Who, b binding) Answer {
	r := &t.Requires[requirement]
	ask := Ask{Action: r.Action, With: t.choices[requirement], Granted: r.Granted, Target: -1}
	switch on {
	case "self":
		ask.Resource, ask.Target = s.scene.Principals[from.Principal].ARN, from.Principal
	case "target":
		ask.Resource, ask.Target = s.scene.Principals[b.target].ARN, b.target
	case "through", "beside":
		ask.Resource = b.through
	case "policy":
		whose := from.Principal
		if t.Target.Who != "self" {
			whose = b.target
		}
		return s.best(from, ask, s.scene.Principals[whose].Policies)
	case "group":
		if b.group != "" {
			ask.Resource = b.group
			break
		}
		groups := s.scene.Principals[from.Principal].Groups
		if from.Joined != "" {
			groups = append(slices.Clip(groups), from.Joined)
		}
		return s.best(from, ask, groups)
	default:
		ask.Resource = on
	}
	return s.may(from, ask)
}

// best asks about several resources of which one suffices.
func (s *search) best(from Who, ask Ask, resources []string) Answer {
	out := Answer{Value: kleene.False}
	for _, resource := range resources {
		ask.Resource = resource
		answer := s.may(from, ask)
		if answer.Value == kleene.True {
			return answer
		}
		if answer.Value == kleene.Unknown && out.Value == kleene.False {
			out = answer
		}
	}
	return out
}

// may asks the judge, unless an edit has taken the action away.
func (s *search) may(from Who, ask Ask) Answer {
	if !from.Raised {
		for _, e := range s.denied {
			if e.principal == from.Principal && e.action == ask.Action && !ask.Granted {
				return Answer{Value: kleene.False, Resource: ask.Resource}
			}
		}
	}
	answer := s.judge.May(from, ask)
	if answer.Resource == "" {
		answer.Resource = ask.Resource
	}
	return answer
}
