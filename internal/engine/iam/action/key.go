package action

import (
	"slices"
	"strings"
	"sync"
)

// Type is of which kind the values of a condition key are.
type Type uint8

const (
	UnknownType Type = iota
	String
	ARN
	Bool
	Numeric
	Date
	IPAddress
	Binary
)

// String is the type's name.
func (t Type) String() string {
	names := [...]string{"Unknown", "String", "ARN", "Bool", "Numeric", "Date", "IPAddress", "Binary"}
	if int(t) >= len(names) {
		t = UnknownType
	}
	return names[t]
}

var typeOf = map[byte]Type{'s': String, 'a': ARN, 'b': Bool, 'n': Numeric, 'd': Date, 'i': IPAddress, 'x': Binary}

// Presence says when a request has a condition key.
type Presence uint8

const (
	Sometimes Presence = iota
	Signed             // in every signed request; anonymous ones lack it
	Always
)

// String is the presence in a word.
func (p Presence) String() string {
	return [...]string{"sometimes", "signed", "always"}[min(p, Always)]
}

// Key is a condition key.
type Key struct {
	Name        string // as AWS writes it; with a variable where a part is free: aws:RequestTag/${TagKey}
	Type        Type
	Multivalued bool
	Presence    Presence // of keys of services always Sometimes
	Service     string   // that declares it; empty for keys that any request may have
}

// KeyFor finds the condition key that a policy names, in any letter case, with
// templates filled in: aws:RequestTag/team is aws:RequestTag/${TagKey}.
func KeyFor(name string) (Key, bool) {
	if k, ok := globals().find(name); ok {
		return k, true
	}
	prefix, _, ok := strings.Cut(name, ":")
	if !ok {
		return Key{}, false
	}
	if s, ok := Find(prefix); ok {
		if k, ok := s.Key(name); ok {
			return k, true
		}
	}
	for _, h := range open().keyHomes {
		if !matchesTemplate(h.name, prefix) {
			continue
		}
		for _, home := range h.services {
			if s, ok := Find(home); ok {
				if k, ok := s.Key(name); ok {
					return k, true
				}
			}
		}
	}
	return oidc(name)
}

// keySet finds keys by name.
type keySet struct {
	all       []Key // sorted without regard to case
	templates []Key // those of all that have a variable
}

func newKeySet(keys []Key) *keySet {
	s := &keySet{all: keys}
	for _, k := range keys {
		if at, _, _ := variable(k.Name); at >= 0 {
			s.templates = append(s.templates, k)
		}
	}
	return s
}

func (s *keySet) find(name string) (Key, bool) {
	i, found := slices.BinarySearchFunc(s.all, name, func(k Key, name string) int { return compareFold(k.Name, name) })
	if found {
		return s.all[i], true
	}
	for _, k := range s.templates {
		if matchesTemplate(k.Name, name) {
			return k, true
		}
	}
	return Key{}, false
}

var globals = sync.OnceValue(func() *keySet {
	return newKeySet(slices.SortedFunc(slices.Values(global), func(a, b Key) int { return compareFold(a.Name, b.Name) }))
})

// oidc knows the keys that every OpenID Connect provider brings along, under the
// provider's host and path: gitlab.example.com:sub. Source: AWS IAM User Guide,
// "Available keys for AWS OIDC federation".
func oidc(name string) (Key, bool) {
	at := strings.LastIndexByte(name, ':')
	if at < 0 || !strings.Contains(name[:at], ".") || strings.HasPrefix(name, ".") || strings.ContainsAny(name[:at], "*? ") {
		return Key{}, false
	}
	claim := strings.ToLower(name[at+1:])
	if !slices.Contains([]string{"amr", "aud", "azp", "email", "oaud", "sub"}, claim) {
		return Key{}, false
	}
	return Key{Name: "${Provider}:" + claim, Type: String, Multivalued: claim == "amr", Service: "sts"}, true
}

// Key finds a condition key that the service declares.
func (s *Service) Key(name string) (Key, bool) { return s.keys.find(name) }

// Global are the keys that any request may have, in the order of the AWS page.
func Global() []Key { return append([]Key(nil), global...) }

// matchesTemplate tells whether a name is the template, in which ${…} or <…>
// stands for some text that is not empty. Letter case does not count.
func matchesTemplate(template, name string) bool {
	at, open, after := variable(template)
	if at < 0 {
		return compareFold(template, name) == 0
	}
	if len(name) <= at || compareFold(template[:at], name[:at]) != 0 {
		return false
	}
	if strings.HasPrefix(name[at:], template[at:at+open]) && compareFold(template, name) == 0 {
		return true // the template itself
	}
	rest := template[after:]
	if rest == "" {
		return true
	}
	for i := at + 1; i <= len(name); i++ {
		if matchesTemplate(rest, name[i:]) {
			return true
		}
	}
	return false
}

// variable finds the first variable: where it begins, how long its opening is,
// and where the text after it begins.
func variable(template string) (at, open, after int) {
	for i := range len(template) {
		closing := byte(0)
		switch {
		case strings.HasPrefix(template[i:], "${"):
			closing, open = '}', 2
		case template[i] == '<':
			closing, open = '>', 1
		default:
			continue
		}
		if end := strings.IndexByte(template[i:], closing); end > 0 {
			return i, open, i + end + 1
		}
	}
	return -1, 0, 0
}
