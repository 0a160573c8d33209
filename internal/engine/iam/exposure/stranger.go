package exposure

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// freshWord stands in everything that is nobody's but a stranger's.
const freshWord = "stranger"

// strangersAt lists the strangers that differ as far as the document goes: one
// who does not sign and one who does, from the internet; and where its
// conditions ask for it, those behind endpoints, other kinds of principals, and
// services that strangers send.
func (s *search) strangersAt() []*visitor {
	places := []place{internet}
	if s.mentions("aws:sourceip", "aws:sourcevp", "aws:vpc") {
		places = append(places, endpoint)
	}
	kinds := []iam.Kind{iam.KindRole}
	if slices.ContainsFunc(s.services(), func(service string) bool { return unsigned[service] }) {
		kinds = []iam.Kind{iam.KindAnonymous, iam.KindRole}
	}
	if s.mentions("aws:principalarn", "aws:userid", "aws:username", "aws:principaltype") {
		kinds = append(kinds, iam.KindUser, iam.KindRoot)
	}
	var out []*visitor
	for _, account := range s.strangeAccounts() {
		for _, kind := range kinds {
			for _, at := range places {
				v := s.member(kind, account)
				v.place, v.orgs, v.orgless = at, []string{"o-" + freshWord, "o-*" + freshWord + "*"}, true
				out = append(out, v)
			}
		}
		if s.mentions("aws:source", "aws:principalservice", "aws:principalisawsservice") {
			out = append(out, s.service("sns.amazonaws.com", account))
		}
	}
	return out
}

// unsigned are the services that serve requests without a signature, where a
// policy allows it: buckets, queues, topics, function URLs, file systems, domains
// and APIs. Others turn them away before they look at a policy.
var unsigned = map[string]bool{
	"s3": true, "sqs": true, "sns": true, "lambda": true, "elasticfilesystem": true, "es": true, "execute-api": true, "mediastore": true, "iot": true,
}

// member is a principal of an account.
func (s *search) member(kind iam.Kind, account string) *visitor {
	v := &visitor{principal: iam.Anonymous(), account: account}
	switch kind {
	case iam.KindRole:
		v.arns = []string{s.arn("iam", "", account, "role/"+freshWord), s.arn("iam", "", account, "role/*")}
		v.ids = []string{"AROASTRANGER:" + freshWord, "AROASTRANGER:*"}
	case iam.KindUser:
		v.arns = []string{s.arn("iam", "", account, "user/"+freshWord), s.arn("iam", "", account, "user/*")}
		v.ids = []string{"AIDASTRANGER"}
	case iam.KindRoot:
		v.arns = []string{s.arn("iam", "", account, "root")}
	}
	if len(v.arns) > 0 {
		v.principal = s.principal(v.arns[0])
	}
	return v
}

// service is an AWS service that calls for a resource of an account.
func (s *search) service(name, account string) *visitor {
	return &visitor{
		principal: iam.Service(name), account: account, place: inside,
		orgs: []string{"o-" + freshWord, "o-*" + freshWord + "*"}, orgless: true,
		source: &source{
			arns: []string{s.arn("sns", "us-east-1", account, freshWord), s.arn("*", "*", account, "*"),
				s.arn("s3", "", "", freshWord), s.arn("*", "*", "", "*"+freshWord+"*")},
			accounts: []string{account},
		},
	}
}

func (s *search) principal(arn string) *iam.Principal {
	p, err := iam.ParsePrincipal(arn)
	if err != nil {
		return iam.Anonymous()
	}
	return p
}

func (s *search) arn(service, region, account, resource string) string {
	return "arn:" + s.partition + ":" + service + ":" + region + ":" + account + ":" + resource
}

// strangeAccounts are the accounts of strangers: one that nobody named, and one
// for each value with wildcards that fits some accounts.
func (s *search) strangeAccounts() []string {
	out := []string{s.fresh}
	for _, c := range s.conditions {
		key := strings.ToLower(c.Key)
		if !strings.HasSuffix(key, "account") && !strings.HasSuffix(key, "arn") {
			continue
		}
		for _, v := range c.Values {
			part := v.Value
			if a, ok := policy.SplitARN(part); ok {
				part = a.Account
			} else if strings.HasSuffix(key, "arn") {
				continue
			}
			if account, ok := accountLike(part); ok && len(out) < maxAccounts {
				out = append(out, account)
			}
		}
	}
	return out
}

const maxAccounts = 4

// accountLike makes an account that a pattern with some digits in it fits.
func accountLike(pattern string) (string, bool) {
	if !strings.ContainsAny(pattern, "*?") || !strings.ContainsAny(pattern, "0123456789") {
		return "", false
	}
	missing := max(12-len(strings.ReplaceAll(pattern, "*", "")), 0)
	account := strings.ReplaceAll(strings.Replace(pattern, "*", strings.Repeat("0", missing), 1), "*", "")
	account = strings.ReplaceAll(account, "?", "0")
	compiled := glob.Compile(pattern)
	return account, policy.IsAccount(account) && compiled.Match(account)
}

// mentions tells whether some condition, or some variable, is about a key that
// starts with one of these.
func (s *search) mentions(starts ...string) bool {
	for key := range s.keys {
		for _, start := range starts {
			if strings.HasPrefix(key, start) {
				return true
			}
		}
	}
	return false
}

// freshAccount is an account that neither the document nor the zone names.
func freshAccount(doc *policy.Document, zone Zone, from byte) string {
	for i := range 1000 {
		account := string([]byte{from, '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)}) + "00009999"
		if !namesText(doc, account) && account != zone.Account && !contains(zone.Accounts, account) {
			return account
		}
	}
	return "900000009999"
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}

// namesText tells whether some text of the document has s in it.
func namesText(doc *policy.Document, s string) bool {
	in := func(list []policy.Text) bool {
		for i := range list {
			if strings.Contains(list[i].Value, s) || strings.Contains(list[i].Suffix, s) {
				return true
			}
		}
		return false
	}
	for i := range doc.Statements {
		st := &doc.Statements[i]
		for _, list := range [][]policy.Principal{st.Principals, st.NotPrincipals} {
			for j := range list {
				if strings.Contains(list[j].Name.Value, s) {
					return true
				}
			}
		}
		if in(st.Resources) || in(st.NotResources) {
			return true
		}
		for j := range st.Conditions {
			if in(st.Conditions[j].Values) {
				return true
			}
		}
	}
	return false
}
