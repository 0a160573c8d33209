package finding

import "time"

// Alert is one time that a detection held. Alerts are many and pass; those of one
// rule about one resource add up to a Finding.
type Alert struct {
	Rule     string // id of the detection
	Title    string
	Severity Severity

	EventID   string // of the event that decided it
	Time      time.Time
	Account   string
	Region    string
	Service   string // s3.amazonaws.com
	Name      string // GetObject
	Principal string // who did it, whatever the session: an ARN, or what the record has in its place
	Session   string // ARN of the role's session that did it; empty where there was none
	SourceIP  string
	UserAgent string
	Error     string

	// Resource is what the alert is about: an ARN or a name; who did it where the
	// detection names nothing better.
	Resource string
	Message  string // what was seen, and why that is an alert

	// Count, First, Last and Events speak of all events that it took: one for a rule
	// about single events. Events are ids, a hundred at most.
	Count  int
	First  time.Time
	Last   time.Time
	Events []string

	Techniques []string // of ATT&CK
	Objective  string
	Playbook   string
	Exception  string // id of the exception that covers it; such an alert opens nothing
}
