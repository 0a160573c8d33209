package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// contextOf reads condition keys: a list of values each, or one value.
func contextOf(r *requestLine) (*iam.Context, error) {
	c := &iam.Context{}
	switch r.Context.Kind() {
	case '{':
	case 'n', jsontext.KindInvalid:
	default:
		return nil, fmt.Errorf("context: %s where an object of condition keys is expected", kindName(r.Context.Kind()))
	}
	if r.Context.Kind() == '{' {
		err := members(r.Context, func(key string, data jsontext.Value) (bool, error) {
			values, err := scalars(data)
			if err != nil {
				return false, fmt.Errorf("context: %s: %w", key, err)
			}
			c.Set(key, values...)
			return true, nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, marked := range []struct {
		name  string
		keys  jsontext.Value
		state iam.State
	}{{"present", r.Present, iam.Present}, {"unknown", r.Unknown, iam.Unseen}} {
		if k := marked.keys.Kind(); k == 'n' || k == jsontext.KindInvalid {
			continue
		}
		keys, err := scalars(marked.keys)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", marked.name, err)
		}
		for _, key := range keys {
			c.Mark(key, marked.state)
		}
	}
	return c, nil
}

// complete takes from the context what it tells about the caller, and notes as
// absent what the caller has for sure and the line does not tell: with nothing
// listed under "unknown" every question has an answer.
func complete(spec *iam.Request) {
	p, c := spec.Principal, spec.Context
	if p.Kind == iam.KindSession || p.Kind == iam.KindRole {
		// The ARN of a session leaves out the path of its role.
		if role, ok := c.Value("aws:PrincipalArn"); ok && strings.HasSuffix(role, p.Role[strings.LastIndexByte(p.Role, '/'):]) {
			if told, err := iam.ParsePrincipal(role); err == nil && told.Kind == iam.KindRole && told.Account == p.Account {
				p.Role = role
			}
		}
	}
	id, told := c.Value("aws:userid")
	switch {
	case told && p.ID == "":
		p.ID, _, _ = strings.Cut(id, ":")
	case p.ID == "" && !c.Has("aws:userid") && (p.Kind == iam.KindUser || p.Kind == iam.KindRole || p.Kind == iam.KindSession):
		c.Mark("aws:userid", iam.Absent)
	}
	if spec.Account == "" && !c.Has("aws:ResourceAccount") {
		c.Mark("aws:ResourceAccount", iam.Absent)
	}
}

func scalars(data jsontext.Value) ([]string, error) {
	switch data.Kind() {
	case '"':
		var s string
		err := json.Unmarshal(data, &s, jsontext.AllowInvalidUTF8(true))
		return []string{s}, err
	case '0', 't', 'f':
		return []string{string(data)}, nil
	case '[':
		out := []string{}
		err := elements(data, func(_ int, e jsontext.Value) error {
			if e.Kind() == '[' {
				return errors.New("a list in a list is no value")
			}
			one, err := scalars(e)
			out = append(out, one...)
			return err
		})
		return out, err
	}
	return nil, fmt.Errorf("%s is no value; give a string or a list of strings, and list keys that are not known under \"unknown\"", kindName(data.Kind()))
}
