package cloudformation

import "strings"

// kind is what a node is before anything is evaluated.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// node is one value of a template. The short tags of YAML (!Ref x) arrive in
// the long form ({Ref: x}), so that evaluation knows one spelling only. Nodes
// are not changed once built: aliases share them.
type node struct {
	kind      kind
	line, col int32
	text      string // of a scalar, as CloudFormation would print it
	kids      []member
}

// member is an entry of an object, or of a list where key is empty. Its
// position is that of the key.
type member struct {
	key       string
	line, col int32
	value     *node
}

// get finds a member of a small object.
func (n *node) get(key string) *node {
	if n == nil || n.kind != object {
		return nil
	}
	for i := range n.kids {
		if n.kids[i].key == key {
			return n.kids[i].value
		}
	}
	return nil
}

func (n *node) scalar() bool { return n.kind <= text }

// call tells whether the node is a call of an intrinsic function: an object
// with the one key Ref or Fn::….
func (n *node) call() (function string, argument *node) {
	if n.kind != object || len(n.kids) != 1 {
		return "", nil
	}
	key := n.kids[0].key
	if key == "Ref" || strings.HasPrefix(key, "Fn::") && !strings.HasPrefix(key, forEachPrefix) {
		return key, n.kids[0].value
	}
	return "", nil
}

// refTo is the name in {Ref: name}.
func (n *node) refTo() string {
	if f, arg := n.call(); f == "Ref" && arg.kind == text {
		return arg.text
	}
	return ""
}

// slab hands out nodes from blocks; a template has tens of thousands.
type slab struct{ free []node }

func (s *slab) new() *node {
	if len(s.free) == 0 {
		s.free = make([]node, 256)
	}
	n := &s.free[0]
	s.free = s.free[1:]
	return n
}

// duplicate is the index of the first member whose key was seen before, or -1.
func duplicate(members []member) int {
	const few = 12
	if len(members) <= few {
		for i := range members {
			for j := range i {
				if members[i].key == members[j].key {
					return i
				}
			}
		}
		return -1
	}
	seen := make(map[string]struct{}, len(members))
	for i := range members {
		if _, dup := seen[members[i].key]; dup {
			return i
		}
		seen[members[i].key] = struct{}{}
	}
	return -1
}
