package lint

// Rule is one kind of finding besides those that package policy makes.
type Rule struct {
	Code     string
	Severity Severity
	About    string // what it finds, in a few words
}

// The codes of the rules.
const (
	overQuota          = "over-quota"
	nearQuota          = "near-quota"
	missingVersion     = "missing-version"
	repeatedSid        = "repeated-sid"
	redundantStatement = "redundant-statement"
	redundantAction    = "redundant-action"
	redundantResource  = "redundant-resource"
	deniedAnyway       = "denied-anyway"
	unknownService     = "unknown-service"
	unknownAction      = "unknown-action"
	matchesNothing     = "matches-no-action"
	actionWithout      = "action-without-resource"
	unusedResource     = "unused-resource"
	unknownResource    = "unknown-resource"
	emptyResource      = "empty-resource"
	neverMatches       = "never-matches"
	keyFormat          = "key-format"
	unknownKey         = "unknown-key"
	unsupportedKey     = "unsupported-key"
	tagKey             = "tag-key"
	keyType            = "key-type"
	singleValued       = "single-valued-key"
	multiValued        = "multi-valued-key"
	forAllValues       = "for-all-values"
	negatedAbsent      = "negated-absent-key"
	ifExistsAllow      = "if-exists-allow"
	ifExistsAlways     = "if-exists-always"
	mfaBool            = "mfa-bool"
	literalWildcard    = "literal-wildcard"
	noValues           = "no-values"
	bothBooleans       = "both-booleans"
	privateAddress     = "private-address"
	anyAddress         = "any-address"
	variableVersion    = "variable-version"
	variableSyntax     = "variable-syntax"
	variablePlace      = "variable-place"
	unknownVariable    = "unknown-variable"
	notActionAllow     = "not-action-allow"
	notResourceAllow   = "not-resource-allow"
	administrator      = "administrator"
	passRoleWildcard   = "pass-role-wildcard"
	passRoleService    = "pass-role-service"
	publicPrincipal    = "public-principal"
	notPrincipalDeny   = "not-principal-deny"
	confusedDeputy     = "confused-deputy"
	trustMismatch      = "trust-mismatch"
	oidcSubject        = "oidc-subject"
	scpAllow           = "scp-allow"
	scpDenyAll         = "scp-deny-all"
	scpRegion          = "scp-region"
	scpRoot            = "scp-root"
	rcpService         = "rcp-service"
	rcpServiceCallers  = "rcp-service-callers"
)

var rules = []Rule{
	{overQuota, Error, "larger than AWS lets it be"},
	{nearQuota, Warning, "close to the largest size"},
	{missingVersion, Warning, "no Version, so that variables are text"},
	{repeatedSid, Warning, "two statements with one Sid"},
	{redundantStatement, Suggestion, "a statement that another covers"},
	{redundantAction, Suggestion, "an action that another includes"},
	{redundantResource, Suggestion, "a resource that another includes"},
	{deniedAnyway, Warning, "an Allow that a Deny takes back whole"},
	{unknownService, Warning, "a service that AWS does not document"},
	{unknownAction, Warning, "an action that AWS does not document"},
	{matchesNothing, Warning, "a pattern that means no action"},
	{actionWithout, Warning, "an action that works on none of the resources"},
	{unusedResource, Warning, "a resource that none of the actions works on"},
	{unknownResource, Warning, "an ARN of no type of resource that the service has"},
	{emptyResource, Warning, "an ARN that names no resource"},
	{neverMatches, Warning, "conditions that cannot hold together"},
	{keyFormat, Error, "a condition key without its prefix"},
	{unknownKey, Warning, "a condition key that AWS does not document"},
	{unsupportedKey, Warning, "a condition key that the action never comes with"},
	{tagKey, Error, "a tag condition that names no tag"},
	{keyType, Warning, "an operator for another type of value"},
	{singleValued, Warning, "a set operator on a key with one value"},
	{multiValued, Warning, "a plain operator on a key with many values"},
	{forAllValues, Warning, "ForAllValues in an Allow, which holds for absent keys"},
	{negatedAbsent, Suggestion, "a negated operator on a key that may be absent"},
	{ifExistsAllow, Warning, "IfExists in an Allow, which holds for absent keys"},
	{ifExistsAlways, Suggestion, "IfExists on a key that is never absent"},
	{mfaBool, Warning, "a Deny without MFA that misses long-term keys"},
	{literalWildcard, Warning, "a wildcard where it is an ordinary character"},
	{noValues, Warning, "a condition without values"},
	{bothBooleans, Warning, "true and false together"},
	{privateAddress, Warning, "a private address where public ones are seen"},
	{anyAddress, Warning, "a range of all addresses"},
	{variableVersion, Warning, "a variable in the old language"},
	{variableSyntax, Error, "a variable that cannot be read"},
	{variablePlace, Error, "a variable where none can be"},
	{unknownVariable, Warning, "a variable of a key that AWS does not document"},
	{notActionAllow, Warning, "Allow with NotAction"},
	{notResourceAllow, Warning, "Allow with NotResource"},
	{administrator, Warning, "everything allowed on everything"},
	{passRoleWildcard, Warning, "iam:PassRole on every role"},
	{passRoleService, Suggestion, "iam:PassRole to any service"},
	{publicPrincipal, Warning, "an Allow for everybody"},
	{notPrincipalDeny, Suggestion, "Deny with NotPrincipal"},
	{confusedDeputy, Warning, "a service let in whosever account it acts for"},
	{trustMismatch, Error, "an action that such a principal cannot call"},
	{oidcSubject, Warning, "an identity provider without a condition on whom it vouches for"},
	{scpAllow, Suggestion, "an Allow that FullAWSAccess covers"},
	{scpDenyAll, Warning, "everything denied to everybody"},
	{scpRegion, Warning, "a Region guardrail that stops global services"},
	{scpRoot, Suggestion, "a root guardrail that stops central root sessions"},
	{rcpService, Warning, "a service that RCPs do not reach"},
	{rcpServiceCallers, Warning, "an RCP that stops AWS services"},
}

// Rules lists every rule.
func Rules() []Rule { return append([]Rule(nil), rules...) }

func severityOf(code string) Severity {
	for i := range rules {
		if rules[i].Code == code {
			return rules[i].Severity
		}
	}
	return Error
}
