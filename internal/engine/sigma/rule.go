package sigma

import "fmt"

// Rule is one document of a rule file: a detection, a correlation of other rules,
// or a filter of other rules. Exactly one of Detection, Correlation and Filter is
// there.
type Rule struct {
	File string
	Line int // where the document starts, from 1

	Title          string
	ID             string
	Name           string
	Taxonomy       string
	Status         string
	Description    string
	License        string
	Author         string
	Date           string
	Modified       string
	Level          string
	References     []string
	FalsePositives []string
	Fields         []string
	Tags           []string
	Scope          []string
	Related        []Related
	LogSource      LogSource
	Custom         []string // keys of its own that the specification does not name, sorted

	Detection   *Detection
	Correlation *Correlation
	Filter      *Filter
}

// Related names another rule and what it is to this one: derived, obsolete, merged,
// renamed or similar.
type Related struct{ ID, Type string }

// LogSource says which log a rule speaks about. An empty part speaks about all.
type LogSource struct{ Category, Product, Service string }

// Within tells whether l names a log that is part of the wider one: every part
// that wider names is the same in l.
func (l LogSource) Within(wider LogSource) bool {
	part := func(l, w string) bool { return w == "" || l == w }
	return part(l.Category, wider.Category) && part(l.Product, wider.Product) && part(l.Service, wider.Service)
}

// Covers tells whether a log of source l is what a rule for r wants to see.
func (l LogSource) covers(r LogSource) bool { return l.Within(r) }

func (l LogSource) String() string {
	return fmt.Sprintf("category %q, product %q, service %q", l.Category, l.Product, l.Service)
}

// Levels of the specification, from the mildest to the gravest.
var Levels = []string{"informational", "low", "medium", "high", "critical"}

// Handle is what people call the rule by: its id, else its name, else its title.
func (r *Rule) Handle() string {
	switch {
	case r.ID != "":
		return r.ID
	case r.Name != "":
		return r.Name
	}
	return r.Title
}

// goesBy tells whether a reference in another rule means this one.
func (r *Rule) goesBy(reference string) bool {
	return reference != "" && (reference == r.ID || reference == r.Name)
}

// Refusal says why a rule is not in the engine. There is one for each refused rule.
type Refusal struct {
	File   string
	Line   int
	Rule   string // its handle, empty where not even that could be read
	Field  string // where in the rule, like "detection.selection.eventName|re"
	Reason string
}

func (r Refusal) Error() string {
	at := r.File
	if r.Line > 0 {
		at = fmt.Sprintf("%s:%d", r.File, r.Line)
	}
	if r.Rule != "" {
		at += fmt.Sprintf(": rule %q", r.Rule)
	}
	if r.Field != "" {
		at += ": " + r.Field
	}
	return at + ": " + r.Reason
}

// fault is a reason on its way to a Refusal; the file and the rule join it there.
type fault struct {
	line   int
	field  string
	reason string
}

func faultf(line int, field, format string, args ...any) *fault {
	return &fault{line: line, field: field, reason: fmt.Sprintf(format, args...)}
}

func (r *Rule) refuse(f *fault) Refusal {
	line := f.line
	if line == 0 {
		line = r.Line
	}
	return Refusal{File: r.File, Line: line, Rule: r.Handle(), Field: f.field, Reason: f.reason}
}
