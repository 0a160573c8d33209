package lake

import "time"

// Column is a text of an event that the lake keeps in a column of its own.
type Column uint8

// The columns, with their OCSF names.
const (
	ID            Column = iota // metadata.uid: the event's id
	Operation                   // api.operation: GetObject
	Service                     // api.service.name: s3.amazonaws.com
	Error                       // api.response.error
	Message                     // api.response.message
	Account                     // cloud.account.uid: the account the event is about
	Region                      // cloud.region
	Organisation                // cloud.org.uid
	Actor                       // actor.user.uid: the ARN of who did it
	ActorType                   // actor.user.type: AssumedRole
	ActorID                     // actor.user.uid_alt: the principal id
	ActorName                   // actor.user.name
	ActorAccount                // actor.user.account.uid
	AccessKey                   // actor.user.credential_uid
	Issuer                      // actor.session.issuer: the ARN of the role of a session
	MFA                         // actor.session.is_mfa: true or false
	App                         // actor.app_name: the service that called on somebody's behalf
	SourceIP                    // src_endpoint.ip
	SourceName                  // src_endpoint.domain: where the source is no address
	Endpoint                    // src_endpoint.uid: the VPC endpoint
	UserAgent                   // http_request.user_agent
	Version                     // metadata.product.version: eventVersion
	Category                    // metadata.product.feature.name: Management, Data, …
	EventType                   // metadata.event_code: AwsApiCall
	ReadOnly                    // unmapped.readOnly: true or false
	Management                  // unmapped.managementEvent: true or false
	Shared                      // unmapped.sharedEventID
	Original                    // unmapped.originalEventID: of the event that this one corrects
	ResourceARN                 // resources[].uid
	ResourceType                // resources[].type
	ResourceOwner               // resources[].owner.account.uid
	columns
	firstOfResource = ResourceARN
)

// Row is one event on its way into the lake. Its memory is the caller's again when
// Append returns.
type Row struct {
	Time      time.Time
	Text      [firstOfResource][]byte // by Column; empty is absent
	Resources []Resource
	Raw       []byte // the record as it was read
}

// Resource is one that a record names.
type Resource struct{ ARN, Type, Account []byte }
