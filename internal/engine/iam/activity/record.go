package activity

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Record is what of a CloudTrail record matters to authorization.
type Record struct {
	EventID              string
	EventTime            string
	EventSource          string
	EventName            string
	EventType            string
	EventCategory        string
	AWSRegion            string
	SourceIPAddress      string
	UserAgent            string
	ErrorCode            string
	ErrorMessage         string
	RecipientAccountID   string
	VPCEndpointID        string
	VPCEndpointAccountID string
	ManagementEvent      *bool
	UserIdentity         Identity
	TLSDetails           *TLS
	Resources            []Resource
	RequestParameters    any
	ResponseElements     any
	EventContext         *EventContext
}

// Identity is who made the request.
type Identity struct {
	Type             string
	PrincipalID      string
	ARN              string
	AccountID        string
	AccessKeyID      string
	UserName         string
	InvokedBy        string
	IdentityProvider string
	SessionContext   *Session
}

// Session is of temporary credentials.
type Session struct {
	Attributes struct {
		CreationDate     string
		MFAAuthenticated flexible
	}
	SessionIssuer struct {
		Type, PrincipalID, ARN, AccountID, UserName string
	}
	WebIDFederationData struct {
		FederatedProvider string
	}
	SourceIdentity  string
	EC2RoleDelivery flexible
	AssumedRoot     flexible
}

// TLS is how the connection was secured.
type TLS struct{ TLSVersion string }

// Resource is one thing the record names.
type Resource struct {
	ARN       string
	AccountID string
	Type      string
}

// EventContext is what enriched events add.
type EventContext struct {
	RequestContext map[string]any
	TagContext     struct {
		PrincipalTags any
		ResourceTags  []struct {
			ARN  string
			Tags any
		}
	}
}

// flexible is a text that some records write as a boolean or a number.
type flexible string

func (f *flexible) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*f = flexible(s)
	} else if s := string(b); s != "null" && !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") {
		*f = flexible(s)
	}
	return nil
}

// Parse reads a record. Fields of unexpected types are left empty; the text has to
// be a JSON object.
func Parse(raw []byte) (*Record, error) {
	var r Record
	err := json.Unmarshal(raw, &r)
	if mistyped := (*json.UnmarshalTypeError)(nil); errors.As(err, &mistyped) && mistyped.Field != "" {
		err = nil // the decoder went on with the other fields
	}
	if err != nil {
		return nil, fmt.Errorf("reading a CloudTrail record: %w", err)
	}
	return &r, nil
}

// Time is when the event happened; zero where the record does not say.
func (r *Record) Time() time.Time {
	at, err := time.Parse(time.RFC3339, r.EventTime)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// caller is the account that the principal is of.
func (r *Record) caller() string {
	if id := &r.UserIdentity; id.AccountID != "" {
		return id.AccountID
	} else if s := id.SessionContext; s != nil && s.SessionIssuer.AccountID != "" {
		return s.SessionIssuer.AccountID
	}
	return r.RecipientAccountID
}

// account is the one whose resources an event without further word is about.
func (r *Record) account() string {
	if r.RecipientAccountID != "" {
		return r.RecipientAccountID
	}
	return r.caller()
}

// partition is the part of AWS the event happened in.
func (r *Record) partition() string {
	if rest, ok := strings.CutPrefix(r.UserIdentity.ARN, "arn:"); ok {
		if p, _, ok := strings.Cut(rest, ":"); ok && p != "" {
			return p
		}
	}
	switch {
	case strings.HasPrefix(r.AWSRegion, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(r.AWSRegion, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// params are the request's parameters.
func (r *Record) params() map[string]any {
	m, _ := r.RequestParameters.(map[string]any)
	return m
}

// param is the text of the first of these parameters that has one, whatever the
// case of their names.
func (r *Record) param(names ...string) string {
	for _, name := range names {
		for _, v := range textsAt(r.params(), name) {
			return v
		}
	}
	return ""
}

// deepest bounds how deep parameters are looked into.
const deepest = 8

// textsAt are the texts at a path like "target.roleArn" in parameters: names in any
// letter case, lists and their "items" wrappers gone through.
func textsAt(v any, path string) []string {
	var parts []string
	if path != "" {
		parts = strings.Split(path, ".")
	}
	return collect(nil, v, parts, 0)
}

func collect(out []string, v any, path []string, depth int) []string {
	if depth > deepest {
		return out
	}
	switch v := v.(type) {
	case string:
		if len(path) == 0 && v != "" {
			out = append(out, v)
		}
	case []any:
		for _, e := range v {
			out = collect(out, e, path, depth+1)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch {
			case len(path) > 0 && strings.EqualFold(key, path[0]):
				out = collect(out, v[key], path[1:], depth+1)
			case wrapper(key):
				out = collect(out, v[key], path, depth+1)
			}
		}
	}
	return out
}

// wrapper tells whether a member only holds what its parent is about, as the XML
// of some services became JSON.
func wrapper(key string) bool {
	return key == "items" || key == "item" || key == "content" || key == "member"
}

// leaf is one text among the parameters and the name it stands under.
type leaf struct{ name, value string }

// leaves are the texts of the request's parameters that may name resources. Policy
// documents, tags and filters name some that the request is not on.
func (r *Record) leaves() []leaf {
	out := appendLeaves(nil, "", r.params(), 0)
	if items, ok := r.params()["requestItems"].(map[string]any); ok { // of Amazon DynamoDB, by table
		for _, table := range slices.Sorted(maps.Keys(items)) {
			out = append(out, leaf{"tableName", table})
		}
	}
	return out
}

func appendLeaves(out []leaf, name string, v any, depth int) []leaf {
	const most = 2000
	if depth > deepest || len(out) >= most {
		return out
	}
	switch v := v.(type) {
	case string:
		if v != "" && len(v) <= 2048 {
			out = append(out, leaf{name, v})
		}
	case []any:
		for _, e := range v {
			out = appendLeaves(out, name, e, depth+1)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if aside(key) {
				continue
			}
			inner := key
			if wrapper(key) {
				inner = name
			}
			out = appendLeaves(out, inner, v[key], depth+1)
		}
	}
	return out
}

// aside tells whether a parameter holds no resource that the request is on.
func aside(key string) bool {
	key = strings.ToLower(key)
	if strings.HasSuffix(key, "arn") || strings.HasSuffix(key, "arns") {
		return false
	}
	for _, word := range []string{"filter", "tagspecification", "policydocument", "bucketpolicy", "description", "token", "userdata", "template"} {
		if strings.Contains(key, word) {
			return !strings.Contains(key, "launchtemplate")
		}
	}
	switch key {
	case "tags", "tagset", "tagging", "tagslist", "tagkeys", "policy", "environment", "parameters", "ippermissions":
		return true
	}
	return false
}
