package cloudformation

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseYAML reads the one document of src that has a Resources section into
// nodes, or the only document if there is just one.
func parseYAML(file, src string, opt Options) (*node, error) {
	if err := boundYAML(file, src, opt); err != nil {
		return nil, err
	}
	documents, err := decodeYAML(file, src)
	if err != nil {
		return nil, err
	}
	chosen, err := chooseDocument(file, documents)
	if err != nil {
		return nil, err
	}
	c := yamlConverter{file: file, budget: opt.maxNodes(), maxDepth: opt.maxDepth()}
	n := c.convert(chosen, 0)
	return n, c.err
}

// boundYAML refuses what could hold more nodes than are allowed before the
// library builds them: each node but the first needs one of these separators.
func boundYAML(file, src string, opt Options) error {
	most := 2 * opt.maxNodes()
	n := 0
	for _, separator := range []string{"\n", ",", "[", "{", "- ", "? ", "-\t", "?\t"} {
		n += strings.Count(src, separator)
	}
	if n > most {
		return failAt(file, 0, 0, "the file has %d lines and separators, more than a template of %d values can have; split it into nested stacks", n, opt.maxNodes())
	}
	return nil
}

func decodeYAML(file, src string) (documents []*yaml.Node, err error) {
	defer func() {
		// A defect of the library must not end the run; the file is at fault
		// or at least the one to look at.
		if r := recover(); r != nil {
			err = failAt(file, 0, 0, "not valid YAML: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(strings.NewReader(src))
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, yamlError(file, err)
		}
		if doc.Kind == yaml.DocumentNode && len(doc.Content) == 1 {
			documents = append(documents, doc.Content[0])
		}
	}
}

var yamlErrorLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlError moves the line number of the library's message to where an editor
// finds it.
func yamlError(file string, err error) error {
	first, _, _ := strings.Cut(err.Error(), "\n")
	m := yamlErrorLine.FindStringSubmatch(first)
	if m == nil {
		return failAt(file, 0, 0, "not valid YAML: %w", err)
	}
	line, _ := strconv.Atoi(m[1])
	hint := ""
	if strings.Contains(m[2], "cannot start any token") {
		hint = "; a tab may stand where spaces must"
	}
	return failAt(file, int32(line), 0, "not valid YAML: %s%s", m[2], hint)
}

func chooseDocument(file string, documents []*yaml.Node) (*yaml.Node, error) {
	if len(documents) == 1 {
		return documents[0], nil
	}
	var chosen *yaml.Node
	for _, d := range documents {
		if !hasKey(d, "Resources") {
			continue
		}
		if chosen != nil {
			return nil, failAt(file, int32(d.Line), int32(d.Column), "the file holds more than one template; give each its own file")
		}
		chosen = d
	}
	if chosen == nil {
		return nil, failAt(file, 0, 0, "%w: it has no Resources section", ErrNotTemplate)
	}
	return chosen, nil
}

func hasKey(n *yaml.Node, key string) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// yamlConverter turns yaml nodes into ours. Aliased values are converted once
// and shared.
type yamlConverter struct {
	file     string
	err      error
	budget   int
	maxDepth int
	nodes    slab
	shared   map[*yaml.Node]*node // nil value: being converted
}

func (c *yamlConverter) fail(y *yaml.Node, format string, args ...any) *node {
	if c.err == nil {
		c.err = failAt(c.file, int32(y.Line), int32(y.Column), format, args...)
	}
	return &node{}
}

func (c *yamlConverter) node(y *yaml.Node, k kind) *node {
	n := c.nodes.new()
	n.kind, n.line, n.col = k, int32(y.Line), int32(y.Column)
	return n
}

func (c *yamlConverter) convert(y *yaml.Node, depth int) *node {
	if c.err != nil {
		return &node{}
	}
	if depth > c.maxDepth {
		return c.fail(y, "values are nested more than %d levels deep", c.maxDepth)
	}
	if c.budget--; c.budget < 0 {
		return c.fail(y, "the template has too many values to read; split it into nested stacks")
	}
	if y.Kind == yaml.AliasNode {
		return c.alias(y, depth)
	}
	if y.Anchor != "" {
		return c.anchored(y, depth)
	}
	return c.tagged(y, depth)
}

func (c *yamlConverter) alias(y *yaml.Node, depth int) *node {
	if y.Alias == nil {
		return c.fail(y, "alias %q has no anchor", y.Value)
	}
	n, seen := c.shared[y.Alias]
	if seen && n == nil {
		return c.fail(y, "alias %q stands inside of what it names", y.Value)
	}
	if seen {
		return n
	}
	return c.anchored(y.Alias, depth)
}

func (c *yamlConverter) anchored(y *yaml.Node, depth int) *node {
	if c.shared == nil {
		c.shared = map[*yaml.Node]*node{}
	}
	if n, seen := c.shared[y]; seen && n != nil {
		return n
	}
	c.shared[y] = nil
	n := c.tagged(y, depth)
	c.shared[y] = n
	return n
}

// tagged rewrites a short tag into its long form.
func (c *yamlConverter) tagged(y *yaml.Node, depth int) *node {
	tag := y.Tag
	if len(tag) < 2 || tag[0] != '!' || tag[1] == '!' {
		return c.plain(y, depth)
	}
	name := tag[1:]
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	arg := c.plain(y, depth+1)
	n := c.node(y, object)
	n.kids = []member{{key: name, line: n.line, col: n.col, value: arg}}
	return n
}

func (c *yamlConverter) plain(y *yaml.Node, depth int) *node {
	switch y.Kind {
	case yaml.ScalarNode:
		return c.scalar(y)
	case yaml.SequenceNode:
		n := c.node(y, list)
		n.kids = make([]member, 0, len(y.Content))
		for _, item := range y.Content {
			v := c.convert(item, depth+1)
			n.kids = append(n.kids, member{line: int32(item.Line), col: int32(item.Column), value: v})
		}
		return n
	case yaml.MappingNode:
		return c.mapping(y, depth)
	}
	return c.fail(y, "a value of this kind has no place in a template")
}

func (c *yamlConverter) scalar(y *yaml.Node) *node {
	n := c.node(y, text)
	n.text = y.Value
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	tagged := y.Style&yaml.TaggedStyle != 0 && y.Tag != "!!bool" && y.Tag != "!!int" && y.Tag != "!!float" && y.Tag != "!!null"
	if y.Style&quoted == 0 && !tagged {
		n.kind, n.text = plainScalar(y.Value)
	}
	return n
}

func (c *yamlConverter) mapping(y *yaml.Node, depth int) *node {
	n := c.node(y, object)
	n.kids = make([]member, 0, len(y.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind == yaml.AliasNode && k.Alias != nil {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return c.fail(k, "a key must be a plain name")
		}
		if k.Tag == "!!merge" {
			merges = append(merges, v)
			continue
		}
		n.kids = append(n.kids, member{key: k.Value, line: int32(k.Line), col: int32(k.Column), value: c.convert(v, depth+1)})
	}
	if i := duplicate(n.kids); i >= 0 && c.err == nil {
		c.err = duplicateKey(c.file, n.kids[i])
	}
	for _, m := range merges {
		c.merge(n, c.convert(m, depth+1), m)
	}
	return n
}

// merge adds what a merge key brings and n does not have. Of a list of maps
// the earlier wins, as YAML 1.1 says.
func (c *yamlConverter) merge(n, from *node, y *yaml.Node) {
	switch from.kind {
	case list:
		for _, item := range from.kids {
			if item.value.kind != object {
				c.fail(y, "a merge key (<<) takes a map or a list of maps")
				return
			}
			c.merge(n, item.value, y)
		}
	case object:
		have := make(map[string]struct{}, len(n.kids))
		for _, m := range n.kids {
			have[m.key] = struct{}{}
		}
		for _, m := range from.kids {
			if _, ok := have[m.key]; !ok {
				n.kids = append(n.kids, m)
			}
		}
		if c.budget -= len(from.kids); c.budget < 0 {
			c.fail(y, "merge keys (<<) expand to more values than a template may have")
		}
	default:
		if c.err == nil {
			c.fail(y, "a merge key (<<) takes a map or a list of maps")
		}
	}
}
