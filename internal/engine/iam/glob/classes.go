package glob

import (
	"encoding/binary"
	"slices"
)

// Class is the texts that match the same ones of several patterns.
type Class struct {
	In      []bool // by pattern or group: whether the texts of the class match it
	Witness string // a shortest text of the class
	// Second is another text of the class; there is none where Only is set.
	Second string
	Only   bool
}

// Classes divides all texts by which of the patterns they match. Every
// combination that some text has is in the result once, those with the shortest
// texts first, so that whoever tries all witnesses has tried everything. It is
// not ok where more than limit states had to be visited.
//
// The patterns are read side by side, breadth first. At each state only those
// characters matter that stand next in some pattern, and one that stands in none.
func Classes(patterns []Glob, limit int) (classes []Class, ok bool) {
	alone := make([][]Glob, len(patterns))
	for i, g := range patterns {
		alone[i] = []Glob{g}
	}
	return GroupClasses(alone, limit)
}

// GroupClasses is Classes where it matters only whether some pattern of a group
// matches. It visits far fewer states where groups have many patterns.
func GroupClasses(groups [][]Glob, limit int) (classes []Class, ok bool) {
	p := &product{byVector: map[string]int{}, ids: map[string]int32{}}
	start := make([]int32, len(groups))
	for i, g := range groups {
		p.machines = append(p.machines, newAutomaton(g...))
		start[i] = p.machines[i].start
	}
	p.reach(p.node(start), -1, 0)
	for at := 0; at < len(p.walks); at++ {
		if len(p.nodes) > limit {
			return nil, false
		}
		p.expand(int32(at))
	}
	for i := range p.classes {
		c := &p.classes[i]
		c.Witness = p.text(c.first)
		if c.Only = c.second < 0; !c.Only {
			c.Second = p.text(c.second)
		}
		classes = append(classes, c.Class)
	}
	return classes, true
}

type product struct {
	machines []*automaton
	nodes    []node
	ids      map[string]int32
	walks    []walk
	classes  []found
	byVector map[string]int
}

// node is a state of every pattern.
type node struct {
	states []int32
	class  int
	walks  int // that ended here; a second one suffices to find two texts of each class
	edges  []edge
	known  bool // whether edges is filled
}

type edge struct {
	char rune
	to   int32
}

// walk is a text by its last character and the text before.
type walk struct {
	node   int32
	before int32
	char   rune
}

type found struct {
	Class
	first, second int32 // walks
}

func (p *product) node(states []int32) int32 {
	key := make([]byte, 0, 4*len(states))
	for _, s := range states {
		key = binary.LittleEndian.AppendUint32(key, uint32(s))
	}
	if id, ok := p.ids[string(key)]; ok {
		return id
	}
	id := int32(len(p.nodes))
	p.ids[string(key)] = id
	p.nodes = append(p.nodes, node{states: states, class: p.class(states)})
	return id
}

func (p *product) class(states []int32) int {
	in := make([]bool, len(states))
	vector := make([]byte, len(states))
	for i, s := range states {
		if p.machines[i].states[s].accept {
			in[i], vector[i] = true, 1
		}
	}
	if i, ok := p.byVector[string(vector)]; ok {
		return i
	}
	p.byVector[string(vector)] = len(p.classes)
	p.classes = append(p.classes, found{Class: Class{In: in}, first: -1, second: -1})
	return len(p.classes) - 1
}

// reach notes that a text leads to a node.
func (p *product) reach(to, before int32, char rune) {
	n := &p.nodes[to]
	if n.walks == 2 {
		return
	}
	n.walks++
	id := int32(len(p.walks))
	p.walks = append(p.walks, walk{node: to, before: before, char: char})
	if c := &p.classes[n.class]; c.first < 0 {
		c.first = id
	} else if c.second < 0 {
		c.second = id
	}
}

func (p *product) expand(at int32) {
	id := p.walks[at].node
	if !p.nodes[id].known {
		edges := p.edges(p.nodes[id].states)
		p.nodes[id].edges, p.nodes[id].known = edges, true
	}
	for _, e := range p.nodes[id].edges {
		p.reach(e.to, at, e.char)
	}
}

// edges leads on from a state: by two characters that no pattern names here, and
// by each that one does.
func (p *product) edges(states []int32) []edge {
	var chars []rune
	for i, s := range states {
		chars = append(chars, p.machines[i].states[s].chars...)
	}
	slices.Sort(chars)
	chars = slices.Compact(chars)
	any := fresh(chars)
	chars = slices.Concat([]rune{any}, chars, []rune{fresh(append(chars, any))})
	out := make([]edge, 0, len(chars))
	for _, c := range chars {
		next := make([]int32, len(states))
		for i, s := range states {
			next[i] = p.machines[i].step(s, c)
		}
		out = append(out, edge{char: c, to: p.node(next)})
	}
	return out
}

func (p *product) text(at int32) string {
	var out []rune
	for ; p.walks[at].before >= 0; at = p.walks[at].before {
		out = append(out, p.walks[at].char)
	}
	slices.Reverse(out)
	return string(out)
}
