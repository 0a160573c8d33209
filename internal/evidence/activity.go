package evidence

import "time"

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
