package analytic

import (
	"hash/maphash"
	"strings"
)

// Memo knows what follows from the texts of events alone: in which lists an action is,
// what family a user agent is of. There are few of them and many events, so most are
// looked up here once for all engines. It only remembers: whatever it forgets is found
// out again. Each goroutine has one of its own.
type Memo struct {
	calls  [1 << memoBits]knownCall
	agents [1 << memoBits]knownAgent
}

const (
	memoBits = 9
	mostMemo = 1024 // bytes of a text that is remembered
)

type knownCall struct {
	key  []byte // service and name
	name int    // where that begins
	callFacts
}

// callFacts are what a service and the name of an action tell.
type callFacts struct {
	tactics, shares, deletions uint32
	call                       uint64
	worldwide                  bool
}

type knownAgent struct {
	key    []byte
	family uint64
}

// Learn fills in what engines would else find out by themselves.
func (m *Memo) Learn(a *Activity) {
	if !someone(a) {
		return // few engines look at it
	}
	if a.facts.has&hasCall == 0 {
		a.facts.has |= hasCall
		a.facts.callFacts = m.call(a.Service, a.Name)
	}
	if a.facts.has&hasAgent == 0 && !a.Data {
		a.facts.has |= hasAgent
		a.facts.agent = m.agent(a.UserAgent)
	}
}

func (m *Memo) call(service, name string) callFacts {
	if len(service)+len(name) > mostMemo {
		return factsOf(service, name)
	}
	k := &m.calls[(maphash.String(seed, name)+uint64(len(service)))>>(64-memoBits)]
	if k.key == nil || len(k.key) != len(service)+len(name) || k.name != len(service) || string(k.key[k.name:]) != name || string(k.key[:k.name]) != service {
		k.key = append(append(k.key[:0], service...), name...)
		k.name, k.callFacts = len(service), factsOf(service, name)
	}
	return k.callFacts
}

func factsOf(service, name string) callFacts {
	return callFacts{
		tactics: tactics().in(service, name), shares: shares().in(service, name), deletions: deletions().in(service, name),
		call: hash(0, service, plainName(name)), worldwide: global(service),
	}
}

func (m *Memo) agent(text string) uint64 {
	if len(text) > mostMemo {
		return familyKey(text)
	}
	k := &m.agents[maphash.String(seed, text)>>(64-memoBits)]
	if k.key == nil || string(k.key) != text {
		k.key, k.family = append(k.key[:0], text...), familyKey(text)
	}
	return k.family
}

// familyKey is the key of a user agent's family; zero where it has none.
func familyKey(agent string) uint64 {
	name := family(agent)
	if name == "" {
		return 0
	}
	return hash(2, strings.ToLower(name))
}
