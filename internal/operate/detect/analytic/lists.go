package analytic

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed lists/tactics.txt
var tacticsText string

//go:embed lists/shares.txt
var sharesText string

//go:embed lists/deletions.txt
var deletionsText string

var (
	tactics   = sync.OnceValue(func() *list { return mustList(tacticsText) })
	shares    = sync.OnceValue(func() *list { return mustList(sharesText) })
	deletions = sync.OnceValue(func() *list { return mustList(deletionsText) })
)

// list says of calls under which of a few names they are listed.
type list struct {
	names []string // in the order of the file; a set of them is a mask
	calls map[string][]listed
}

type listed struct {
	service string // with a dot at the end: s3.
	in      uint32
}

// parseList reads lines of a name, a service and its actions. What comes twice in
// one list is refused: shares of lists are counted.
func parseList(text string) (*list, error) {
	l := &list{calls: map[string][]listed{}}
	for n, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("line %d: want a list, a service and actions, not %q", n+1, line)
		}
		i := slices.Index(l.names, words[0])
		if i < 0 {
			i = len(l.names)
			l.names = append(l.names, words[0])
		}
		if i >= 32 {
			return nil, fmt.Errorf("line %d: more than 32 lists", n+1)
		}
		for _, action := range words[2:] {
			if !l.add(words[1]+".", action, 1<<i) {
				return nil, fmt.Errorf("line %d: %s:%s is in list %s twice", n+1, words[1], action, words[0])
			}
		}
	}
	return l, nil
}

func (l *list) add(service, action string, in uint32) bool {
	of := l.calls[action]
	i := slices.IndexFunc(of, func(c listed) bool { return c.service == service })
	if i < 0 {
		l.calls[action] = append(of, listed{service, in})
		return true
	}
	was := of[i].in
	of[i].in |= in
	return was&in == 0
}

// in gives the lists that a call is in.
func (l *list) in(service, name string) uint32 {
	for _, c := range l.calls[plainName(name)] {
		if strings.HasPrefix(service, c.service) {
			return c.in
		}
	}
	return 0
}

// mask gives the set of some names.
func (l *list) mask(names []string) (m uint32) {
	for i, n := range l.names {
		if slices.Contains(names, n) {
			m |= 1 << i
		}
	}
	return m
}

// size is how many calls the lists of a set have.
func (l *list) size(in uint32) (n int) {
	for _, of := range l.calls {
		for _, c := range of {
			if c.in&in != 0 {
				n++
			}
		}
	}
	return n
}

// mustList reads a list of the program's own; a test reads them all.
func mustList(text string) *list {
	l, err := parseList(text)
	if err != nil {
		return &list{calls: map[string][]listed{}}
	}
	return l
}
