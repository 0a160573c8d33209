package app

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// Question is one request with the policies that apply to it, as a line of
// `holdfast iam decide` has it. docs/iam describes the format.
type Question struct {
	ID       jsontext.Value // as it was given; nil where there is none
	Request  *iam.Request
	Policies iam.Policies
}

// questionLine is the shape of a line. Members that are not known at its top are
// passed over, for notes of the caller's own; deeper down they are refused, since
// a misspelt layer would be one that does not limit.
type questionLine struct {
	ID         jsontext.Value `json:"id"`
	Request    jsontext.Value `json:"request"`
	Policies   jsontext.Value `json:"policies"`
	Management bool           `json:"managementAccount"`
}

type requestLine struct {
	Principal       jsontext.Value            `json:"principal"`
	Action          string                    `json:"action"`
	Resource        string                    `json:"resource"`
	ResourceAccount string                    `json:"resourceAccount"`
	Context         map[string]jsontext.Value `json:"context"`
	Unknown         []string                  `json:"unknown"`
	Present         []string                  `json:"present"`
}

// Questions reads lines; it remembers the policies it has compiled, and is safe
// for concurrent use.
type Questions struct{ compiled compiledPolicies }

// NewQuestions remembers nothing yet.
func NewQuestions() *Questions { return &Questions{newCompiledPolicies()} }

// Parse reads one line. The id is set as soon as it could be read, so that an
// error can be given to its owner.
func (q *Questions) Parse(line []byte) (Question, error) {
	var out Question
	var l questionLine
	if err := unmarshal(line, &l, false); err != nil {
		out.ID = idOf(line)
		return out, err
	}
	out.ID = l.ID
	var r requestLine
	if err := member("request", l.Request, &r); err != nil {
		return out, err
	}
	principal, err := principalOf(r.Principal)
	if err != nil {
		return out, fmt.Errorf("request.principal: %w", err)
	}
	spec := iam.Request{Principal: principal, Action: r.Action, Resource: r.Resource, Account: resourceAccount(&r, principal)}
	if l.Management {
		principal.Management, spec.Management = true, spec.Account == principal.Account
	}
	if spec.Context, err = contextOf(&r); err != nil {
		return out, fmt.Errorf("request.context: %w", err)
	}
	if out.Request, err = iam.NewRequest(spec); err != nil {
		return out, fmt.Errorf("request: %w", err)
	}
	out.Policies, err = q.policies(l.Policies)
	return out, err
}

// idOf finds the id in a line that is wrong elsewhere.
func idOf(line []byte) jsontext.Value {
	d := jsontext.NewDecoder(bytes.NewReader(line))
	if token, err := d.ReadToken(); err != nil || token.Kind() != '{' {
		return nil
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil
		}
		isID := name.String() == "id"
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if isID {
			return value.Clone()
		}
	}
	return nil
}

// unmarshal reads JSON into a struct, and says what is wrong where in few words.
func unmarshal(data []byte, into any, strict bool) error {
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(strict), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.ByteOffset, syntax.Err)
	case errors.Is(err, json.ErrUnknownName) && errors.As(err, &semantic):
		return fmt.Errorf("%s is not a member that it has", semantic.JSONPointer)
	case errors.As(err, &semantic):
		where := string(semantic.JSONPointer)
		if where == "" {
			return fmt.Errorf("%s where an object is expected", kindName(semantic.JSONKind))
		}
		return fmt.Errorf("%s: %s is not what is expected there", where, kindName(semantic.JSONKind))
	}
	return err
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "something else"
}

func member(name string, data jsontext.Value, into any) error {
	if len(data) == 0 {
		return fmt.Errorf("the line has no %q", name)
	}
	if err := unmarshal(data, into, true); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// principalLine is a principal that is more than an ARN.
type principalLine struct {
	Type        string            `json:"type"`
	ARN         string            `json:"arn"`
	Service     string            `json:"service"`
	Federated   string            `json:"federated"`
	UniqueID    string            `json:"uniqueId"`
	CanonicalID string            `json:"canonicalId"`
	RoleARN     string            `json:"roleArn"`
	Tags        map[string]string `json:"tags"`
	OrgID       string            `json:"orgId"`
	OrgPaths    []string          `json:"orgPaths"`
}

const principalForms = `give an ARN, {"type":"Anonymous"}, {"service":NAME}, {"federated":PROVIDER} or {"arn":ARN, …}`

func principalOf(data jsontext.Value) (*iam.Principal, error) {
	var l principalLine
	switch data.Kind() {
	case '"':
		if err := json.Unmarshal(data, &l.ARN); err != nil {
			return nil, err
		}
		if strings.EqualFold(l.ARN, "anonymous") || l.ARN == "*" {
			l = principalLine{Type: "Anonymous"}
		}
	case '{':
		if err := unmarshal(data, &l, true); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("there is none; " + principalForms)
	}
	p, err := l.principal()
	if err != nil {
		return nil, err
	}
	p.OrgSeen, p.TagsSeen = true, true // what a line does not say is not there
	return p, nil
}

func (l *principalLine) principal() (*iam.Principal, error) {
	switch {
	case strings.EqualFold(l.Type, "Anonymous"):
		return iam.Anonymous(), nil
	case l.Service != "":
		return iam.Service(l.Service), nil
	case l.Federated != "":
		return iam.Federated(l.Federated), nil
	case l.ARN == "":
		return nil, errors.New("it is not named; " + principalForms)
	}
	p, err := iam.ParsePrincipal(l.ARN)
	if err != nil {
		return nil, err
	}
	p.ID, p.CanonicalID, p.Tags, p.OrgID, p.OrgPaths = l.UniqueID, l.CanonicalID, l.Tags, l.OrgID, l.OrgPaths
	if l.RoleARN != "" {
		role, err := iam.ParsePrincipal(l.RoleARN)
		if err != nil || role.Kind != iam.KindRole || p.Kind != iam.KindSession && p.Kind != iam.KindRole {
			return nil, fmt.Errorf("roleArn %q is not the role of a session", l.RoleARN)
		}
		p.Role = l.RoleARN
	}
	return p, nil
}

// resourceAccount is the owner of the resource: as told, else as its ARN says,
// else the principal's own account.
func resourceAccount(r *requestLine, p *iam.Principal) string {
	if r.ResourceAccount != "" {
		return r.ResourceAccount
	}
	if a, ok := policy.SplitARN(r.Resource); ok && a.Account != "" && a.Account != "aws" {
		return a.Account
	}
	return p.Account
}

// contextOf reads condition keys: a list of values each, or one value.
func contextOf(r *requestLine) (*iam.Context, error) {
	c := &iam.Context{}
	for key, data := range r.Context {
		values, err := scalars(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		c.Set(key, values...)
	}
	for _, key := range r.Present {
		c.Mark(key, iam.Present)
	}
	for _, key := range r.Unknown {
		c.Mark(key, iam.Unseen)
	}
	return c, nil
}

func scalars(data jsontext.Value) ([]string, error) {
	switch data.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(data, &s)
		return []string{s}, err
	case '0', 't', 'f':
		return []string{string(data)}, nil
	case '[':
		var list []jsontext.Value
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, err
		}
		out := make([]string, 0, len(list))
		for _, e := range list {
			if e.Kind() == '[' {
				return nil, errors.New("a list in a list is no value")
			}
			one, err := scalars(e)
			if err != nil {
				return nil, err
			}
			out = append(out, one...)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%s is no value; give a string or a list of strings, and list keys that are not known under \"unknown\"", kindName(data.Kind()))
}
