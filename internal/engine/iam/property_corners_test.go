package iam_test

import (
	"encoding/json"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// corner is an unknown that random worlds seldom meet: statements of one identity
// policy, the unknown keys, and values that stand for all they could have.
type corner struct {
	name       string
	statements []string
	resource   string
	known      map[string][]string
	unknown    map[string]iam.State
	completion map[string][]string // one value each
	sets       map[string][][]string
	loose      bool // Unknown is said though all completions agree
}

const (
	allowAll  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	nineTexts = `["a","b","c","d","e","f","g","h","i"]`
)

func given(effect, conditions string) string {
	return `{"Effect":"` + effect + `","Action":"*","Resource":"*","Condition":` + conditions + `}`
}

var (
	present = map[string]iam.State{"test:key": iam.Present}
	unseen  = map[string]iam.State{"test:key": iam.Unseen}
	addrs   = map[string][]string{"test:key": {"0.0.0.0", "10.0.0.1", "127.255.255.255", "128.0.0.0", "255.255.255.255", "::", "2001:db8::1", "ffff::", "x"}}
	some1   = map[string][]string{"test:key": {"true", "false"}}
)

var corners = []corner{
	{name: "both values of a boolean are denied", statements: []string{allowAll, given("Deny", `{"Bool":{"test:key":"true"}}`), given("Deny", `{"Bool":{"test:key":"false"}}`)}, unknown: present, completion: some1},
	{name: "both, but it may be absent", statements: []string{allowAll, given("Deny", `{"Bool":{"test:key":"true"}}`), given("Deny", `{"Bool":{"test:key":"false"}}`)}, unknown: unseen, completion: some1},
	{name: "both, or absent", statements: []string{allowAll, given("Deny", `{"BoolIfExists":{"test:key":"true"}}`), given("Deny", `{"Bool":{"test:key":"false"}}`)}, unknown: unseen, completion: some1},
	{name: "halves of the address space", statements: []string{given("Allow", `{"IpAddress":{"test:key":["0.0.0.0/1","::/1"]}}`), given("Allow", `{"NotIpAddress":{"test:key":["0.0.0.0/1","::/1"]}}`)}, unknown: present, completion: addrs},
	{name: "all addresses, but not what is none", statements: []string{given("Allow", `{"IpAddress":{"test:key":["0.0.0.0/1","128.0.0.0/1","::/1","8000::/1"]}}`)}, unknown: present, completion: addrs},
	{name: "an address cannot be in both", statements: []string{allowAll, given("Deny", `{"IpAddress":{"test:key":"10.0.0.0/8"}}`), given("Deny", `{"NotIpAddress":{"test:key":"10.0.0.0/8"}}`)}, unknown: unseen, completion: addrs},
	{name: "a number is on one side", statements: []string{given("Allow", `{"NumericLessThan":{"test:key":"10"}}`), given("Allow", `{"NumericGreaterThanEquals":{"test:key":"10"}}`)}, unknown: present,
		completion: map[string][]string{"test:key": {"9", "10", "11", "x"}}},
	{name: "between two numbers", statements: []string{given("Allow", `{"NumericLessThan":{"test:key":"10"},"NumericGreaterThan":{"test:key":"9"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"9", "9.5", "10", "x"}}},
	{name: "no number between", statements: []string{given("Allow", `{"NumericLessThan":{"test:key":"10"},"NumericGreaterThanEquals":{"test:key":"10"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"9", "10", "11", "x"}}},
	{name: "below a number beyond exact ones", statements: []string{allowAll, given("Deny", `{"NumericLessThan":{"test:key":"1e20"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"1", "1e20", "1e21", "x"}}},
	{name: "above one", statements: []string{allowAll, given("Deny", `{"NumericGreaterThan":{"test:key":"1e20"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"1", "1e20", "1e21", "x"}}},
	{name: "a date is on one side", statements: []string{allowAll, given("Deny", `{"DateLessThanEquals":{"test:key":"2026-01-01T00:00:00Z"}}`), given("Deny", `{"DateNotEquals":{"test:key":"2026-01-01T00:00:00Z"}}`)}, unknown: present,
		completion: map[string][]string{"test:key": {"2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "x"}}},
	{name: "binary values", statements: []string{given("Allow", `{"BinaryEquals":{"test:key":["QQ==","Qg=="]}}`)}, unknown: present, completion: map[string][]string{"test:key": {"QQ==", "Qw=="}}},
	{name: "binary values that exclude each other", statements: []string{given("Allow", `{"BinaryEquals":{"test:key":"QQ=="}}`), given("Deny", `{"BinaryEquals":{"test:key":"QQ=="}}`)}, unknown: present, completion: map[string][]string{"test:key": {"QQ==", "Qw=="}}},
	{name: "only whether it is there", statements: []string{given("Allow", `{"Null":{"test:key":"true"}}`), given("Allow", `{"Null":{"test:key":"false"}}`)}, unknown: unseen, completion: map[string][]string{"test:key": {"x"}}},
	{name: "compared in two ways", statements: []string{given("Allow", `{"StringLike":{"test:key":"1*"}}`), given("Allow", `{"NumericGreaterThan":{"test:key":"100"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"1", "101", "201", "x"}}},
	{name: "compared in two ways that exclude each other", statements: []string{given("Allow", `{"StringEquals":{"test:key":"1"},"NumericGreaterThan":{"test:key":"100"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"1", "101", "x"}}, loose: true},
	{name: "one of nine texts", statements: []string{given("Allow", `{"ForAnyValue:StringEquals":{"test:key":`+nineTexts+`}}`)}, unknown: present, sets: map[string][][]string{"test:key": {{"a"}, {"z"}, {"a", "z"}}}},
	{name: "one of nine, or none", statements: []string{given("Allow", `{"ForAnyValue:StringEquals":{"test:key":`+nineTexts+`}}`), given("Allow", `{"ForAllValues:StringNotEquals":{"test:key":`+nineTexts+`}}`)}, unknown: unseen,
		sets: map[string][][]string{"test:key": {{"a"}, {"z"}, {"a", "z"}}}, loose: true},
	{name: "one of three, or none", statements: []string{given("Allow", `{"ForAnyValue:StringEquals":{"test:key":["a","b","c"]}}`), given("Allow", `{"ForAllValues:StringNotEquals":{"test:key":["a","b","c"]}}`)}, unknown: unseen,
		sets: map[string][][]string{"test:key": {{"a"}, {"z"}, {"a", "z"}}}},
	{name: "two keys are equal or differ", statements: []string{given("Allow", `{"StringEquals":{"test:key":"${test:two}"}}`), given("Allow", `{"StringNotEquals":{"test:key":"${test:two}"}}`)},
		unknown: map[string]iam.State{"test:key": iam.Unseen, "test:two": iam.Unseen}, completion: map[string][]string{"test:key": {"a", "b"}, "test:two": {"a", "b"}}},
	{name: "two keys that must be equal and differ", statements: []string{given("Allow", `{"StringEquals":{"test:key":"${test:two}"},"StringNotEquals":{"test:two":"${test:key}"}}`)},
		unknown: map[string]iam.State{"test:key": iam.Present, "test:two": iam.Present}, completion: map[string][]string{"test:key": {"a", "b"}, "test:two": {"a", "b"}}},
	{name: "a known text made of an unknown one", statements: []string{given("Allow", `{"StringLike":{"test:two":"${test:key}-*"}}`), given("Deny", `{"StringEquals":{"test:key":"red"}}`)},
		known: map[string][]string{"test:two": {"red-x"}}, unknown: present, completion: map[string][]string{"test:key": {"red", "re", "x"}}},
	{name: "the same, without regard to case", statements: []string{given("Allow", `{"StringEqualsIgnoreCase":{"test:two":"${test:key}-?"}}`)}, known: map[string][]string{"test:two": {"red-?"}}, unknown: present, completion: map[string][]string{"test:key": {"red", "RED", "x"}}},
	{name: "an ARN made of an unknown key", statements: []string{given("Allow", `{"ArnLike":{"test:two":"arn:aws:sns:*:*:${test:key}"}}`)}, known: map[string][]string{"test:two": {"arn:aws:sns:r:1:red"}}, unknown: present, completion: map[string][]string{"test:key": {"red", "x"}}},
	{name: "an ARN whose account is unknown", statements: []string{given("Allow", `{"ArnLike":{"test:two":"arn:aws:sns:*:${test:key}:red"}}`)}, known: map[string][]string{"test:two": {"arn:aws:sns:r:1:red"}}, unknown: present, completion: map[string][]string{"test:key": {"1", "x"}}},
	{name: "two variables in one text", statements: []string{given("Allow", `{"StringEquals":{"test:three":"${test:key}${test:two}"}}`)}, known: map[string][]string{"test:three": {"ab"}},
		unknown: map[string]iam.State{"test:key": iam.Present, "test:two": iam.Present}, completion: map[string][]string{"test:key": {"a", "x"}, "test:two": {"b", "x"}}},
	{name: "an unknown text against a known one with wildcards", statements: []string{given("Allow", `{"StringLike":{"test:key":"${test:two}x"}}`)}, known: map[string][]string{"test:two": {"*"}}, unknown: present, completion: map[string][]string{"test:key": {"*x", "ax", "x"}}},
	{name: "an unknown text against wildcards that are characters", statements: []string{given("Allow", `{"StringLike":{"test:key":"a${*}b"}}`), given("Deny", `{"StringLike":{"test:key":"a${?}b"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"a*b", "a?b", "axb"}}},
	{name: "a resource made of an unknown key", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/?${test:key}/*é?"}`}, resource: "arn:aws:s3:::b/érot/xéß", unknown: present, completion: map[string][]string{"test:key": {"rot", "blau"}}},
	{name: "a resource that no value fits", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::c/${test:key}"}`}, resource: "arn:aws:s3:::b/x", unknown: unseen, completion: map[string][]string{"test:key": {"x", ""}}},
	{name: "a resource that a default fits", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${test:key, 'x'}"}`}, resource: "arn:aws:s3:::b/x", unknown: unseen, completion: map[string][]string{"test:key": {"x", "y"}}},
	{name: "a resource that many values fit", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/*${test:key}*"}`}, resource: "arn:aws:s3:::b/" + strings.Repeat("abcdefgh", 4), unknown: present, completion: map[string][]string{"test:key": {"a", "z"}}},
	{name: "a Deny on all but a resource", statements: []string{allowAll, `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${test:key}"}`}, resource: "arn:aws:s3:::b/x", unknown: unseen, completion: map[string][]string{"test:key": {"x", "y"}}},
	{name: "a resource that is one text", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"${*}"}`, `{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${$}{x}"}`}, resource: "arn:aws:s3:::b/${x}", unknown: unseen, completion: map[string][]string{"test:key": {"x"}}},
	{name: "a variable with a colon before the resource", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:sqs:*:${aws:PrincipalAccount}:q"}`}, resource: "arn:aws:sqs:r:111122223333:q", unknown: unseen, completion: map[string][]string{"test:key": {"x"}}},
	{name: "a text with a start", statements: []string{given("Allow", `{"StringLike":{"test:key":"r*"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"red", "x"}}},
	{name: "a text with a start, whatever its case", statements: []string{given("Allow", `{"StringEqualsIgnoreCase":{"test:key":"red"},"StringNotEquals":{"test:key":"red"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"red", "RED", "x"}}},
	{name: "an ARN with a start", statements: []string{given("Allow", `{"ArnLike":{"test:key":"arn:aws:sns:*:*:r*"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"arn:aws:sns:r:1:red", "arn:aws:sns:r:1:x", "x"}}},
	{name: "an ARN as a text and as an ARN", statements: []string{given("Allow", `{"StringLike":{"test:key":"arn:aws:sns:*:1:red"},"ArnNotLike":{"test:key":"arn:aws:sns:*:1:red"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"arn:aws:sns:r:1:red", "arn:aws:sns:r:2:x:1:red", "x"}}},
	{name: "an ARN that cannot be in two services", statements: []string{given("Allow", `{"ArnLike":{"test:key":"arn:aws:sns:*"},"ArnEquals":{"test:key":"arn:aws:sns:*:*:*"},"StringLike":{"test:key":"arn:aws:sqs:*"}}`)}, unknown: unseen, completion: map[string][]string{"test:key": {"arn:aws:sns:r:1:red", "arn:aws:sqs:r:1:red", "x"}}},
	{name: "a resource that is denied either way", statements: []string{allowAll, `{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${test:key}/*"}`, `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${test:key}/*"}`}, resource: "arn:aws:s3:::b/x/y", unknown: unseen,
		completion: map[string][]string{"test:key": {"x", "y"}}},
	{name: "a resource that is denied unless it is mine", statements: []string{allowAll, `{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${test:key}/*"}`, given("Deny", `{"StringEquals":{"test:key":"x"}}`)}, resource: "arn:aws:s3:::b/x/y", unknown: unseen,
		completion: map[string][]string{"test:key": {"x", "y"}}},
	{name: "a resource made of two unknown keys", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${test:key}/${test:two}"}`}, resource: "arn:aws:s3:::b/x/y",
		unknown: map[string]iam.State{"test:key": iam.Present, "test:two": iam.Present}, completion: map[string][]string{"test:key": {"x", "a"}, "test:two": {"y", "a"}}},
	{name: "a resource made of one key twice", statements: []string{`{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${test:key}/${test:key}"}`}, resource: "arn:aws:s3:::b/x/x", unknown: present, completion: map[string][]string{"test:key": {"x", "a"}}},
	{name: "many patterns", statements: []string{given("Allow", `{"StringLike":{"test:key":["*a*b*","*b*a*","*c*d*","*d*c*","*a*d*","*d*a*","*e*f*","*f*e*","?a*","?b*","*a?","*b?","*g*h*i*"]}}`), given("Deny", `{"StringLike":{"test:key":"*"}}`)}, unknown: present, completion: map[string][]string{"test:key": {"ab", "x"}}},
	{name: "many patterns, left open", statements: []string{given("Allow", `{"StringLike":{"test:key":["*a*b*","*b*a*","*c*d*","*d*c*","*a*d*","*d*a*","*e*f*","*f*e*","?a*","?b*","*a?","*b?","*g*h*i*"]}}`)}, unknown: present, completion: map[string][]string{"test:key": {"ab", "x"}}},
}

// The corners of not knowing: sound everywhere, and tight but where it says loose.
func TestPropertyCornersOfTheUnknown(t *testing.T) {
	for _, c := range corners {
		t.Run(c.name, func(t *testing.T) {
			w := c.world(t)
			got := w.engine(t)
			universe := map[string][][]string{}
			for key, values := range c.completion {
				universe[key] = ones(values)
			}
			for key, sets := range c.sets {
				universe[key] = sets
			}
			answers := map[iam.Decision]map[string][]string{}
			complete(w, universe, func(values map[string][]string) { answers[oracle(w)] = values })
			problem := judge(got, answers)
			if strings.HasPrefix(problem, notTight) && c.loose {
				return
			}
			if problem != "" {
				t.Errorf("%s: the engine says %v (allowed %v); completions say %v\n%v", problem, got.Decision, got.Allowed, answers, w)
			}
			if e := iam.Explain(w.question(t)); e.Decision != got.Decision {
				t.Errorf("Explain says %v, Decide %v", e.Decision, got.Decision)
			}
		})
	}
}

func (c *corner) world(t *testing.T) *world {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(c.statements, ",")+`]}`), &v); err != nil {
		t.Fatal(err)
	}
	w := &world{principal: alice(), account: ownAccount, action: "test:Do", resource: c.resource, states: c.unknown, context: map[string][]string{}}
	if w.resource == "" {
		w.resource = "arn:aws:test:::thing"
	}
	for key, values := range c.known {
		w.context[key] = values
	}
	w.identity = documents{policy.Of(v)}
	return w
}
