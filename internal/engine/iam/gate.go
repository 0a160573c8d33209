package iam

import "encoding/binary"

// gate is a quick test that a resource has to pass for a statement to cover it.
// Passing says nothing; not passing says that it does not match.
type gate struct {
	// want is the hash of the whole ARN, or how its resource part begins, as far as
	// mask reaches.
	want, mask uint64
	kind       gateKind
}

type gateKind uint8

const (
	gateOpen gateKind = iota
	gateWhole
	gateStart
)

// gate is the test for the statement's resource, if it has one only.
func (s *statement) gate() gate {
	if len(s.resources) != 1 || s.notResources || s.unseen != 0 {
		return gate{}
	}
	r := &s.resources[0]
	if r.known != nil || r.pattern.any || r.pattern.short || r.pattern.last.template != nil {
		return gate{}
	}
	if literal, ok := r.pattern.last.pattern.Text(); ok && r.pattern.parts == nil {
		return gate{kind: gateWhole, want: hash64(hash64(noHash, r.pattern.word.Value()), literal)}
	}
	start := r.pattern.last.pattern.Start()
	g := gate{kind: gateStart, want: lead(start)}
	g.mask = ^uint64(0) << (8 * max(0, 8-len(start)))
	if len(start) == 0 {
		g.mask = 0
	}
	return g
}

// admits tells whether the request may pass.
func (g *gate) admits(r *Request) bool {
	switch g.kind {
	case gateWhole:
		return g.want == r.whole
	case gateStart:
		return g.want == r.lead&g.mask
	}
	return true
}

// lead is the first eight bytes of a text.
func lead(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}

// noHash is what hash64 begins with.
const noHash = 14695981039346656037

// hash64 is FNV-1a of 64 bits, going on from the hash of what stands before.
func hash64(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
