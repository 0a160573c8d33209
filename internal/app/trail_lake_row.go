package app

import (
	"strings"

	"holdfast.dev/holdfast/internal/source/cloudtrail"
	"holdfast.dev/holdfast/internal/store/lake"
)

// LakeRows makes rows of the lake out of records. Everything it gives is part of the
// record, or valid until the next row. It belongs to one goroutine.
type LakeRows struct {
	row  lake.Row
	file string // of which org is known
	org  []byte
}

// lakeFields are the columns that are members of a record as they are.
var lakeFields = []struct {
	column lake.Column
	field  cloudtrail.Field
}{
	{lake.ID, cloudtrail.EventID}, {lake.Operation, cloudtrail.EventName}, {lake.Service, cloudtrail.EventSource},
	{lake.Error, cloudtrail.ErrorCode}, {lake.Message, cloudtrail.ErrorMessage}, {lake.Region, cloudtrail.AWSRegion},
	{lake.Actor, cloudtrail.IdentityARN}, {lake.ActorType, cloudtrail.IdentityType}, {lake.ActorID, cloudtrail.IdentityPrincipalID},
	{lake.ActorName, cloudtrail.IdentityUserName}, {lake.ActorAccount, cloudtrail.IdentityAccountID},
	{lake.AccessKey, cloudtrail.IdentityAccessKeyID}, {lake.Issuer, cloudtrail.IssuerARN}, {lake.App, cloudtrail.IdentityInvokedBy}, {lake.Endpoint, cloudtrail.VPCEndpointID},
	{lake.UserAgent, cloudtrail.UserAgent}, {lake.Version, cloudtrail.EventVersion}, {lake.Category, cloudtrail.EventCategory},
	{lake.EventType, cloudtrail.EventType}, {lake.Shared, cloudtrail.SharedEventID},
}

// Of makes the row of a record of a file.
func (l *LakeRows) Of(file string, r *cloudtrail.Record) *lake.Row {
	row := &l.row
	row.Time, row.Raw, row.Resources = r.Time(), r.Raw(), row.Resources[:0]
	r.Plain() // asked once, it spares looking for escapes in each text
	for _, f := range lakeFields {
		row.Text[f.column] = r.Text(f.field)
	}
	if file != l.file {
		l.file, l.org = file, organisationOf(file)
	}
	row.Text[lake.Organisation] = l.org
	row.Text[lake.Account] = r.Account()
	row.Text[lake.MFA] = truth(r.Value(cloudtrail.SessionMFA))
	row.Text[lake.SourceIP], row.Text[lake.SourceName] = nil, nil
	if source := r.Text(cloudtrail.SourceIPAddress); address(source) {
		row.Text[lake.SourceIP] = source
	} else {
		row.Text[lake.SourceName] = source
	}
	row.Text[lake.ReadOnly] = truth(r.Value(cloudtrail.ReadOnly))
	row.Text[lake.Management] = truth(r.Value(cloudtrail.ManagementEvent))
	row.Text[lake.Original] = nil
	if corrects := r.Corrects(); corrects != "" {
		row.Text[lake.Original] = []byte(corrects)
	}
	l.resources(r)
	return row
}

func (l *LakeRows) resources(r *cloudtrail.Record) {
	v := r.Value(cloudtrail.Resources)
	if v.Type() != cloudtrail.Array {
		return
	}
	const most = 1000 // of one record; CloudTrail names a handful
	for e := range v.Elements() {
		var res lake.Resource
		for name, m := range e.Members() {
			switch name {
			case "ARN", "arn":
				res.ARN = m.Bytes()
			case "type":
				res.Type = m.Bytes()
			case "accountId":
				res.Account = m.Bytes()
			}
		}
		if len(l.row.Resources) < most {
			l.row.Resources = append(l.row.Resources, res)
		}
	}
}

// truth gives true or false, of old records in quotes too; nil for anything else.
func truth(v cloudtrail.Value) []byte {
	switch string(v.Raw()) {
	case "true", `"true"`:
		return yes
	case "false", `"false"`:
		return no
	}
	return nil
}

var yes, no = []byte("true"), []byte("false")

// address tells an IP address from the name of a service, which CloudTrail writes in the
// same place.
func address(v []byte) bool {
	colon, dots := false, 0
	for _, c := range v {
		switch {
		case c == ':':
			colon = true
		case c == '.':
			dots++
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			if dots > 0 {
				return false
			}
		default:
			return false
		}
	}
	return colon || dots == 3
}

// organisationOf reads the organisation out of the place of a log file:
// …AWSLogs/o-abc/111122223333/CloudTrail/….
func organisationOf(file string) []byte {
	file = strings.ReplaceAll(file, `\`, "/")
	for rest := file; ; {
		_, after, ok := strings.Cut(rest, "AWSLogs/")
		if !ok {
			return nil
		}
		if org, _, ok := strings.Cut(after, "/"); ok && strings.HasPrefix(org, "o-") {
			return []byte(org)
		}
		rest = after
	}
}
