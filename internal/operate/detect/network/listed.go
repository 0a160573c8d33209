package network

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// met is who met whom.
type met struct {
	Interface string     `json:"i,omitempty"`
	Own       netip.Addr `json:"o"`
	Peer      netip.Addr `json:"p"`
	Port      uint16     `json:"n,omitempty"`
}

// listedAddress finds accepted traffic with addresses on threat lists.
type listedAddress struct {
	board[met]
	threats      *Threats
	category     Category
	side         string
	ports, never []uint16
}

func newListedAddress(s *settings, t *Threats) Engine {
	return &listedAddress{
		threats:  t,
		category: Category(s.word("category", "", "the kind of list", categoryNames()...)),
		side:     s.word("side", "any", "who began: ours (out), the listed one (in), or any", "in", "out", "any"),
		ports:    s.ports("ports", nil, "only these ports of ours or of the listed one; without it all"),
		never:    s.ports("except", nil, "not these ports"),
		board:    newBoard[met](1, time.Minute, s.span("again", "1h", quietly, 72*time.Hour)),
	}
}

func (e *listedAddress) Observe(c *Contact, yield func(Signal)) {
	if c.Threat == 0 || !c.Threat.Has(e.category) || !c.Flow.Accepted || !c.Asked {
		return
	}
	f := c.Flow
	switch {
	case e.side == "in" && c.Out, e.side == "out" && !c.Out:
		return
	case e.ports != nil && !slices.Contains(e.ports, f.TargetPort), slices.Contains(e.never, f.TargetPort):
		return
	}
	s := sighting{At: c.At, What: 1, File: f.File, Row: f.Row}
	key := met{Interface: f.Interface, Own: c.Own, Peer: c.Peer}
	if e.side == "in" {
		key.Port = f.TargetPort
	}
	found, more := e.board.see(key, s, func([]sighting) bool { return true })
	if found == nil {
		return
	}
	signal := of(c)
	tell(&signal, found, more)
	from, to := c.Own, c.Peer
	if !c.Out {
		from, to = to, from
	}
	signal.Message = fmt.Sprintf("%s reached %s on %s; %s is listed as %s%s",
		from, to, portName(f.Protocol, f.TargetPort), c.Peer, e.category.Words(), e.threats.Why(c.Peer, e.category))
	yield(signal)
}

func (e *listedAddress) Cold() string { return e.threats.without(e.category, true) }

// portUse finds conversations with hosts on the Internet over ports that one kind of
// software prefers. That is a weak sign.
type portUse struct {
	board[met]
	ports   []uint16
	packets uint64
}

func newPortUse(s *settings, _ *Threats) Engine {
	e := &portUse{
		ports:   s.ports("ports", nil, "the ports"),
		packets: uint64(s.whole("packets", 10, 1, 1000, "packets of a conversation that came about")),
		board:   newBoard[met](1, time.Minute, s.span("again", "24h", quietly, 72*time.Hour)),
	}
	if len(e.ports) == 0 {
		s.wrong("ports", "nothing", "a list of ports")
	}
	return e
}

func (e *portUse) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	if !c.Out || !c.Asked || !c.Public || f.Protocol != tcp || !f.Accepted || f.Packets < e.packets || !slices.Contains(e.ports, f.TargetPort) {
		return
	}
	s := sighting{At: c.At, What: 1, File: f.File, Row: f.Row}
	found, more := e.board.see(met{f.Interface, c.Own, c.Peer, f.TargetPort}, s, func([]sighting) bool { return true })
	if found == nil {
		return
	}
	signal := of(c)
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s talks with %s on %s: %d packets, %d bytes", c.Own, c.Peer, portName(tcp, f.TargetPort), f.Packets, f.Bytes)
	yield(signal)
}
