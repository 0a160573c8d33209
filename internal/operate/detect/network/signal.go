package network

import (
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Signal is what an engine found.
type Signal struct {
	Account   string
	Region    string
	VPC       string
	Instance  string
	Interface string

	Own         string // our address
	Counterpart string // the other's address or the domain; "" where there are many
	Inbound     bool   // the counterpart began it
	Message     string // what was seen, with its figures
	First, Last time.Time
	Count       int      // flows, attempts or names that it stands on
	Lines       []string // where some of them stand, file:line
}

// Resource names what the signal is about: the instance, else the network interface,
// as an ARN where the log says enough for one; else our address.
func (s *Signal) Resource() string {
	kind, id := "instance", s.Instance
	if id == "" || strings.HasPrefix(id, "rslvr-") {
		kind, id = "network-interface", s.Interface
	}
	switch {
	case id == "" && s.Instance != "":
		return s.Instance
	case id == "" && s.Own != "":
		return s.Own
	case id == "":
		return s.VPC
	case s.Account == "" || s.Region == "":
		return id
	}
	return "arn:" + partition(s.Region) + ":ec2:" + s.Region + ":" + s.Account + ":" + kind + "/" + id
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// Engine is what both kinds of engines have.
type Engine interface {
	// Advance says that nothing older than the instant is likely to come.
	Advance(at time.Time, yield func(Signal))
	// Save and Load write the state down and read it back; the same state gives the
	// same bytes.
	Save() ([]byte, error)
	Load(data []byte) error
	// Cold says what it has not seen enough of yet, or needs and does not have; ""
	// where it works.
	Cold() string
	// Forgot counts what was dropped for want of room before its time.
	Forgot() int64
}

// Flows is an engine over flows.
type Flows interface {
	Engine
	Observe(c *Contact, yield func(Signal))
}

// Lookups is an engine over lookups.
type Lookups interface {
	Engine
	Observe(q *Query, yield func(Signal))
}

// of begins a signal about a contact.
func of(c *Contact) Signal {
	f := c.Flow
	s := Signal{Account: f.Account, Region: f.Region, VPC: f.VPC, Own: c.Own.String(), Counterpart: c.Peer.String(), Inbound: !c.Out}
	if c.Sided {
		s.Instance, s.Interface = f.Instance, f.Interface
	}
	return s
}

// about begins a signal about a lookup.
func about(q *Query) Signal {
	l := q.Lookup
	s := Signal{Account: l.Account, Region: l.Region, VPC: l.VPC, Instance: l.Instance}
	if l.Source.IsValid() {
		s.Own = l.Source.String()
	}
	return s
}

func unix(at int64) time.Time { return time.Unix(at, 0).UTC() }

// Query is a lookup as engines look at it.
type Query struct {
	Lookup *evidence.Lookup
	At     int64
	Who    string // the instance, or the address that asked
	Domain string // registered domain; "" for names without one
	Below  string // what stands before it: a.b of a.b.example.com
	Public bool   // below a suffix that is in public use
	Threat Mark   // of the name
}
