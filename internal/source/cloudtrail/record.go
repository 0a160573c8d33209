package cloudtrail

import (
	"bytes"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

// Kind is the kind of the events this package reads.
const Kind = "cloudtrail"

// identity is what is read of userIdentity.
type identity struct{ arn, account []byte }

// read fills an event out of one record. A field that is missing or of another type
// than CloudTrail writes stays empty: the record is kept all the same. It fails
// only where the text is no JSON object, and tells whether it is a record at all.
func (n *names) read(raw []byte, limits Limits) (e evidence.Event, ok bool, err error) {
	e = evidence.Event{Kind: Kind, Raw: raw}
	t := text{b: raw, depth: limits.Depth}
	if len(raw) == 0 || raw[0] != '{' {
		return e, false, errJSON
	}
	var who identity
	var recipient string
	_, err = t.object(0, 1, func(key []byte, start int) (int, error) {
		end, err := t.value(start, 1)
		if err != nil {
			return end, err
		}
		v := raw[start:end]
		switch string(key) {
		case "eventID":
			e.ID = string(unquote(v))
		case "eventTime":
			e.Time = instant(unquote(v))
		case "eventSource":
			e.Service = n.of(v)
		case "eventName":
			e.Name = n.of(v)
		case "awsRegion":
			e.Region = n.of(v)
		case "recipientAccountId":
			recipient = n.of(v)
		case "sourceIPAddress":
			e.SourceIP = n.of(v)
		case "userAgent":
			e.UserAgent = n.of(v)
		case "errorCode":
			e.Error = n.of(v)
		case "readOnly":
			e.ReadOnly = string(v) == "true" || string(unquote(v)) == "true"
		case "userIdentity":
			who = identityOf(v, limits.Depth)
		case "resources":
			e.Resources = resourcesOf(v, limits.Depth)
		}
		return end, nil
	})
	if err != nil {
		return e, false, err
	}
	e.Principal = n.of(who.arn)
	if e.Account = recipient; e.Account == "" {
		e.Account = n.of(who.account)
	}
	return e, e.ID != "" || e.Name != "" && e.Service != "", nil
}

func identityOf(v []byte, depth int) (who identity) {
	if v[0] != '{' {
		return who
	}
	t := text{b: v, depth: depth}
	_, _ = t.object(0, 1, func(key []byte, start int) (int, error) { // it was scanned before
		end, err := t.value(start, 1)
		if err == nil {
			switch string(key) {
			case "arn":
				who.arn = v[start:end]
			case "accountId":
				who.account = v[start:end]
			}
		}
		return end, err
	})
	return who
}

// resourcesOf gives the ARNs in a record's list of resources.
func resourcesOf(v []byte, depth int) (arns []string) {
	if v[0] != '[' {
		return nil
	}
	t := text{b: v, depth: depth}
	for i := t.space(1); i < len(v) && v[i] != ']'; {
		if v[i] == '{' {
			_, _ = t.object(i, 2, func(key []byte, start int) (int, error) {
				end, err := t.value(start, 2)
				if err == nil && (string(key) == "ARN" || string(key) == "arn") {
					if arn := unquote(v[start:end]); len(arn) > 0 {
						arns = append(arns, string(arn))
					}
				}
				return end, err
			})
		}
		end, err := t.value(i, 1)
		if err != nil {
			return arns
		}
		if i = t.space(end); i < len(v) && v[i] == ',' {
			i = t.space(i + 1)
		}
	}
	return arns
}

// instant reads an eventTime; what cannot be read is the zero time.
func instant(v []byte) time.Time {
	at, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// names keeps one copy of texts that come again and again: services, calls,
// Regions, principals. It is emptied when it grows too large.
type names struct{ known map[string]string }

const mostNames = 1 << 14

func (n *names) of(quoted []byte) string {
	v := unquote(quoted)
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
