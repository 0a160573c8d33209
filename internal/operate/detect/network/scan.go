package network

import (
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const quietly = "how long the same source and target keep quiet after a signal"

// portScan finds one of ours that tries many ports of one other.
type portScan struct {
	board[scanned]
	ports   int
	share   float64
	packets uint64
}

// scanned is who scans whom.
type scanned struct {
	Interface string     `json:"i,omitempty"`
	Own       netip.Addr `json:"o"`
	Peer      netip.Addr `json:"p"`
}

func newPortScan(s *settings, _ *Threats) Engine {
	ports := s.whole("ports", 20, 2, 1000, "different ports of one target that make a scan")
	return &portScan{
		ports:   ports,
		share:   s.number("share", 0.8, 0, 1, "part of them that was rejected or saw hardly a packet"),
		packets: uint64(s.whole("packets", 2, 1, 100, "how many packets are hardly any")),
		board:   newBoard[scanned](ports, s.span("window", "5m", "time in which they are tried", time.Hour), s.span("again", "1h", quietly, 72*time.Hour)),
	}
}

func (e *portScan) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	if !c.Out || !c.Asked || f.Protocol != tcp && f.Protocol != udp || f.Protocol == udp && f.TargetPort >= firstTrace && f.TargetPort <= lastTrace {
		return
	}
	s := sighting{At: c.At, What: uint64(f.TargetPort)<<8 | uint64(f.Protocol), Flag: c.Quiet(e.packets), File: f.File, Row: f.Row}
	if f.Accepted && !c.Sure && f.SourcePort < ephemeral {
		s.A = 1
	}
	s.B = float32(f.SourcePort)
	found, more := e.board.see(scanned{f.Interface, c.Own, c.Peer}, s, func(list []sighting) bool {
		return len(list) >= e.ports && share(list) >= e.share && !answers(list)
	})
	if found == nil {
		return
	}
	signal := of(c)
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s tried %d ports of %s within %v; %.0f %% were rejected or saw at most %d packets",
		c.Own, len(found), c.Peer, within(found), 100*share(found), e.packets)
	yield(signal)
}

// Ports of UDP that traceroute counts up, a packet to each.
const (
	firstTrace = 33434
	lastTrace  = 33534
)

// answers tells what looks like the answers of a service on a port of its own: all
// accepted, from one port that no system chooses for who asks, to ports that some do.
func answers(list []sighting) bool {
	for i := range list {
		if list[i].A == 0 || list[i].B != list[0].B || list[i].What>>8 < 1024 {
			return false
		}
	}
	return true
}

// within is the time that sightings took.
func within(found []sighting) time.Duration {
	return max(time.Second, time.Duration(found[len(found)-1].At-found[0].At)*time.Second)
}

// portSweep finds one of ours that tries one port of many others on the Internet.
type portSweep struct {
	board[swept]
	targets int
	share   float64
	packets uint64
	except  []uint16
}

// swept is who tries which port.
type swept struct {
	Interface string     `json:"i,omitempty"`
	Own       netip.Addr `json:"o"`
	Port      uint16     `json:"p"`
	Protocol  uint8      `json:"n"`
}

func newPortSweep(s *settings, _ *Threats) Engine {
	targets := s.whole("targets", 50, 2, 1000, "different addresses on the Internet that make a sweep")
	return &portSweep{
		targets: targets,
		share:   s.number("share", 0.8, 0, 1, "part of them that did not answer: rejected, or hardly a packet"),
		packets: uint64(s.whole("packets", 3, 1, 100, "how many packets are hardly any")),
		except:  s.ports("except_udp", []uint16{53, 123, 443, 3478}, "ports of UDP of which one packet to many is usual"),
		board:   newBoard[swept](targets, s.span("window", "10m", "time in which they are tried", time.Hour), s.span("again", "1h", quietly, 72*time.Hour)),
	}
}

func (e *portSweep) Observe(c *Contact, yield func(Signal)) {
	f := c.Flow
	if !c.Out || !c.Asked || !c.Public || f.Protocol != tcp && f.Protocol != udp || f.Protocol == udp && slices.Contains(e.except, f.TargetPort) {
		return
	}
	switch {
	case !c.Sure && f.TargetPort >= ephemeral:
		return // as likely an answer
	case f.Protocol == udp && f.SourcePort == f.TargetPort:
		return // peers of a tunnel or a call: either may have begun
	}
	s := sighting{At: c.At, What: hashAddr(c.Peer), Flag: c.Quiet(e.packets), File: f.File, Row: f.Row}
	found, more := e.board.see(swept{f.Interface, c.Own, f.TargetPort, f.Protocol}, s, func(list []sighting) bool {
		return len(list) >= e.targets && share(list) >= e.share
	})
	if found == nil {
		return
	}
	signal := of(c)
	signal.Counterpart = ""
	tell(&signal, found, more)
	signal.Message = fmt.Sprintf("%s tried %s of %d addresses on the Internet within %v; %.0f %% did not answer",
		c.Own, portName(f.Protocol, f.TargetPort), len(found), within(found), 100*share(found))
	yield(signal)
}

// hashAddr makes an address a number; the same in every process, since states are
// saved. Equal numbers of different addresses would only count one for two.
func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return hashBytes(b[:])
}

// hashBytes is FNV-1a, with 64 bits.
func hashBytes(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// portName says a port with its protocol.
func portName(protocol uint8, port uint16) string {
	switch protocol {
	case tcp:
		return fmt.Sprintf("TCP port %d", port)
	case udp:
		return fmt.Sprintf("UDP port %d", port)
	}
	return fmt.Sprintf("IP protocol %d", protocol)
}
