package lint

import (
	"net/netip"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// condition is one condition with what is known of its parts.
type condition struct {
	policy.Condition
	op    policy.Operator
	key   action.Key
	name  string // as the catalogue has it
	known bool   // whether the key is documented
}

func (c *condition) element() string { return "Condition." + c.Operator + "." + c.Key }

// is tells whether the condition is on this key; names end in / where a tag follows.
func (c *condition) is(key string) bool {
	if strings.HasSuffix(key, "/") {
		return len(c.Key) >= len(key) && strings.EqualFold(c.Key[:len(key)], key)
	}
	return strings.EqualFold(c.Key, key)
}

func (l *linter) read() []condition {
	out := make([]condition, 0, len(l.s.Conditions))
	for _, c := range l.s.Conditions {
		if op, ok := policy.ParseOperator(c.Operator); ok {
			key, name, known := documented(c.Key)
			out = append(out, condition{c, op, key, name, known})
		}
	}
	return out
}

// inUse are global keys that AWS itself uses in policies without having them among
// its documented ones: the default policy of an Amazon SNS topic, and the service
// role of IAM Identity Center.
var inUse = []action.Key{
	{Name: "aws:SourceOwner", Type: action.String},
	{Name: "aws:PrincipalOrgMasterAccountId", Type: action.String},
}

// documented finds a key in the catalogue. Some services write the part of a key
// that is free in a way of their own: ResourceTag/tag-key, ExistingObjectTag/<key>.
func documented(key string) (action.Key, string, bool) {
	if k, ok := action.KeyFor(key); ok {
		return k, key, true
	}
	if i := slices.IndexFunc(inUse, func(k action.Key) bool { return strings.EqualFold(k.Name, key) }); i >= 0 {
		return inUse[i], key, true
	}
	prefix, _, _ := strings.Cut(key, ":")
	stem, _, ok := strings.Cut(key, "/")
	service, known := action.Find(prefix)
	if !ok || !known {
		return action.Key{}, key, false
	}
	for _, free := range []string{"/tag-key", "/<key>", "/"} {
		if k, ok := service.Key(stem + free); ok {
			return k, k.Name, true
		}
	}
	return action.Key{}, key, false
}

// conditions looks at each condition, and at what they say together.
func (l *linter) conditions() {
	all := l.read()
	for i := range all {
		c := &all[i]
		if l.keyName(c) {
			l.operatorFits(c)
			l.setOperator(c, all)
			l.absent(c, all)
		}
		l.valuesOf(c)
	}
	l.contradictions(all)
}

// keyName checks the key itself; false where there is nothing more to say.
func (l *linter) keyName(c *condition) bool {
	prefix, name, ok := strings.Cut(c.Key, ":")
	if !ok || prefix == "" || name == "" {
		l.add(keyFormat, c.Position, c.element(), "%s is not a condition key: keys have a prefix, as aws:SourceIp and s3:prefix do. No request has it", quote(c.Key))
		return false
	}
	for _, tags := range []string{"aws:RequestTag", "aws:ResourceTag", "aws:PrincipalTag"} {
		if strings.EqualFold(c.Key, tags) || strings.EqualFold(c.Key, tags+"/") {
			l.add(tagKey, c.Position, c.element(), "%s names no tag; write %s/name-of-the-tag", quote(c.Key), tags)
			return false
		}
	}
	if c.known {
		l.supported(c)
		return true
	}
	l.undocumented(c, prefix)
	return false
}

func (l *linter) undocumented(c *condition, prefix string) {
	if strings.EqualFold(prefix, "aws") {
		names := []string{}
		for _, k := range action.Global() {
			names = append(names, k.Name)
		}
		l.addAs(Error, unknownKey, c.Position, c.element(), "AWS has no global condition key %s%s", quote(c.Key), meant(l.nearest(c.Key, names)))
		return
	}
	service, ok := action.Find(prefix)
	if !ok {
		if !strings.Contains(prefix, ".") { // keys of identity providers begin with a domain
			l.add(unknownKey, c.Position, c.element(), "AWS documents no condition key %s, nor a service %s", quote(c.Key), quote(prefix))
		}
		return
	}
	names := []string{}
	for _, k := range service.Keys() {
		names = append(names, k.Name)
	}
	l.add(unknownKey, c.Position, c.element(), "%s has no condition key %s%s", service.Name, quote(c.Key), meant(l.nearest(c.Key, names)))
}

// claimed tells whether a key is what an identity provider claims of somebody:
// text always, and in every request of the sessions that come of it.
func claimed(key string) bool {
	prefix, _, _ := strings.Cut(key, ":")
	return strings.Contains(prefix, ".") || strings.EqualFold(prefix, "saml")
}

// mostSupported bounds how many actions are looked up for how many conditions.
const mostSupported = 5000

// mostConditions bounds how many conditions are compared each with each.
const mostConditions = 500

// supported finds actions whose requests never have the key.
func (l *linter) supported(c *condition) {
	if claimed(c.Key) {
		return
	}
	if len(l.s.Actions)*len(l.s.Conditions) > mostSupported || c.key.Service == "" || l.s.Actions == nil || c.op.Base == policy.Null || c.op.IfExists || c.op.Base.Negated() || c.op.Set == policy.ForAllValues {
		return
	}
	for _, a := range l.s.Actions {
		if !strings.Contains(a.Value, ":") || a.Partial || strings.HasPrefix(a.Value, "*") {
			continue
		}
		meant := l.expand(a.Value)
		if len(meant) == 0 || slices.ContainsFunc(meant, func(m *action.Action) bool { return m.Supports(c.name) }) {
			continue
		}
		effect := "so this statement never allows it"
		if l.s.Effect == policy.Deny {
			effect = "so this statement never denies it"
		}
		l.add(unsupportedKey, a.Position, c.element(), "requests for %s do not have the key %s, %s; give it a statement without this condition", quote(a.Value), c.Key, effect)
	}
}

// families of operators that can compare each type of key.
func fits(b policy.Base, t action.Type) bool {
	name := b.Positive().String()
	switch t {
	case action.Numeric:
		return strings.HasPrefix(name, "Numeric")
	case action.Date:
		return strings.HasPrefix(name, "Date") || strings.HasPrefix(name, "Numeric")
	case action.Bool:
		return b == policy.Bool || strings.HasPrefix(name, "String")
	case action.IPAddress:
		return b.Positive() == policy.IPAddress
	case action.ARN:
		return strings.HasPrefix(name, "Arn") || strings.HasPrefix(name, "String")
	case action.Binary:
		return b == policy.BinaryEquals
	case action.String:
		return strings.HasPrefix(name, "String") || strings.HasPrefix(name, "Arn")
	}
	return true
}

func (l *linter) operatorFits(c *condition) {
	if c.op.Base == policy.Null || fits(c.op.Base, c.key.Type) || claimed(c.Key) {
		return
	}
	// Numbers and booleans come as text in many a key that is documented as text.
	if c.key.Type == action.String && (c.op.Base == policy.Bool || strings.HasPrefix(c.op.Base.Positive().String(), "Numeric")) && c.key.Service != "" {
		return
	}
	l.add(keyType, c.Position, c.element(), "%s compares something else than what %s holds (%s); use an operator for that type", c.op.Base, c.Key, strings.ToLower(c.key.Type.String()))
}

func (l *linter) setOperator(c *condition, all []condition) {
	switch {
	case c.op.Base == policy.Null:
	case c.op.Set != policy.Plain && !c.key.Multivalued:
		if c.key.Service == "" { // of services it is not always documented
			l.add(singleValued, c.Position, c.element(), "%s has one value at most, so it needs no %s; write %s (ForAllValues also holds where the key is absent)", c.Key, setName(c.op.Set), policy.Operator{Base: c.op.Base, IfExists: c.op.IfExists})
		}
	case c.op.Set == policy.Plain && c.key.Multivalued && c.key.Service == "":
		l.add(multiValued, c.Position, c.element(), "%s can have many values; say with ForAnyValue: or ForAllValues: whether one of them or all have to match", c.Key)
	}
	if c.op.Set == policy.ForAllValues && c.key.Multivalued && l.s.Effect == policy.Allow && !present(all, c.Key) {
		severity := Warning
		if c.is("aws:TagKeys") {
			severity = Suggestion // who sends no tags sets none
		}
		l.addAs(severity, forAllValues, c.Position, c.element(), "ForAllValues holds where the request has no %s at all, and then this Allow lets it in; add \"Null\": {%q: \"false\"} if it must be there", c.Key, c.Key)
	}
}

func setName(s policy.Set) string {
	if s == policy.ForAllValues {
		return "ForAllValues"
	}
	return "ForAnyValue"
}

// present tells whether some condition makes sure that the request has the key.
func present(all []condition, key string) bool {
	return slices.ContainsFunc(all, func(c condition) bool {
		if !strings.EqualFold(c.Key, key) || c.op.Set == policy.ForAllValues {
			return false
		}
		if c.op.Base == policy.Null {
			return len(c.Values) == 1 && strings.EqualFold(c.Values[0].Value, "false")
		}
		return !c.op.IfExists && !c.op.Base.Negated() && len(c.Values) > 0
	})
}

// perimeter are keys on which people build walls.
var perimeter = []string{
	"aws:SourceIp", "aws:SourceVpc", "aws:SourceVpce", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:PrincipalAccount",
	"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:VpceOrgID", "aws:VpceAccount",
}

// absent looks at what happens where the request lacks the key.
func (l *linter) absent(c *condition, all []condition) {
	sometimes := c.key.Presence == action.Sometimes
	isPerimeter := slices.ContainsFunc(perimeter, c.is)
	falsehood := len(c.Values) == 1 && strings.EqualFold(c.Values[0].Value, "false")
	switch {
	case c.op.Base == policy.Null:
	case c.key.Presence == action.Always && c.op.IfExists:
		l.add(ifExistsAlways, c.Position, c.element(), "every request has %s, so IfExists says nothing; leave it out", c.Key)
	case c.is("aws:MultiFactorAuthPresent") && c.op.Base == policy.Bool && !c.op.IfExists && l.s.Effect == policy.Deny && falsehood:
		l.add(mfaBool, c.Position, c.element(), "requests with long-term access keys do not have %s at all, so this Deny misses them; write BoolIfExists", c.Key)
	case c.op.IfExists && !c.op.Base.Negated() && l.s.Effect == policy.Allow && sometimes && isPerimeter && !falsehood && !present(all, c.Key):
		l.add(ifExistsAllow, c.Position, c.element(), "with IfExists this Allow also lets in requests that have no %s; write %s if it must be there", c.Key, policy.Operator{Set: c.op.Set, Base: c.op.Base})
	case c.op.Base.Negated() && sometimes && !present(all, c.Key) && c.key.Service == "":
		if l.s.Effect == policy.Allow && isPerimeter {
			l.addAs(Warning, negatedAbsent, c.Position, c.element(), "%s holds where the request has no %s, so this Allow lets those in, too; add \"Null\": {%q: \"false\"}", c.op, c.Key, c.Key)
		}
		if l.s.Effect == policy.Deny && !c.op.IfExists && !guarded(all, c) {
			l.add(negatedAbsent, c.Position, c.element(), "%s holds where the request has no %s, so this Deny stops those, too; if that is meant write %sIfExists to say so, else add \"Null\": {%q: \"false\"}", c.op, c.Key, c.op, c.Key)
		}
	}
}

// guarded tells whether the statement has another condition, which most often is
// the exception for requests that lack the key.
func guarded(all []condition, c *condition) bool {
	return slices.ContainsFunc(all, func(o condition) bool { return !strings.EqualFold(o.Key, c.Key) })
}

// valuesOf looks at what the key is compared with.
func (l *linter) valuesOf(c *condition) {
	if len(c.Values) == 0 && !c.Unseen {
		what := "never holds"
		if c.op.Base.Negated() || c.op.Set == policy.ForAllValues {
			what = "holds whatever the request has"
		}
		l.add(noValues, c.Position, c.element(), "the condition has no values and %s; name them or leave it out", what)
	}
	exact := slices.Contains([]policy.Base{policy.StringEquals, policy.StringEqualsIgnoreCase}, c.op.Base.Positive())
	for _, v := range c.Values {
		switch {
		case v.Partial:
		case exact && strings.ContainsAny(strings.NewReplacer("${*}", "", "${?}", "").Replace(v.Value), "*?"):
			like := policy.Operator{Set: c.op.Set, Base: policy.StringLike, IfExists: c.op.IfExists}
			if c.op.Base.Negated() {
				like.Base = policy.StringNotLike
			}
			l.add(literalWildcard, v.Position, c.element(), "%s takes the wildcard in %s as an ordinary character; write %s", c.op.Base, quote(v.Value), like)
		case c.is("aws:SourceIp") && c.op.Base.Positive() == policy.IPAddress:
			l.address(c, v)
		}
	}
	if c.op.Base == policy.Bool && len(c.Values) > 1 {
		t, f := false, false
		for _, v := range c.Values {
			t, f = t || strings.EqualFold(v.Value, "true"), f || strings.EqualFold(v.Value, "false")
		}
		if t && f {
			l.add(bothBooleans, c.Position, c.element(), "true and false together hold for every value; write one, or leave the condition out")
		}
	}
}

func (l *linter) address(c *condition, v policy.Text) {
	prefix, err := netip.ParsePrefix(v.Value)
	if err != nil {
		a, err := netip.ParseAddr(v.Value)
		if err != nil {
			return
		}
		prefix = netip.PrefixFrom(a, a.BitLen())
	}
	switch a := prefix.Addr(); {
	case prefix.Bits() == 0:
		l.add(anyAddress, v.Position, c.element(), "%s is every address, so the condition says nothing about them; name your own ranges", quote(v.Value))
	case a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast():
		l.add(privateAddress, v.Position, c.element(), "aws:SourceIp is the public address a request comes from, never a private one like %s; for requests through a VPC endpoint compare aws:VpcSourceIp", quote(v.Value))
	}
}
