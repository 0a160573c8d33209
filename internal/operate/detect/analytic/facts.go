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
	tactics, shares   uint32
	call, agent       uint64
	actor, source     uint64
	ip                netip.Addr // not valid where the source is no address
}

const (
	hasWho = 1 << iota
	hasTactics
	hasShares
	hasCall
	hasAgent
	hasAddress
	hasSource
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

// tactics and shares are the lists that its action is in.
func (a *Activity) tactics() uint32 {
	if a.facts.has&hasTactics == 0 {
		a.facts.has |= hasTactics
		a.facts.tactics = tactics().in(a)
	}
	return a.facts.tactics
}

func (a *Activity) shares() uint32 {
	if a.facts.has&hasShares == 0 {
		a.facts.has |= hasShares
		a.facts.shares = shares().in(a)
	}
	return a.facts.shares
}

// call is the key of its action.
func (a *Activity) call() uint64 {
	if a.facts.has&hasCall == 0 {
		a.facts.has |= hasCall
		a.facts.call = hash(0, a.Service, plainName(a.Name))
	}
	return a.facts.call
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
