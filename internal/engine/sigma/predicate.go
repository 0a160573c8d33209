package sigma

import (
	"bytes"
	"fmt"
)

// asks is what a predicate wants to know of a field.
type asks uint8

const (
	asksValue    asks = iota // does any value pass the test
	asksNull                 // is there no value
	asksPresence             // is the field there at all
	asksField                // does any value stand in a relation to a value of another field
	asksText                 // does the text of the whole record pass the test
)

// predicate is one question about an event. The engine keeps equal ones once.
type predicate struct {
	asks  asks
	path  int // of the field, -1 for the whole text
	bit   int // counts the predicates of this path
	test  test
	other int // the other field of asksField
	front bool
	back  bool
	cased bool
	cost  int
}

func (p *predicate) key() string {
	k := fmt.Sprintf("%d %d %d %t %t %t", p.asks, p.path, p.other, p.front, p.back, p.cased)
	if p.test != nil {
		k += " " + p.test.key()
	}
	return k
}

// relates compares two texts for fieldref: whole, or the other as part of the first.
func relates(s, other []byte, front, back bool) bool {
	switch {
	case front && back:
		return bytes.Contains(s, other)
	case front: // anything may stand in front
		return bytes.HasSuffix(s, other)
	case back:
		return bytes.HasPrefix(s, other)
	}
	return bytes.Equal(s, other)
}
