package sigma

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Options say how rules meet the events of this place.
type Options struct {
	// Sources are the logs whose events are matched. A rule for any other log is
	// refused. Without any, all rules are taken.
	Sources []LogSource
	// Fields gives the fields of events that a field of a rule means, where the two
	// differ. With several, any of them may hold.
	Fields map[string][]string
	// Placeholders gives the values of %name% for expand; they may have wildcards.
	// With an empty list, a value with this placeholder equals nothing. A rule with
	// a placeholder that is not there is refused.
	Placeholders map[string][]string
	// Keys are the fields that tell events apart best; plans are made of them.
	// Without any, they are eventSource and eventName.
	Keys []string
}

// Engine is many rules, compiled together. It does not change any more, so
// Matchers on several goroutines may share it.
type Engine struct {
	rules        []*Compiled
	paths        []*Path
	preds        []*predicate
	bits         []int // how many predicates each path has
	keys         []int // paths
	correlations []*correlation
	keyedRules   []int  // found by the plan of the keys
	gates        []gate // with the rules found by one field
	shared       []int  // rules that are asked at every event
}

// Compiled is a detection rule in an engine.
type Compiled struct {
	Rule *Rule
	// Alone says that the rule speaks for itself: no correlation took it as its
	// part, or one did that generates.
	Alone bool
	// Filters are the rules that were joined to it.
	Filters []*Rule
	// Fields are those of the event that it asks for, sorted.
	Fields []string

	at    int // its place in the engine
	expr  *expr
	feeds []feed
	needs []string // fields that correlations want of its events
	paths [][]int  // where these are
}

// Rules gives the detection rules of the engine, in the order they were given.
func (e *Engine) Rules() []*Compiled { return slices.Clone(e.rules) }

// Correlations gives the correlation rules of the engine.
func (e *Engine) Correlations() []*Rule {
	rules := make([]*Rule, len(e.correlations))
	for i, c := range e.correlations {
		rules[i] = c.rule
	}
	return rules
}

// Paths gives the fields the rules ask for, each at the place of its index.
func (e *Engine) Paths() []*Path { return slices.Clone(e.paths) }

// compiler builds an engine.
type compiler struct {
	Engine
	options  *Options
	pathOf   map[string]int
	predOf   map[string]int
	refusals []Refusal
}

// Compile turns rules into one engine. Every rule is in the engine or has a
// Refusal. A filter that names several rules works for those that are there, and
// has a Refusal for the others.
func Compile(rules []*Rule, o Options) (*Engine, []Refusal) {
	if len(o.Keys) == 0 {
		o.Keys = []string{"eventSource", "eventName"}
	}
	c := &compiler{options: &o, pathOf: map[string]int{}, predOf: map[string]int{}}
	for _, key := range o.Keys {
		if i := c.path(key); !slices.Contains(c.keys, i) {
			c.keys = append(c.keys, i)
		}
	}
	rules = c.unique(rules)
	for _, r := range rules {
		if r.Detection == nil {
			continue
		}
		if f := c.detection(r); f != nil {
			c.refusals = append(c.refusals, r.refuse(f))
		}
	}
	for _, r := range rules {
		if r.Filter == nil {
			continue
		}
		if f := c.filter(r); f != nil {
			c.refusals = append(c.refusals, r.refuse(f))
		}
	}
	c.correlate(rules)
	c.assign()
	return &c.Engine, c.refusals
}

// unique refuses rules that share an id or a name with one before them: findings
// and correlations could not tell which is meant.
func (c *compiler) unique(rules []*Rule) (kept []*Rule) {
	taken := map[string]*Rule{}
	for _, r := range rules {
		twice := ""
		for field, name := range map[string]string{"id": r.ID, "name": r.Name} {
			if name != "" && taken[name] != nil && (twice == "" || field == "id") {
				twice = field
			}
		}
		if twice != "" {
			first := taken[map[string]string{"id": r.ID, "name": r.Name}[twice]]
			c.refusals = append(c.refusals, r.refuse(faultf(0, twice, "is taken by the rule %q of %s:%d", first.Title, first.File, first.Line)))
			continue
		}
		for _, name := range []string{r.ID, r.Name} {
			if name != "" {
				taken[name] = r
			}
		}
		kept = append(kept, r)
	}
	return kept
}

func (c *compiler) detection(r *Rule) *fault {
	sources := c.options.Sources
	if len(sources) > 0 && !slices.ContainsFunc(sources, func(s LogSource) bool { return s.covers(r.LogSource) }) {
		names := make([]string, len(sources))
		for i, s := range sources {
			names[i] = s.String()
		}
		return faultf(0, "logsource", "%s is a log that is not read here (%s)", r.LogSource, strings.Join(names, "; "))
	}
	e, f := c.logic(r.Detection)
	if f != nil {
		return f
	}
	c.rules = append(c.rules, &Compiled{Rule: r, Alone: true, at: len(c.rules), expr: e})
	return nil
}

// filter joins a filter's condition to the rules it names.
func (c *compiler) filter(r *Rule) *fault {
	e, f := c.logic(r.Filter.Detection)
	if f != nil {
		return f
	}
	found := map[string]bool{}
	any := false
	for _, target := range c.rules {
		named := len(r.Filter.Rules) == 0
		for _, reference := range r.Filter.Rules {
			if target.Rule.goesBy(reference) || reference == target.Rule.Title {
				named, found[reference] = true, true
			}
		}
		if named && target.Rule.LogSource.Within(r.LogSource) {
			target.expr = every([]*expr{target.expr, e})
			target.Filters = append(target.Filters, r)
			any = true
		}
	}
	var missing []string
	for _, reference := range r.Filter.Rules {
		if !found[reference] {
			missing = append(missing, strconv.Quote(reference))
		}
	}
	switch {
	case len(missing) > 0 && any:
		return faultf(0, "filter.rules", "there is no rule %s here; the filter holds for the others it names", strings.Join(missing, ", "))
	case len(missing) > 0:
		return faultf(0, "filter.rules", "there is no rule %s here to filter", strings.Join(missing, ", "))
	case !any:
		return faultf(0, "logsource", "none of the rules it names reads this log, so it filters nothing")
	}
	return nil
}

func (c *compiler) path(name string) int {
	i, ok := c.pathOf[name]
	if !ok {
		i = len(c.paths)
		c.pathOf[name] = i
		c.paths = append(c.paths, &Path{Index: i, Name: name})
		c.bits = append(c.bits, 0)
	}
	return i
}

// predicate gives the one predicate that asks this.
func (c *compiler) predicate(p predicate) *expr {
	key := p.key()
	i, ok := c.predOf[key]
	if !ok {
		i = len(c.preds)
		c.predOf[key] = i
		if p.path >= 0 {
			p.bit = c.bits[p.path]
			c.bits[p.path]++
		}
		c.preds = append(c.preds, &p)
	}
	keyed := p.path >= 0 && p.asks != asksField && slices.Contains(c.keys, p.path)
	return &expr{op: isPred, pred: int32(i), keyed: keyed, cost: p.cost}
}

// Stats tell what became of the rules, for people.
func (e *Engine) Stats() string {
	gated := 0
	for _, g := range e.gates {
		gated += len(g.rules)
	}
	return fmt.Sprintf("%d rules, %d correlations, %d predicates over %d fields; %d rules found by keys, %d by %d other fields, %d asked at every event",
		len(e.rules), len(e.correlations), len(e.preds), len(e.paths), len(e.keyedRules), gated, len(e.gates), len(e.shared))
}
