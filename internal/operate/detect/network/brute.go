package network

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// bruteForce finds connection after connection to a port where one logs in, each about
// as long as a refused password takes.
type bruteForce struct {
	board[tried]
	ports       []uint16
	attempts    int
	least, most uint64
	actor       bool
}

// tried is who tries to get in where.
type tried struct {
	From netip.Addr `json:"f"`
	To   netip.Addr `json:"t"`
	Port uint16     `json:"p"`
}

func newBruteForce(s *settings, _ *Threats) Engine {
	attempts := s.whole("attempts", 10, 2, 1000, "connections that make it")
	e := &bruteForce{
		attempts: attempts,
		ports:    s.ports("ports", nil, "where one logs in: 22, 3389, 5985 and 5986"),
		actor:    s.word("role", "", "whether ours is the target or the actor", "target", "actor") == "actor",
		least:    uint64(s.whole("least_packets", 8, 1, 1000, "packets that a refused login has at least")),
		most:     uint64(s.whole("most_packets", 40, 1, 10000, "and at most")),
		board:    newBoard[tried](attempts, s.span("window", "10m", "time in which they come", time.Hour), s.span("again", "1h", quietly, 72*time.Hour)),
	}
	if len(e.ports) == 0 {
		s.wrong("ports", "nothing", "a list of ports")
	}
	return e
}

func (e *bruteForce) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	if c.Out != e.actor || f.Protocol != tcp || !f.Accepted || f.Packets < e.least || f.Packets > e.most || !slices.Contains(e.ports, f.TargetPort) || !c.Asked {
		return
	}
	s := sighting{At: c.At, What: uint64(f.SourcePort), File: f.File, Row: f.Row}
	from, to := c.Peer, c.Own
	if e.actor {
		from, to = to, from
	}
	found, more := e.board.see(tried{from, to, f.TargetPort}, s, func(list []sighting) bool { return len(list) >= e.attempts })
	if found == nil {
		return
	}
	signal := of(c)
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s opened %d connections to %s of %s within %v, each of %d to %d packets, as refused logins are",
		from, len(found)+more, portName(tcp, f.TargetPort), to, within(found), e.least, e.most)
	yield(signal)
}
