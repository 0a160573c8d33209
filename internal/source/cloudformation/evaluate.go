package cloudformation

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// evaluator resolves the nodes of one template. The first error ends it: after
// that every method returns at once, and Parse returns the error.
type evaluator struct {
	file   string
	opt    Options
	root   *node
	err    error
	budget int // values that may still be made, so that aliases and loops cannot explode
	bytes  int // of text that may still be made
	depth  int

	parameters map[string]*parameter
	mappings   map[string]*node
	conditions map[string]*condition
	resources  map[string]*node
	order      []member // of resources, loops expanded
	pseudo     map[string]any
	names      map[string]*name
	references map[string]any // Unknown values by logical id
	indexes    map[*node]map[string]*node

	// open is set where a transform may add names which the template lacks.
	open bool

	trails    trail
	positions []evidence.Position
	gaps      []evidence.Gap
	warnings  []string
}

// noValue is the value of AWS::NoValue: whoever holds it drops the property.
type noValue struct{}

func newEvaluator(file string, root *node, opt Options) *evaluator {
	return &evaluator{
		file: file, opt: opt, root: root, budget: opt.maxNodes(), bytes: 2 * opt.maxBytes(),
		names: map[string]*name{}, references: map[string]any{}, pseudo: pseudoParameters(opt),
	}
}

func (e *evaluator) fail(n *node, format string, args ...any) any {
	if e.err == nil {
		e.err = failAt(e.file, n.line, n.col, format, args...)
	}
	return nil
}

// spend accounts for text that functions make; joined and substituted text can
// double at each step.
func (e *evaluator) spend(n *node, bytes int) bool {
	if e.bytes -= bytes; e.bytes < 0 {
		e.fail(n, "functions expand the template to more than %d bytes of text; split it into nested stacks", 2*e.opt.maxBytes())
	}
	return e.err == nil
}

// charge accounts for values that are made or gone over without eval.
func (e *evaluator) charge(n *node, values int) {
	if e.budget -= values; e.budget < 0 {
		e.fail(n, "the template expands to more than %d values; split it into nested stacks", e.opt.maxNodes())
	}
}

// lookup is get for objects that may be large and are asked often.
func (e *evaluator) lookup(n *node, key string) *node {
	const large = 32
	if n == nil || n.kind != object || len(n.kids) < large {
		return n.get(key)
	}
	index, ok := e.indexes[n]
	if !ok {
		index = make(map[string]*node, len(n.kids))
		for _, m := range n.kids {
			index[m.key] = m.value
		}
		if e.indexes == nil {
			e.indexes = map[*node]map[string]*node{}
		}
		e.indexes[n] = index
	}
	return index[key]
}

// eval resolves a node. Positions of what it contains are recorded below at;
// nil records nothing.
func (e *evaluator) eval(n *node, at *trail) any {
	if e.err != nil {
		return nil
	}
	if e.budget--; e.budget < 0 {
		return e.fail(n, "the template expands to more than %d values; split it into nested stacks", e.opt.maxNodes())
	}
	if n.kind == text {
		return resolved(n.text)
	}
	if n.scalar() {
		return n.scalarValue()
	}
	if e.depth++; e.depth > 3*defaultMaxDepth {
		return e.fail(n, "values refer to each other in a circle or are nested too deeply")
	}
	defer func() { e.depth-- }()
	if n.kind == list {
		return e.list(n, at)
	}
	if function, argument := n.call(); function != "" {
		return e.call(n, function, argument, at)
	}
	out := make(map[string]any, len(n.kids))
	if rest := e.members(n, at, out); rest.reason != "" {
		return evidence.Unknown{Reason: rest.reason, Present: true}
	}
	return out
}

func (e *evaluator) list(n *node, at *trail) any {
	out := make([]any, 0, len(n.kids))
	for i := range n.kids {
		m := &n.kids[i]
		mark := len(e.positions)
		below := at.item(len(out))
		v := e.eval(m.value, below)
		if _, drop := v.(noValue); drop {
			e.positions = e.positions[:mark]
			continue
		}
		e.record(below, m)
		out = append(out, v)
	}
	return out
}

// remainder says that an object may have members which were not seen, and
// whether those that were seen may be changed too.
type remainder struct {
	reason  string
	rewrite bool
}

// members resolves the members of an object that is not a function call.
func (e *evaluator) members(n *node, at *trail, out map[string]any) (rest remainder) {
	for i := range n.kids {
		m := &n.kids[i]
		if strings.HasPrefix(m.key, "Fn::") {
			rest = e.special(n, m, at, out, rest)
			continue
		}
		mark := len(e.positions)
		below := at.child(m.key)
		v := e.eval(m.value, below)
		if _, drop := v.(noValue); drop {
			e.positions = e.positions[:mark]
			continue
		}
		e.record(below, m)
		out[m.key] = v
	}
	return rest
}

// special handles the functions that may stand among other keys.
func (e *evaluator) special(n *node, m *member, at *trail, out map[string]any, rest remainder) remainder {
	switch {
	case strings.HasPrefix(m.key, forEachPrefix):
		expanded, reason := e.expand(*m)
		if reason != "" {
			return remainder{reason: reason, rewrite: rest.rewrite}
		}
		if below := e.members(&node{kind: object, line: m.line, col: m.col, kids: expanded}, at, out); below.reason != "" {
			return below
		}
	case m.key == "Fn::Transform":
		name := transformName(m.value)
		return remainder{reason: "transform " + name + " is not expanded", rewrite: rest.rewrite || name != "AWS::Include"}
	default:
		e.fail(&node{line: m.line, col: m.col}, "%s must be the only key of its object", m.key)
	}
	return rest
}

func (e *evaluator) record(at *trail, m *member) {
	if at == nil {
		return
	}
	if !at.known {
		at.known = true
		e.spend(m.value, len(at.path))
	}
	e.positions = append(e.positions, evidence.Position{Path: at.path, Line: int(m.line), Column: int(m.col)})
}

// call resolves an intrinsic function.
func (e *evaluator) call(n *node, function string, arg *node, at *trail) any {
	switch function {
	case "Ref":
		return e.ref(arg)
	case "Fn::GetAtt":
		return e.getAtt(arg)
	case "Fn::Sub":
		return e.sub(arg)
	case "Fn::Join":
		return e.join(arg)
	case "Fn::Select":
		return e.selectItem(arg)
	case "Fn::Split":
		return e.split(arg)
	case "Fn::FindInMap":
		return e.findInMap(arg)
	case "Fn::If":
		return e.ifElse(arg, at)
	case "Fn::Base64":
		return e.base64(arg)
	case "Fn::Cidr":
		return e.cidr(arg)
	case "Fn::GetAZs":
		e.eval(arg, nil)
		return evidence.Unknown{Reason: "Availability Zones are known at deployment", Present: true}
	case "Fn::ImportValue":
		return e.importValue(arg)
	case "Fn::GetStackOutput":
		return evidence.Unknown{Reason: "output of another stack", Present: true}
	case "Fn::Transform":
		return evidence.Unknown{Reason: "transform " + transformName(arg) + " is not expanded"}
	case "Fn::Length":
		return e.length(arg)
	case "Fn::ToJsonString":
		return e.toJSON(arg)
	case "Fn::Equals", "Fn::And", "Fn::Or", "Fn::Not", "Fn::Condition":
		return e.truthValue(n)
	}
	return evidence.Unknown{Reason: function + " is not a function that Holdfast knows"}
}

// arguments are the members of a list argument, whose count is checked.
func (e *evaluator) arguments(function string, arg *node, least, most int) []member {
	if arg.kind != list || len(arg.kids) < least || len(arg.kids) > most {
		want := "a list of " + itoa(least)
		if most != least {
			want += " to " + itoa(most)
		}
		e.fail(arg, "%s takes %s values", function, want)
		return nil
	}
	return arg.kids
}
