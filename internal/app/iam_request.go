package app

import (
	"bytes"
	"errors"
	"fmt"

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
	Request    span           `json:"request"`
	Policies   span           `json:"policies"`
	Management bool           `json:"managementAccount"`
}

type requestLine struct {
	Principal       jsontext.Value `json:"principal"`
	Action          string         `json:"action"`
	Resource        string         `json:"resource"`
	ResourceAccount jsontext.Value `json:"resourceAccount"`
	Context         jsontext.Value `json:"context"`
	Unknown         jsontext.Value `json:"unknown"`
	Present         jsontext.Value `json:"present"`

	account string // ResourceAccount, read
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
	if err := member("request", l.Request.of(line), &r); err != nil {
		return out, err
	}
	principal, err := principalOf(r.Principal)
	if err != nil {
		return out, fmt.Errorf("request.principal: %w", err)
	}
	if r.account, err = accountOf(r.ResourceAccount); err != nil {
		return out, fmt.Errorf("request.resourceAccount: %w", err)
	}
	spec := iam.Request{Principal: principal, Action: r.Action, Resource: r.Resource, Account: resourceAccount(&r, principal)}
	if l.Management {
		// Of who has no account, it is the resource's that is meant.
		principal.Management, spec.Management = true, principal.Account == "" || spec.Account == principal.Account
	}
	if spec.Context, err = contextOf(&r); err != nil {
		return out, fmt.Errorf("request.%w", err)
	}
	complete(&spec)
	if out.Request, err = iam.NewRequest(spec); err != nil {
		return out, fmt.Errorf("request: %w", err)
	}
	out.Policies, err = q.policies(l.Policies.of(line))
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
	err := json.Unmarshal(data, into, json.RejectUnknownMembers(strict), json.MatchCaseInsensitiveNames(true), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
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

// resourceAccount is the owner of the resource: as told, else as its ARN says,
// else the principal's own account.
func resourceAccount(r *requestLine, p *iam.Principal) string {
	if r.account != "" {
		return r.account
	}
	if a, ok := policy.SplitARN(r.Resource); ok && a.Account != "" && a.Account != "aws" {
		return a.Account
	}
	return p.Account
}

// accountOf reads an account's number, which some write without quotes.
func accountOf(data jsontext.Value) (string, error) {
	switch data.Kind() {
	case 'n', jsontext.KindInvalid:
		return "", nil
	case '0':
		return string(data), nil
	case '"':
		var s string
		err := json.Unmarshal(data, &s)
		return s, err
	}
	return "", fmt.Errorf("%s where the number of an account is expected", kindName(data.Kind()))
}
