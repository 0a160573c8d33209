package cloudtrail

import "encoding/binary"

// A Field is a member of a record that is found while the record is cut out of its
// file, so that reading it costs nothing more. Every other member is found by
// looking through the record (Record.Get).
type Field uint8

// The members of a record, as the CloudTrail User Guide lists them ("CloudTrail
// record contents"), and those of its userIdentity that rules ask for.
const (
	none Field = iota
	EventVersion
	EventTime
	EventSource
	EventName
	EventID
	EventType
	EventCategory
	AWSRegion
	SourceIPAddress
	UserAgent
	ErrorCode
	ErrorMessage
	RequestParameters
	ResponseElements
	AdditionalEventData
	RequestID
	ReadOnly
	ManagementEvent
	Resources
	RecipientAccountID
	ServiceEventDetails
	SharedEventID
	VPCEndpointID
	Addendum
	APIVersion
	TLSDetails
	SessionFromConsole
	VPCEndpointAccountID
	InsightDetails
	EventContext
	EdgeDeviceDetails
	UserIdentity
	IdentityType
	IdentityPrincipalID
	IdentityARN
	IdentityAccountID
	IdentityAccessKeyID
	IdentityUserName
	IdentitySession
	IdentityInvokedBy
	IdentityProvider
	IdentityCredentialID
	IdentityOnBehalfOf
	IdentityInScopeOf
	IssuerType // of userIdentity.sessionContext.sessionIssuer
	IssuerPrincipalID
	IssuerARN
	IssuerAccountID
	IssuerUserName
	SessionMFA // userIdentity.sessionContext.attributes.mfaAuthenticated
	SessionCreated
	sessionIssuer
	sessionAttributes
	lookedUp    // CloudTrailEvent of what LookupEvents answers
	listRecords // the lists that hold records
	listLower
	listEvents
	fields // how many there are
)

// recordKeys and the others know the names of the fields, each of one object.
var (
	recordKeys = newKeys(map[string]Field{
		"eventVersion": EventVersion, "eventTime": EventTime, "eventSource": EventSource, "eventName": EventName, "eventID": EventID,
		"eventType": EventType, "eventCategory": EventCategory, "awsRegion": AWSRegion, "sourceIPAddress": SourceIPAddress, "userAgent": UserAgent,
		"errorCode": ErrorCode, "errorMessage": ErrorMessage, "requestParameters": RequestParameters, "responseElements": ResponseElements,
		"additionalEventData": AdditionalEventData, "requestID": RequestID, "readOnly": ReadOnly, "managementEvent": ManagementEvent,
		"resources": Resources, "recipientAccountId": RecipientAccountID, "serviceEventDetails": ServiceEventDetails, "sharedEventID": SharedEventID,
		"vpcEndpointId": VPCEndpointID, "addendum": Addendum, "userIdentity": UserIdentity,
		"apiVersion": APIVersion, "tlsDetails": TLSDetails, "sessionCredentialFromConsole": SessionFromConsole, "vpcEndpointAccountId": VPCEndpointAccountID,
		"insightDetails": InsightDetails, "eventContext": EventContext, "edgeDeviceDetails": EdgeDeviceDetails,
		"CloudTrailEvent": lookedUp, "Records": listRecords, "records": listLower, "Events": listEvents,
	}, EventVersion, UserIdentity, EventTime, EventSource, EventName, AWSRegion, SourceIPAddress, UserAgent, RequestParameters, ResponseElements,
		RequestID, EventID, ReadOnly, EventType, ManagementEvent, RecipientAccountID, EventCategory, TLSDetails).
		sometimes(UserAgent, ErrorCode, ErrorMessage).sometimes(ResponseElements, AdditionalEventData).sometimes(ReadOnly, Resources)
	identityKeys = newKeys(map[string]Field{
		"type": IdentityType, "principalId": IdentityPrincipalID, "arn": IdentityARN, "accountId": IdentityAccountID,
		"accessKeyId": IdentityAccessKeyID, "userName": IdentityUserName, "sessionContext": IdentitySession, "invokedBy": IdentityInvokedBy,
		"identityProvider": IdentityProvider, "credentialId": IdentityCredentialID, "onBehalfOf": IdentityOnBehalfOf, "inScopeOf": IdentityInScopeOf,
	}, IdentityType, IdentityPrincipalID, IdentityARN, IdentityAccountID, IdentityAccessKeyID, IdentitySession)
	sessionKeys = newKeys(map[string]Field{
		"sessionIssuer": sessionIssuer, "attributes": sessionAttributes,
	}, sessionIssuer, sessionAttributes)
	issuerKeys = newKeys(map[string]Field{
		"type": IssuerType, "principalId": IssuerPrincipalID, "arn": IssuerARN, "accountId": IssuerAccountID, "userName": IssuerUserName,
	}, IssuerType, IssuerPrincipalID, IssuerARN, IssuerAccountID, IssuerUserName)
	attributeKeys = newKeys(map[string]Field{
		"mfaAuthenticated": SessionMFA, "creationDate": SessionCreated,
	}, SessionCreated, SessionMFA)
)

// inner is an object whose members are fields too: those from first to last.
type inner struct {
	keys        *keys
	first, last Field
}

// inners has the objects by their own field.
var inners = [fields]*inner{
	UserIdentity:      {identityKeys, IdentityType, sessionAttributes},
	IdentitySession:   {sessionKeys, IssuerType, sessionAttributes},
	sessionIssuer:     {issuerKeys, IssuerType, IssuerUserName},
	sessionAttributes: {attributeKeys, SessionMFA, SessionCreated},
}

// keys finds a field by its name with one probe: a table without collisions over
// length, first, last and one byte between.
type keys struct {
	a, b  uint
	slots [256]Field
	names [fields]string
	// next is the field that mostly follows, instead the one that does now and then, and
	// ahead how they then stand in the text.
	next, instead [fields]Field
	ahead         [fields]ahead
}

// ahead is a name with quotes and colon, in words under masks, to be compared without
// a branch; all zero masks are no name.
type ahead struct {
	n          int
	word, mask [3]uint64
}

// aheadMost is what the words hold.
const aheadMost = 3 * 8

func aheadOf(name string) (a ahead) {
	text := `"` + name + `":`
	if len(text) > aheadMost {
		return a
	}
	var word, mask [aheadMost]byte
	a.n = copy(word[:], text)
	for i := range a.n {
		mask[i] = 0xff
	}
	for i := range a.word {
		a.word[i], a.mask[i] = binary.LittleEndian.Uint64(word[8*i:]), binary.LittleEndian.Uint64(mask[8*i:])
	}
	return a
}

// at tells whether text of at least aheadMost bytes starts with the name.
func (a *ahead) at(b []byte) bool {
	_ = b[aheadMost-1]
	return (binary.LittleEndian.Uint64(b)^a.word[0])&a.mask[0]|
		(binary.LittleEndian.Uint64(b[8:])^a.word[1])&a.mask[1]|
		(binary.LittleEndian.Uint64(b[16:])^a.word[2])&a.mask[2] == 0
}

func (k *keys) slot(key []byte) uint {
	n := uint(len(key))
	return (n + uint(key[0])*k.a + uint(key[n*3/4])*k.b + uint(key[n-1])*5) & 255
}

// of gives none for what is no field.
func (k *keys) of(key []byte) Field {
	if len(key) < 3 {
		return none
	}
	if f := k.slots[k.slot(key)]; string(key) == k.names[f] {
		return f
	}
	return none
}

// newKeys looks for factors with which no two names meet; a test sees to it that
// there are some. The order is the one in which CloudTrail writes the fields.
func newKeys(known map[string]Field, order ...Field) *keys {
	k := &keys{}
	for k.a = 1; k.a < 64; k.a++ {
		for k.b = 1; k.b < 64; k.b++ {
			if k.fill(known) {
				k.follow(order)
				return k
			}
		}
	}
	return k
}

// follow prepares the guesses that spare most keys a closer look.
func (k *keys) follow(order []Field) {
	before := none
	for _, f := range order {
		k.next[before], k.ahead[f] = f, aheadOf(k.names[f])
		before = f
	}
}

// sometimes says that a field may come between another and the one behind that.
func (k *keys) sometimes(behind Field, between ...Field) *keys {
	next := k.next[behind]
	k.instead[behind] = between[0]
	for i, f := range between {
		k.ahead[f], k.next[f] = aheadOf(k.names[f]), next
		if i > 0 {
			k.next[between[i-1]] = f
		}
	}
	return k
}

func (k *keys) fill(known map[string]Field) bool {
	k.slots, k.names = [256]Field{}, [fields]string{}
	for name, f := range known {
		s := k.slot([]byte(name))
		if k.slots[s] != none {
			return false
		}
		k.slots[s], k.names[f] = f, name
	}
	return true
}
