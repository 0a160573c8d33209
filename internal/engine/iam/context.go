package iam

import (
	"slices"
	"strings"
	"unique"
)

// State is what is known of a context key.
type State uint8

const (
	Absent  State = iota // the request does not have the key
	Known                // it has the key, with these values
	Present              // it has the key, with values that were not seen
	Unseen               // whether it has the key was not seen
)

// Context is the circumstances of a request: condition keys and their values.
// The zero Context has no key. It is not changed once a request uses it.
type Context struct {
	// Open is set where keys that are not mentioned may be there all the same:
	// they are Unseen, not Absent.
	Open    bool
	entries []entry // sorted by key
	words   []word  // their keys, apart from them: they are looked through
}

type entry struct {
	key    string // lower case
	name   string // as it was given
	state  State
	values []string
}

// NewContext makes a context of known keys. A key without values is there, and
// empty.
func NewContext(values map[string][]string) *Context {
	c := &Context{}
	for key, v := range values {
		c.put(entry{key: strings.ToLower(key), name: key, state: Known, values: v})
	}
	return c
}

// Set gives a key its values.
func (c *Context) Set(key string, values ...string) {
	c.put(entry{key: strings.ToLower(key), name: key, state: Known, values: values})
}

// Mark says what is known of a key of which the values are not.
func (c *Context) Mark(key string, state State) {
	c.put(entry{key: strings.ToLower(key), name: key, state: state})
}

// Has tells whether the context says something about a key.
func (c *Context) Has(key string) bool { return c.find(unique.Make(strings.ToLower(key))) != nil }

// Value is the value of a key that has one.
func (c *Context) Value(key string) (string, bool) {
	e := c.find(unique.Make(strings.ToLower(key)))
	if e == nil || e.state != Known || len(e.values) != 1 {
		return "", false
	}
	return e.values[0], true
}

func (c *Context) put(e entry) {
	i, found := slices.BinarySearchFunc(c.entries, e.key, func(e entry, key string) int { return strings.Compare(e.key, key) })
	if found {
		c.entries[i] = e
		return
	}
	c.entries, c.words = slices.Insert(c.entries, i, e), slices.Insert(c.words, i, unique.Make(e.key))
}

// clone is a context that can be changed without changing this one.
func (c *Context) clone() Context {
	if c == nil {
		return Context{}
	}
	return Context{Open: c.Open, entries: slices.Clone(c.entries), words: slices.Clone(c.words)}
}
