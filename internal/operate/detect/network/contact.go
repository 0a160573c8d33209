package network

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	"holdfast.dev/holdfast/internal/evidence"
)

// Contact is a flow as engines look at it: from the side of the interface that
// recorded it. It is valid for one call.
type Contact struct {
	Flow *evidence.Flow
	At   int64 // when it began, in seconds

	Own, Peer         netip.Addr
	OwnPort, PeerPort uint16
	Out               bool // it went out of the interface
	Sided             bool // the log, or what it showed before, tells which side is the interface's
	Asked             bool // its sender began: it is no answer
	Sure              bool // flags of TCP said so, not ports
	Public            bool // the other is on the Internet
	Threat            Mark // of the other
}

// Port is the one that was asked for.
func (c *Contact) Port() uint16 { return c.Flow.TargetPort }

// Quiet tells that a packet or two went out and nothing came of it, or was rejected.
func (c *Contact) Quiet(packets uint64) bool { return !c.Flow.Accepted || c.Flow.Packets <= packets }

// Protocols by their IANA numbers.
const (
	icmp = 1
	tcp  = 6
	udp  = 17
)

// Flags of TCP as flow logs have them: SYN without ACK is the one who begins.
const (
	flagSYN = 2
	flagACK = 16
)

// Sides finds out on which side of a flow its interface is. Logs with flow-direction
// say so; for the others a private address is ours, since interfaces never see their
// own public IPv4 address; else it is the address that all records of the interface have
// in common.
type Sides struct {
	young, old map[string]pair
}

// pair are the addresses that may be the interface's; one, once it is known.
type pair struct{ A, B netip.Addr }

// mostSides bounds how many interfaces are remembered in each of two generations.
const mostSides = 1 << 15

// Look turns a flow into a contact.
func (s *Sides) Look(f *evidence.Flow, c *Contact) {
	*c = Contact{Flow: f, At: f.Start.Unix()}
	c.Out, c.Sided = s.out(f)
	c.Asked, c.Sure = asked(f)
	if !c.Sided {
		c.Out = true // seen from its sender
	}
	if c.Out {
		c.Own, c.Peer, c.OwnPort, c.PeerPort = f.Source, f.PacketTarget, f.SourcePort, f.TargetPort
	} else {
		c.Own, c.Peer, c.OwnPort, c.PeerPort = f.Target, f.PacketSource, f.TargetPort, f.SourcePort
	}
	c.Public = isPublic(c.Peer)
}

func (s *Sides) out(f *evidence.Flow) (out, known bool) {
	switch f.Direction {
	case "egress":
		return true, true
	case "ingress":
		return false, true
	}
	if from, to := isPublic(f.Source), isPublic(f.Target); from != to {
		return to, true
	}
	if f.Interface == "" {
		return false, false
	}
	p, ok := s.young[f.Interface]
	if !ok {
		if p, ok = s.old[f.Interface]; ok {
			s.keep(f.Interface, p)
		}
	}
	switch {
	case !ok:
		s.keep(f.Interface, pair{f.Source, f.Target})
		return false, false
	case p.B.IsValid(): // two candidates: one of them may be in this flow alone
		a, b := p.A == f.Source || p.A == f.Target, p.B == f.Source || p.B == f.Target
		switch {
		case a && !b:
			p = pair{A: p.A}
		case b && !a:
			p = pair{A: p.B}
		case !a: // neither: an interface with several addresses
			p = pair{f.Source, f.Target}
		}
		s.keep(f.Interface, p)
		if p.B.IsValid() {
			return false, false
		}
	}
	switch p.A {
	case f.Source:
		return true, true
	case f.Target:
		return false, true
	}
	return false, false
}

func (s *Sides) keep(id string, p pair) {
	if s.young == nil || len(s.young) >= mostSides {
		s.young, s.old = map[string]pair{}, s.young
	}
	s.young[id] = p
}

type savedSides struct {
	Young map[string]pair `json:"young,omitempty"`
	Old   map[string]pair `json:"old,omitempty"`
}

// Save writes down what was learned.
func (s *Sides) Save() ([]byte, error) { return json.Marshal(savedSides{s.young, s.old}) }

// Load reads it back.
func (s *Sides) Load(data []byte) error {
	var saved savedSides
	if err := json.Unmarshal(data, &saved); err != nil {
		return fmt.Errorf("state of interfaces: %w", err)
	}
	s.young, s.old = saved.Young, saved.Old
	return nil
}

// asked tells whether the sender of a flow began the conversation. Where flags do not
// say, ports do: an answer comes from a service's port, or from below those that
// systems choose for whoever asks.
func asked(f *evidence.Flow) (asked, sure bool) {
	if f.Protocol == tcp && f.TCPFlags&flagSYN != 0 {
		return f.TCPFlags&flagACK == 0, true
	}
	if f.Protocol != tcp && f.Protocol != udp {
		return true, false
	}
	from, to := isService(f.SourcePort), isService(f.TargetPort)
	switch {
	case from != to:
		return to, false
	case f.SourcePort < ephemeral && f.TargetPort >= ephemeral:
		return false, false
	}
	return true, false
}

// ephemeral is where most systems begin to choose ports for who asks.
const ephemeral = 32768

// services are well-known ports above 1023, in order.
var services = []uint16{
	1080, 1194, 1433, 1434, 1521, 1883, 2049, 2375, 2376, 2379, 2380, 3000, 3128, 3306, 3389, 4317, 5000, 5060, 5432, 5439, 5601, 5671, 5672, 5900,
	5985, 5986, 6379, 6443, 7001, 7687, 8000, 8080, 8081, 8088, 8125, 8182, 8443, 8888, 9000, 9042, 9090, 9092, 9093, 9094, 9096, 9098, 9100, 9200,
	9300, 10250, 11211, 27017, 27018, 27019, 50051, 51820,
}

func isService(port uint16) bool {
	if port < 1024 {
		return port != 0
	}
	_, ok := slices.BinarySearch(services, port)
	return ok
}

var (
	carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
	broadcast  = netip.AddrFrom4([4]byte{255, 255, 255, 255})
)

// isPublic tells an address on the Internet. Those kept for documents count as such:
// nobody has them, and examples use them.
func isPublic(a netip.Addr) bool {
	return a.IsGlobalUnicast() && !a.IsPrivate() && a != broadcast && !(a.Is4() && carrierNAT.Contains(a)) && a != metadata6 && a != broadcast
}

// Where instances ask for their metadata.
var (
	metadata4 = netip.AddrFrom4([4]byte{169, 254, 169, 254})
	metadata6 = netip.MustParseAddr("fd00:ec2::254")
)
