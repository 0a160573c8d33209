package iam

import (
	"strings"
	"unique"

	"holdfast.dev/holdfast/internal/kleene"
)

// keyID names the condition keys that a request has by itself, whatever its
// context says.
type keyID uint8

const (
	otherKey keyID = iota
	keyPrincipalARN
	keyPrincipalAccount
	keyPrincipalType
	keyUserName
	keyUserID
	keyPrincipalIsService
	keyPrincipalServiceName
	keyPrincipalOrgID
	keyPrincipalOrgPaths
	keyPrincipalTag
	keyResourceAccount
)

const principalTagPrefix = "aws:principaltag/"

// keyName is a condition key, in lower case.
type keyName struct {
	word word
	id   keyID
}

func keyOf(name string) keyName {
	name = strings.ToLower(name)
	return keyName{unique.Make(name), keyIDOf(name)}
}

func keyIDOf(key string) keyID {
	switch key {
	case "aws:principalarn":
		return keyPrincipalARN
	case "aws:principalaccount":
		return keyPrincipalAccount
	case "aws:principaltype":
		return keyPrincipalType
	case "aws:username":
		return keyUserName
	case "aws:userid":
		return keyUserID
	case "aws:principalisawsservice":
		return keyPrincipalIsService
	case "aws:principalservicename":
		return keyPrincipalServiceName
	case "aws:principalorgid":
		return keyPrincipalOrgID
	case "aws:principalorgpaths":
		return keyPrincipalOrgPaths
	case "aws:resourceaccount":
		return keyResourceAccount
	}
	if strings.HasPrefix(key, principalTagPrefix) {
		return keyPrincipalTag
	}
	return otherKey
}

// scope is what conditions and variables look into.
type scope struct {
	req     *Request
	bounded bool // the principal has a permissions boundary
}

// values are what a key has: one, several, or what is known instead.
type values struct {
	state State
	one   string
	many  []string // nil where there is one
}

func (v *values) len() int {
	switch {
	case v.state != Known:
		return 0
	case v.many != nil:
		return len(v.many)
	}
	return 1
}

func (v *values) at(i int) string {
	if v.many != nil {
		return v.many[i]
	}
	return v.one
}

// lookup is the state and the values of a key. What the context says comes
// first, then what the request itself tells.
func (s *scope) lookup(key keyName) values {
	if e := s.req.Context.find(key.word); e != nil {
		if e.state == Known && len(e.values) == 0 {
			return values{state: Absent} // AWS leaves out keys that have no value
		}
		if e.state == Known && len(e.values) == 1 {
			return values{state: Known, one: e.values[0]}
		}
		return values{state: e.state, many: e.values}
	}
	if key.id != otherKey {
		if v, ok := s.derive(key); ok {
			return v
		}
	}
	if s.req.Context != nil && s.req.Context.Open {
		return values{state: Unseen}
	}
	return values{state: Absent}
}

// find is the entry of a key, or nil. Contexts are short.
func (c *Context) find(key word) *entry {
	if c == nil {
		return nil
	}
	for i, w := range c.words {
		if w == key {
			return &c.entries[i]
		}
	}
	return nil
}

// derive is what a request tells about a key by itself; not ok where it tells
// nothing. Source: AWS IAM User Guide, "AWS global condition context keys".
func (s *scope) derive(key keyName) (values, bool) {
	p := s.req.Principal
	switch key.id {
	case keyPrincipalARN:
		return p.arnValue(), true
	case keyPrincipalAccount:
		if p.Kind == KindAnonymous {
			return known("anonymous"), true
		}
		return knownIf(p.Account), true
	case keyPrincipalType:
		return p.typeValue(), true
	case keyUserName:
		if p.Kind == KindUser {
			return known(p.Name), true
		}
		return values{state: Absent}, true
	case keyUserID:
		return p.userID(), true
	case keyPrincipalIsService:
		return p.isService(), true
	case keyPrincipalServiceName:
		if p.Kind == KindService {
			return known(p.Name), true
		}
		return values{state: Absent}, true
	case keyPrincipalOrgID, keyPrincipalOrgPaths, keyPrincipalTag:
		return p.attribute(key), true
	case keyResourceAccount:
		if s.req.Account == "" {
			return values{state: Unseen}, true
		}
		return known(s.req.Account), true
	}
	return values{}, false
}

// isService is aws:PrincipalIsAWSService, which requests have that are signed.
func (p *Principal) isService() values {
	switch p.Kind {
	case KindAnonymous, KindFederated:
		return values{state: Absent}
	case KindService:
		return known("true")
	}
	return known("false")
}

func known(v string) values { return values{state: Known, one: v} }

// knownIf is a value, or the absence of the key where there is none.
func knownIf(v string) values {
	if v == "" {
		return values{state: Absent}
	}
	return known(v)
}

// arnValue is aws:PrincipalArn: of a session the ARN of its role.
func (p *Principal) arnValue() values {
	switch p.Kind {
	case KindAnonymous, KindService, KindFederated:
		return values{state: Absent}
	case KindRole, KindSession:
		return known(p.Role)
	}
	return known(p.ARN)
}

func (p *Principal) typeValue() values {
	switch p.Kind {
	case KindAnonymous:
		return known("Anonymous")
	case KindUser:
		return known("User")
	case KindRole, KindSession:
		return known("AssumedRole")
	case KindFederatedUser:
		return known("FederatedUser")
	case KindRoot:
		return known("Account")
	}
	return values{state: Absent}
}

// userID is aws:userid, which everybody has. Of a role only its start is known,
// which is not enough.
func (p *Principal) userID() values {
	switch {
	case p.Kind == KindAnonymous:
		return known("anonymous")
	case p.Kind == KindRoot:
		return known(p.Account)
	case p.Kind == KindFederatedUser:
		return known(p.Account + ":" + p.Name)
	case p.Kind == KindService || p.Kind == KindFederated:
		return values{state: Absent}
	case p.ID == "" || p.Kind == KindRole:
		return values{state: Present}
	case p.Kind == KindSession:
		return known(p.ID + ":" + p.Name)
	}
	return known(p.ID)
}

// attribute is a key of the principal that may not have been collected.
func (p *Principal) attribute(key keyName) values {
	switch p.Kind {
	case KindAnonymous, KindService, KindFederated:
		return values{state: Absent}
	}
	if key.id == keyPrincipalTag {
		if !p.TagsSeen {
			return values{state: Unseen}
		}
		for name, value := range p.Tags {
			if strings.EqualFold(name, key.word.Value()[len(principalTagPrefix):]) {
				return known(value)
			}
		}
		return values{state: Absent}
	}
	switch {
	case !p.OrgSeen:
		return values{state: Unseen}
	case p.OrgID == "":
		return values{state: Absent}
	case key.id == keyPrincipalOrgID:
		return known(p.OrgID)
	case len(p.OrgPaths) == 0:
		return values{state: Present}
	}
	return values{state: Known, many: p.OrgPaths}
}

// resolve is what a variable stands for. A key of several values is none that a
// variable can stand for.
func (s *scope) resolve(t *token) (string, State) {
	v := s.lookup(t.key)
	switch {
	case v.state == Known && v.len() == 1:
		return v.at(0), Known
	case v.state == Known:
		return "", Absent
	case v.state == Absent && t.hasOther:
		return t.otherwise, Known
	}
	return "", v.state
}

// sameAccount tells whether the principal and the resource are of one account.
func (r *Request) sameAccount() kleene.Value {
	if r.Principal.Account == "" || r.Account == "" {
		return kleene.Unknown
	}
	return kleene.Of(r.Principal.Account == r.Account)
}
