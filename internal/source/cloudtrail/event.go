package cloudtrail

import (
	"bytes"

	"holdfast.dev/holdfast/internal/evidence"
)

// Kind is the kind of the events this package reads.
const Kind = "cloudtrail"

// Eventer turns records into events. It keeps one copy of texts that come again and
// again; the zero Eventer is ready, and belongs to one goroutine.
type Eventer struct{ names names }

// Event fills an event out of a record. A field that is missing or of another type than
// CloudTrail writes stays empty: the record is kept all the same. Its Raw is the
// record's own.
func (m *Eventer) Event(r *Record) evidence.Event {
	n := &m.names
	readOnly := r.Value(ReadOnly)
	e := evidence.Event{
		Kind: Kind, Raw: r.raw, ID: string(r.Text(EventID)), Time: r.Time(),
		Service: n.of(r.Text(EventSource)), Name: n.of(r.Text(EventName)), Region: n.of(r.Text(AWSRegion)),
		Account: n.of(r.Account()), Principal: n.of(r.Text(IdentityARN)), SourceIP: n.of(r.Text(SourceIPAddress)),
		UserAgent: n.of(r.Text(UserAgent)), Error: n.of(r.Text(ErrorCode)), ReadOnly: readOnly.Text() == "true",
	}
	e.Resources = r.Resources()
	return e
}

// Resources gives the ARNs in the record's list of resources.
func (r *Record) Resources() (arns []string) {
	v := r.Value(Resources)
	if v.Type() != Array {
		return nil
	}
	for e := range v.Elements() {
		for name, m := range e.Members() {
			if name == "ARN" || name == "arn" {
				if arn := m.Bytes(); len(arn) > 0 {
					arns = append(arns, string(arn))
				}
			}
		}
	}
	return arns
}

// names keeps one copy of texts that come again and again: services, calls,
// Regions, principals. It is emptied when it grows too large.
type names struct{ known map[string]string }

const mostNames = 1 << 14

func (n *names) of(v []byte) string {
	if len(v) == 0 {
		return ""
	}
	if s, ok := n.known[string(v)]; ok {
		return s
	}
	if n.known == nil || len(n.known) >= mostNames {
		n.known = make(map[string]string, 256)
	}
	s := string(bytes.Clone(v))
	n.known[s] = s
	return s
}
