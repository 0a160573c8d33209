package app

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// policies reads every layer.
func (q *Questions) policies(data jsontext.Value) (iam.Policies, error) {
	var out iam.Policies
	switch data.Kind() {
	case '{':
	case 'n', jsontext.KindInvalid:
		return out, nil
	default:
		return out, fmt.Errorf("policies: %s where an object is expected", kindName(data.Kind()))
	}
	err := members(data, func(name string, value jsontext.Value) (bool, error) {
		var err error
		switch name {
		case "identity":
			var set *iam.Set
			if set, err = q.set(name, value); set != nil {
				out.Identity = *set
			}
		case "boundary":
			out.Boundary, err = q.set(name, value)
		case "session":
			out.Session, err = q.set(name, value)
		case "resource":
			out.Resource, err = q.set(name, value)
		case "endpoint":
			out.Endpoint, err = q.set(name, value)
		case "scps":
			out.SCPs, err = q.levels(name, value)
		case "rcps":
			out.RCPs, err = q.levels(name, value)
		default:
			err = unknownMember("policies", name)
		}
		return true, err
	})
	return out, err
}

// unseen stands in place of a policy, a list or a level that was not seen.
const unseenWord = `"unknown"`

func isUnseen(data jsontext.Value) bool { return string(data) == unseenWord }

// absent tells whether a layer is not there: left out, null or an empty list.
func absent(data jsontext.Value) bool {
	return len(data) == 0 || data.Kind() == 'n' || data.Kind() == '[' && len(bytes.TrimSpace(data[1:len(data)-1])) == 0
}

// set reads the policies of a layer; nil where the layer is not there.
func (q *Questions) set(name string, data jsontext.Value) (*iam.Set, error) {
	if absent(data) {
		return nil, nil
	}
	set := &iam.Set{}
	return set, q.fill(set, name, data)
}

// fill adds policies to a set: a list, or one by itself.
func (q *Questions) fill(set *iam.Set, name string, data jsontext.Value) error {
	if isUnseen(data) {
		set.Unseen = "the line says that " + name + " is unknown"
		return nil
	}
	if data.Kind() != '[' {
		return q.one(set, name, name, data)
	}
	return elements(data, func(i int, e jsontext.Value) error {
		where := name + "[" + strconv.Itoa(i) + "]"
		if isUnseen(e) {
			set.Unseen = "the line says that " + where + " is unknown"
			return nil
		}
		return q.one(set, where, where, e)
	})
}

// one reads a policy, by itself or with its name; as an object, or as JSON in a
// string.
func (q *Questions) one(set *iam.Set, name, where string, data jsontext.Value) error {
	body := data
	if data.Kind() == '{' {
		given, inside, err := named(where, data)
		if err != nil {
			return err
		}
		if inside != nil {
			body = inside
		}
		if given != "" {
			name = given
		}
	}
	switch {
	case isUnseen(body):
		set.Unseen = "the line says that " + where + " is unknown"
		return nil
	case body.Kind() == '"':
		var s string
		if err := json.Unmarshal(body, &s); err != nil {
			return err
		}
		body = jsontext.Value(s)
	case body.Kind() != '{':
		return fmt.Errorf("policies.%s: %s where a policy is expected", where, kindName(body.Kind()))
	}
	p, err := q.compiled.get(name, body)
	if err != nil {
		return fmt.Errorf("policies.%s (%s): %w", where, name, err)
	}
	if err := incomplete(where, p.Doc); err != nil {
		return fmt.Errorf("policies.%s (%s): the policy is not valid: %w", where, name, err)
	}
	set.Policies = append(set.Policies, p)
	return nil
}

// incomplete refuses statements that do not say whom or what they are about where
// AWS wants them to: nobody can say what they do. Resource control and endpoint
// policies without Principal are about everybody.
func incomplete(where string, doc *policy.Document) error {
	resource := strings.HasPrefix(where, "resource")
	if !resource && (strings.HasPrefix(where, "rcps") || strings.HasPrefix(where, "endpoint")) {
		return nil
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		switch {
		case resource && s.Principals == nil && s.NotPrincipals == nil:
			return fmt.Errorf("its Statement[%d] has no Principal; the policy of a resource has to say whom it is about", i)
		case !resource && s.Resources == nil && s.NotResources == nil:
			return fmt.Errorf("its Statement[%d] has neither Resource nor NotResource; name ARNs, or \"*\"", i)
		}
	}
	return nil
}

// named takes {"name", "policy"} apart; the policy is nil where the object is one
// itself, which its members tell. Labels that lists of policies usually have are
// taken along.
func named(where string, data jsontext.Value) (name string, inside jsontext.Value, err error) {
	return labelled(where, data, "name", "policy")
}

// labelled takes an object apart that gives a name to something, the content;
// which is nil where the object has neither and so is the content itself.
func labelled(where string, data jsontext.Value, label, content string) (name string, inside jsontext.Value, err error) {
	known, unknown := false, ""
	err = members(data, func(member string, value jsontext.Value) (bool, error) {
		switch member {
		case label:
			known = true
			if value.Kind() != '"' {
				name = string(value)
				return true, nil
			}
			return true, json.Unmarshal(value, &name)
		case content:
			known, inside = true, value
		case "name", "node", "id", "arn", "type":
			if name == "" && value.Kind() == '"' && member != "type" {
				return true, json.Unmarshal(value, &name)
			}
		case "Version", "Statement":
			return false, nil // a policy
		default:
			unknown = member
		}
		return true, nil
	})
	switch {
	case err != nil:
		return "", nil, fmt.Errorf("policies.%s: %w", where, err)
	case known && unknown != "":
		return "", nil, unknownMember("policies."+where, unknown)
	case known && inside == nil && content == "policy":
		return "", nil, fmt.Errorf("policies.%s: it has a name and no policy", where)
	case known && inside == nil:
		inside = jsontext.Value("[]")
	}
	return name, inside, nil
}

// levels reads SCPs or RCPs, from the root down. A level is an object, or a list
// of policies or one policy by itself.
func (q *Questions) levels(name string, data jsontext.Value) ([]iam.Set, error) {
	switch {
	case absent(data):
		return nil, nil
	case isUnseen(data):
		return []iam.Set{{Unseen: "the line says that " + name + " are unknown"}}, nil
	case data.Kind() == '{': // one level by itself
		data = slices.Concat(jsontext.Value("["), data, jsontext.Value("]"))
	case data.Kind() != '[':
		return nil, fmt.Errorf("policies.%s: %s where a list of levels is expected", name, kindName(data.Kind()))
	}
	var out []iam.Set
	err := elements(data, func(i int, e jsontext.Value) error {
		where := name + "[" + strconv.Itoa(i) + "]"
		set := iam.Set{Node: where}
		if e.Kind() == '{' {
			node, policies, err := level(where, e)
			if err != nil {
				return err
			}
			if node != "" {
				set.Node = node
			}
			if policies != nil {
				e, where = policies, where+".policies"
			}
		}
		// Unlike other layers a level without policies is one that allows nothing.
		if !absent(e) {
			if err := q.fill(&set, where, e); err != nil {
				return err
			}
		}
		out = append(out, set)
		return nil
	})
	return out, err
}

// level takes {"node", "policies"} apart; the policies are nil where the object
// is a policy itself, with or without a name.
func level(where string, data jsontext.Value) (node string, policies jsontext.Value, err error) {
	single := false
	err = members(data, func(member string, _ jsontext.Value) (bool, error) {
		single = member == "policy" || member == "Version" || member == "Statement"
		return !single, nil
	})
	if err != nil || single {
		return "", nil, err
	}
	return labelled(where, data, "node", "policies")
}
