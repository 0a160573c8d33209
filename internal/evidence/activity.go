package evidence

import (
	"net/netip"
	"strconv"
	"time"
)

// Event is one activity record. The fields are those every kind shares; Raw
// keeps the record as it was read.
type Event struct {
	ID        string
	Kind      string // cloudtrail, flow, dns
	Time      time.Time
	Account   string // the account the event is about
	Region    string
	Service   string // s3.amazonaws.com as CloudTrail spells it
	Name      string // GetObject
	Principal string // ARN of who did it; empty where the record has none
	SourceIP  string
	UserAgent string
	Error     string
	ReadOnly  bool
	Resources []string // ARNs the record names
	Raw       []byte
}

// Flow is one record of a VPC flow log: packets of one direction between two
// addresses and ports, over some seconds.
type Flow struct {
	Start, End time.Time
	Account    string
	Region     string
	VPC        string
	Subnet     string
	Instance   string
	Interface  string // network interface (eni-…)
	Source     netip.Addr
	Target     netip.Addr
	// As packets had them, where a NAT device or a load balancer stands between; the
	// same as Source and Target where the log does not say.
	PacketSource netip.Addr
	PacketTarget netip.Addr
	SourcePort   uint16
	TargetPort   uint16
	Protocol     uint8 // IANA number: 6 is TCP
	TCPFlags     uint8
	Packets      uint64
	Bytes        uint64
	Accepted     bool   // else rejected
	Direction    string // ingress, egress; empty where the log does not say
	File         string
	Row          int64 // of the file, from 1 on: its line, or its row in a table
}

// Line is where the record stands: file:row.
func (f *Flow) Line() string { return line(f.File, f.Row) }

// Lookup is one record of a Route 53 Resolver query log.
type Lookup struct {
	Time     time.Time
	Account  string
	Region   string
	VPC      string
	Instance string
	Source   netip.Addr
	Name     string // in lower case, without the dot at the end
	Type     string // A, AAAA, TXT …
	Code     string // NOERROR, NXDOMAIN …
	Answers  []string
	Firewall string // what the DNS Firewall did: ALERT, BLOCK; empty where no rule matched
	File     string
	Row      int64 // of the file, from 1 on
}

// Line is where the record stands: file:row.
func (l *Lookup) Line() string { return line(l.File, l.Row) }

// line is not kept in records: most of them are looked at once and never shown.
func line(file string, row int64) string { return file + ":" + strconv.FormatInt(row, 10) }

// Package is one piece of software found in an image, a host or a bill of
// materials.
type Package struct {
	Name      string
	Version   string
	Ecosystem string // as OSV spells it: Alpine:v3.18, PyPI, Go
	PURL      string
	Arch      string
	Path      string // where it was found inside the resource
	Resource  string // key of the resource that holds it
	Layer     string // image layer digest, if any
}
