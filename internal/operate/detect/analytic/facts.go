package analytic

import (
	"hash/maphash"
	"net/netip"
)

// facts are what engines find out about an event, once for all of them. An Activity
// that is filled anew, whole, has none; so is the first question the one that costs.
type facts struct {
	has               uint8
	someone, personal bool
	console           bool
	agent, region     uint64
	actor, source     uint64
	ip                netip.Addr // not valid where the source is no address
	callFacts
}

const (
	hasWho = 1 << iota
	hasCall
	hasAgent
	hasRegion
	hasAddress
	hasSource
	hasConsole
)

func (a *Activity) who() {
	if a.facts.has&hasWho == 0 {
		a.facts.has |= hasWho
		a.facts.someone = a.Principal != "" && !byAWS(a) && !retold(a) && inTime(a.Time)
		a.facts.personal = isPersonal(a.Principal, a.Session)
		if a.facts.someone {
			a.facts.actor = actorOf(a).hash()
		}
	}
}

// someone tells whether it is known who did it, and that it was not AWS.
func someone(a *Activity) bool {
	a.who()
	return a.facts.someone
}

func personal(a *Activity) bool {
	a.who()
	return a.facts.personal
}

// called is what its service and the name of its action tell.
func (a *Activity) called() *callFacts {
	if a.facts.has&hasCall == 0 {
		a.facts.has |= hasCall
		a.facts.callFacts = factsOf(a.Service, a.Name)
	}
	return &a.facts.callFacts
}

// tactics, shares and deletions are the lists that its action is in.
func (a *Activity) tactics() uint32   { return a.called().tactics }
func (a *Activity) shares() uint32    { return a.called().shares }
func (a *Activity) deletions() uint32 { return a.called().deletions }

// call is the key of its action.
func (a *Activity) call() uint64 { return a.called().call }

// worldwide tells whether its service has one place for all Regions.
func (a *Activity) worldwide() bool { return a.called().worldwide }

// agent is the key of its user agent's family; zero where it has none.
func (a *Activity) agent() uint64 {
	if a.facts.has&hasAgent == 0 {
		a.facts.has |= hasAgent
		a.facts.agent = familyKey(a.UserAgent)
	}
	return a.facts.agent
}

// region is the key of its Region.
func (a *Activity) region() uint64 {
	if a.facts.has&hasRegion == 0 {
		a.facts.has |= hasRegion
		a.facts.region = hash(1, a.Region)
	}
	return a.facts.region
}

// address is where it came from; not ok where AWS wrote a name in its place.
func address(a *Activity) (netip.Addr, bool) {
	if a.facts.has&hasAddress == 0 {
		a.facts.has |= hasAddress
		a.facts.ip = parseAddress(a.SourceIP)
	}
	return a.facts.ip, a.facts.ip.IsValid()
}

// source is the key of its source, whatever that is.
func (a *Activity) source() uint64 {
	if a.facts.has&hasSource == 0 {
		a.facts.has |= hasSource
		a.facts.source = maphash.String(seed, a.SourceIP)
	}
	return a.facts.source
}

// fromConsole tells whether it was called with credentials of the console.
func fromConsole(a *Activity) bool {
	if a.facts.has&hasConsole == 0 {
		a.facts.has |= hasConsole
		a.facts.console = a.Record != nil && a.Record.Text("sessionCredentialFromConsole") == "true"
	}
	return a.facts.console
}
