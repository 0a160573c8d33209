package detect

import (
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/sigma"
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
)

// Event is a record of CloudTrail as detections look at it.
type Event interface {
	sigma.Event
	// Activity fills all fields. Its texts may be views of the record, valid as long as
	// that is.
	Activity(a *analytic.Activity)
	// Record gives further fields, as long as the record is valid.
	Record() analytic.Record
}

// Raw is an Event over the JSON text of one record: what examples are run with, and
// records of which nothing but the text is at hand.
type Raw struct {
	json   sigma.Record
	raw    []byte
	values []sigma.Value
}

// NewRaw is the event of a record's text, which must not change while it is used.
func NewRaw(text []byte) *Raw {
	r := &Raw{raw: text}
	r.json.Reset(text)
	return r
}

// Values and Text make it an event of the Sigma engine.
func (r *Raw) Values(to []sigma.Value, p *sigma.Path) []sigma.Value { return r.json.Values(to, p) }

// Text is the whole record.
func (r *Raw) Text() []byte { return r.json.Text() }

// Record gives fields at dotted paths.
func (r *Raw) Record() analytic.Record { return fields{r} }

// Activity reads the fields that analytics look at.
func (r *Raw) Activity(a *analytic.Activity) {
	f := fields{r}
	at, _ := time.Parse(time.RFC3339, f.Text("eventTime"))
	*a = analytic.Activity{
		ID: f.Text("eventID"), Time: at, Account: f.Text("recipientAccountId"), Region: f.Text("awsRegion"), Service: f.Text("eventSource"),
		Name: f.Text("eventName"), EventType: f.Text("eventType"), Error: f.Text("errorCode"), SourceIP: f.Text("sourceIPAddress"),
		UserAgent: f.Text("userAgent"), ReadOnly: f.Text("readOnly") == "true", Data: f.Text("eventCategory") == "Data",
		PrincipalType: f.Text("userIdentity.type"), ARN: f.Text("userIdentity.arn"), OwnAccount: f.Text("userIdentity.accountId"),
		AccessKey: f.Text("userIdentity.accessKeyId"), InvokedBy: f.Text("userIdentity.invokedBy"), VPCEndpoint: f.Text("vpcEndpointId"),
		Record: f,
	}
	a.Principal = analytic.PrincipalOf(a.PrincipalType, a.ARN, f.Text("userIdentity.sessionContext.sessionIssuer.arn"))
	a.Session = SessionOf(a.PrincipalType, f.Text("userIdentity.principalId"))
	if a.Account == "" {
		a.Account = a.OwnAccount
	}
}

// SessionOf is the name of a role's session, which stands behind the colon of its
// principal id.
func SessionOf(identityType, principalID string) string {
	if identityType != "AssumedRole" {
		return ""
	}
	_, session, _ := strings.Cut(principalID, ":")
	return session
}

// fields are those of a record, as analytics ask for them.
type fields struct{ r *Raw }

// anyPath is the index of a path that is none of an engine's.
const anyPath = -1

func (f fields) at(path string) []sigma.Value {
	f.r.values = f.r.json.Values(f.r.values[:0], &sigma.Path{Index: anyPath, Name: path})
	return f.r.values
}

func (f fields) Text(path string) string {
	for _, v := range f.at(path) {
		if v.Kind != sigma.Null && v.Kind != sigma.Empty {
			return string(v.Text)
		}
	}
	return ""
}

func (f fields) Texts(path string) (all []string) {
	for _, v := range f.at(path) {
		if v.Kind != sigma.Null && v.Kind != sigma.Empty {
			all = append(all, string(v.Text))
		}
	}
	return all
}

func (f fields) JSON(path string) []byte { return rawAt(f.r.raw, path) }
