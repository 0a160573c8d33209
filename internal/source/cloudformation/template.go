// Package cloudformation reads CloudFormation templates, JSON and YAML, into
// evidence. Parse reads one template; Walk finds and reads the templates of a
// tree; ParseParameters reads a parameters file for both.
//
// A template is turned into a tree of nodes that know their line and column,
// then evaluated: parameters, mappings, conditions and intrinsic functions are
// resolved as CloudFormation would, and what only a deployment can know becomes
// evidence.Unknown with the reason, at the deepest place it concerns. Nothing
// is invented: the resources that a macro or a SAM transform would add are
// reported as a Gap. Each property keeps its position.
//
// Rules follow the AWS CloudFormation Template Reference. Two deliberate
// differences: aliases and merge keys of YAML work, though CloudFormation itself
// refuses them, and numbers that would lose digits or a leading zero (0123,
// 1.10) stay text, as do the twelve digits of an account id.
//
// The package does file I/O only in Walk.
package cloudformation

import (
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Options say what is known about the stack that a template would become, and
// bound what is read. The zero value knows nothing and has the default limits.
type Options struct {
	Account          string // AWS::AccountId, and the account of each resource
	Region           string // AWS::Region
	Partition        string // AWS::Partition; derived from Region if empty
	StackName        string
	StackID          string
	NotificationARNs []string

	// Parameters override the defaults of the template; names that a template
	// does not declare are passed over, so that one file serves many templates.
	Parameters map[string]string

	// Observed is set on each resource.
	Observed time.Time

	MaxBytes int // size of a template; 0 is 20 MB
	MaxNodes int // values in a template, also after expansion; 0 is 1,000,000
	MaxDepth int // nesting; 0 is 100, and no more than that is accepted
}

const (
	defaultMaxBytes = 20 << 20
	defaultMaxNodes = 1_000_000
	defaultMaxDepth = 100 // evidence has its own bound at 128
)

func (o Options) maxBytes() int { return orDefault(o.MaxBytes, defaultMaxBytes) }
func (o Options) maxNodes() int { return orDefault(o.MaxNodes, defaultMaxNodes) }
func (o Options) maxDepth() int { return min(orDefault(o.MaxDepth, defaultMaxDepth), defaultMaxDepth) }

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// Template is what one file declares.
type Template struct {
	File        string
	Description string
	Resources   []evidence.Resource // in the order of the file
	Gaps        []evidence.Gap      // what could not be expanded
	Outputs     map[string]any      // values of the outputs whose condition may hold
	Warnings    []string            // sentences with file and line: a skip that stands nowhere
}

// Parse reads a template. The name stands in errors and origins; the format is
// told from the content. The result is the whole template or an error.
func Parse(name string, data []byte, opt Options) (Template, error) {
	root, text, err := parseTree(name, data, opt)
	if err != nil {
		return Template{}, err
	}
	e := newEvaluator(name, root, opt)
	skips := findSkips(text)
	t := e.template(skips)
	if e.err != nil {
		return Template{}, e.err
	}
	return t, nil
}
