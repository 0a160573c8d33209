package lint

import (
	"net/netip"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// broad finds Allows that say what is not allowed, or allow everything.
func (l *linter) broad() {
	if l.s.Effect != policy.Allow || l.kind == policy.SCP || l.kind == policy.RCP {
		return
	}
	if l.s.NotActions != nil {
		l.add(notActionAllow, l.s.Position, "NotAction", "Allow with NotAction allows every other action, those of services to come too; list what to allow")
	}
	if l.s.NotResources != nil {
		l.add(notResourceAllow, l.s.Position, "NotResource", "Allow with NotResource allows the actions on every other resource, those of other accounts too; list what to allow")
	}
	if l.kind == policy.Identity && l.everything() {
		l.add(administrator, l.s.Position, "", "every action on every resource: whoever has this policy is administrator. List what is needed, or attach AdministratorAccess where that is meant")
	}
}

func hasStar(list []policy.Text) bool {
	return slices.ContainsFunc(list, func(t policy.Text) bool { return !t.Partial && (t.Value == "*" || t.Value == "*:*") })
}

// everything tells whether the statement is about all actions on all resources
// without a condition.
func (l *linter) everything() bool {
	return hasStar(l.s.Actions) && hasStar(l.s.Resources) && len(l.s.Conditions) == 0 && l.s.Unseen == 0
}

// passRole looks at who may hand roles to services, and which.
func (l *linter) passRole() {
	const pass = "iam:PassRole"
	if l.s.Effect != policy.Allow || l.everything() || (l.kind != policy.Identity && l.kind != policy.Session) {
		return
	}
	i := slices.IndexFunc(l.s.Actions, func(a policy.Text) bool {
		return glob.Covers(glob.Glob{Pattern: a.Value, Fold: true}, glob.Glob{Pattern: pass, Fold: true})
	})
	if i < 0 {
		return
	}
	a := l.s.Actions[i]
	limited := slices.ContainsFunc(l.read(), func(c condition) bool {
		return c.is("iam:PassedToService") || c.is("iam:AssociatedResourceArn") || c.is("iam:AssociatedResourceARN")
	})
	every := slices.ContainsFunc(l.s.Resources, func(r policy.Text) bool {
		return !r.Partial && glob.ArnIncludes(l.pattern(r.Value), "arn:aws:iam::*:role/*")
	})
	switch {
	case every && !limited:
		l.add(passRoleWildcard, a.Position, "Action", "%s hands any role of the account to any service: a way to become administrator. Name the roles in Resource, and the services in iam:PassedToService", includes(a.Value, pass))
	case every:
		l.addAs(Suggestion, passRoleWildcard, a.Position, "Action", "%s on every role: iam:PassedToService narrows the services, not the roles; name the roles in Resource", includes(a.Value, pass))
	case !limited:
		l.add(passRoleService, a.Position, "Action", "%s to any service that the roles trust; name the services in a Condition on iam:PassedToService", includes(a.Value, pass))
	}
}

func includes(pattern, name string) string {
	if strings.EqualFold(pattern, name) {
		return name
	}
	return name + " (included in " + quote(pattern) + ")"
}

// narrowing are keys that, with fixed values, leave a principal * to somebody in
// particular (Amazon S3 User Guide, "The meaning of public").
var narrowing = []string{
	"aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalTag/", "aws:userid", "aws:username",
	"aws:PrincipalServiceName", "aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpce", "aws:SourceVpcArn",
	"aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "aws:SourceIp", "aws:VpcSourceIp", "kms:CallerAccount", "kms:ViaService", "s3:DataAccessPointAccount", "s3:DataAccessPointArn",
	"sns:Endpoint", "elasticfilesystem:AccessPointArn", "elasticfilesystem:AccessedViaMountTarget", "lambda:EventSourceToken", "lambda:FunctionUrlAuthType",
}

func narrows(c condition) bool {
	if c.op.Base == policy.Null || c.op.IfExists || c.op.Base.Negated() || c.op.Set == policy.ForAllValues || !slices.ContainsFunc(narrowing, c.is) {
		return false
	}
	return len(c.Values) > 0 && !slices.ContainsFunc(c.Values, func(v policy.Text) bool { return wide(v.Value) })
}

// wide tells whether a value leaves open who is meant: a wildcard in front, or in
// the account of an ARN, or a range of addresses larger than any owner's.
func wide(v string) bool {
	if r, err := netip.ParsePrefix(v); err == nil {
		return r.Bits() < 8 || r.Addr().Is6() && r.Bits() < 32
	}
	arn, ok := policy.SplitARN(v)
	switch {
	case !ok:
		return strings.HasPrefix(v, "*") || strings.HasPrefix(v, "?")
	case arn.Account != "":
		return strings.ContainsAny(arn.Account, "*?")
	}
	return strings.HasPrefix(arn.Resource, "*") || strings.HasPrefix(arn.Resource, "?") // of Amazon S3, which has no account
}

// principals looks at whom a statement lets in.
func (l *linter) principals() {
	if l.s.NotPrincipals != nil && l.s.Effect == policy.Deny {
		l.add(notPrincipalDeny, l.s.Position, "NotPrincipal", "a role is excepted only if the role, its sessions and the account are all named here; comparing aws:PrincipalArn with ArnNotEquals in a Condition says the same and is harder to get wrong")
	}
	if l.s.Effect != policy.Allow || (l.kind != policy.Resource && l.kind != policy.Trust) {
		return
	}
	conditions := l.read()
	restricted := slices.ContainsFunc(conditions, narrows) || l.s.Unseen.Has(policy.ConditionPart)
	for _, p := range l.s.Principals {
		switch {
		case p.Kind == policy.Everyone && !restricted:
			l.add(publicPrincipal, p.Name.Position, "Principal", `Principal "*" lets in everybody, people without an AWS account too; name who, or narrow it with a fixed value of aws:PrincipalOrgID, aws:SourceAccount or the like`)
		case p.Kind == policy.Service:
			l.deputy(p, conditions)
		}
	}
}

// deputies need no source: their calls come from resources of the account that
// holds the role, which alone can pass it to them.
var sourceKeys = []string{"aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths", "aws:SourceOwner", "kms:CallerAccount", "kms:ViaService", "sts:ExternalId", "aws:PrincipalOrgID", "lambda:EventSourceToken", "aws:ResourceOrgID", "aws:ResourceAccount"}

func (l *linter) deputy(p policy.Principal, conditions []condition) {
	for _, c := range conditions {
		if slices.ContainsFunc(sourceKeys, c.is) {
			return
		}
	}
	severity, advice := Warning, "add a Condition on aws:SourceAccount or aws:SourceArn"
	if l.kind == policy.Trust {
		severity, advice = Suggestion, "if the service sends aws:SourceArn or aws:SourceAccount, compare them"
	}
	l.addAs(severity, confusedDeputy, p.Name.Position, "Principal.Service", "%s acts for every customer, and nothing here says that it must act for you (confused deputy); %s", p.Name.Value, advice)
}

// trust checks whether principals can make the calls they are allowed.
func (l *linter) trust() {
	calls := func(name string) bool {
		return slices.ContainsFunc(l.s.Actions, func(a policy.Text) bool {
			return glob.Covers(glob.Glob{Pattern: a.Value, Fold: true}, glob.Glob{Pattern: name, Fold: true})
		})
	}
	if l.s.Effect != policy.Allow || l.s.Unseen != 0 {
		return
	}
	for _, p := range l.s.Principals {
		need := "sts:AssumeRole"
		switch {
		case p.Kind == policy.Federated && strings.Contains(p.Name.Value, ":saml-provider/"):
			need = "sts:AssumeRoleWithSAML"
		case p.Kind == policy.Federated:
			need = "sts:AssumeRoleWithWebIdentity"
			l.subject(p)
		}
		other := calls("sts:AssumeRole") || calls("sts:AssumeRoleWithSAML") || calls("sts:AssumeRoleWithWebIdentity")
		if other && !calls(need) {
			l.add(trustMismatch, p.Name.Position, "Principal."+p.Kind.String(), "%s can only call %s, which the statement does not allow; write that action", quote(p.Name.Value), need)
		}
	}
}

// sharedProviders vouch for the whole world, so whom they vouch for has to be said.
var sharedProviders = map[string]string{
	"token.actions.githubusercontent.com": "token.actions.githubusercontent.com:sub",
	"app.terraform.io":                    "app.terraform.io:sub",
	"gitlab.com":                          "gitlab.com:sub",
	"agent.buildkite.com":                 "agent.buildkite.com:sub",
	"cognito-identity.amazonaws.com":      "cognito-identity.amazonaws.com:aud",
	"accounts.google.com":                 "accounts.google.com:aud",
	"www.amazon.com":                      "www.amazon.com:app_id",
	"graph.facebook.com":                  "graph.facebook.com:app_id",
}

func (l *linter) subject(p policy.Principal) {
	_, provider, ok := strings.Cut(p.Name.Value, ":oidc-provider/")
	if !ok {
		provider = p.Name.Value
	}
	key, shared := sharedProviders[provider]
	if !shared {
		return
	}
	for _, c := range l.read() {
		if strings.HasPrefix(strings.ToLower(c.Key), provider+":") && !c.op.IfExists && !c.op.Base.Negated() && c.op.Base != policy.Null && c.op.Set != policy.ForAllValues {
			if c.is(key) && !slices.ContainsFunc(c.Values, func(v policy.Text) bool { return strings.Trim(v.Value, "*:") == "" || v.Value == "repo:*" }) {
				return
			}
			if strings.HasSuffix(key, ":aud") && c.is(strings.TrimSuffix(key, ":aud")+":sub") {
				return
			}
		}
	}
	l.add(oidcSubject, p.Name.Position, "Principal.Federated", "%s vouches for everybody who has an account there; say whom you mean with a Condition on %s", provider, key)
}

// scp looks at what service control policies get wrong.
func (l *linter) scp() {
	if l.s.Effect == policy.Allow {
		if !l.everything() {
			l.add(scpAllow, l.s.Position, "", "this Allow counts only where FullAWSAccess is detached; while it is attached the statement has no effect")
		}
		return
	}
	conditions := l.read()
	if l.everything() {
		l.add(scpDenyAll, l.s.Position, "", "this denies everything to everybody in the accounts below, administrators too; add a Condition that excepts somebody")
	}
	for _, c := range conditions {
		switch {
		case c.is("aws:RequestedRegion") && c.op.Base.Negated():
			l.regions(c)
		case c.is("aws:PrincipalArn") && !c.op.Base.Negated() && rootOnly(c) && !slices.ContainsFunc(conditions, func(o condition) bool { return o.is("aws:AssumedRoot") }):
			l.add(scpRoot, c.Position, c.element(), `this stops central root sessions (sts:AssumeRoot) as well; add "Null": {"aws:AssumedRoot": "true"} to let those work`)
		}
	}
}

func rootOnly(c condition) bool {
	return len(c.Values) > 0 && !slices.ContainsFunc(c.Values, func(v policy.Text) bool { return !strings.HasSuffix(v.Value, ":root") })
}

// global are services whose requests count as made in us-east-1, by an action
// that no account can do without.
var global = []string{"iam:CreateRole", "organizations:DescribeOrganization", "sts:AssumeRole", "route53:ListHostedZones", "cloudfront:GetDistribution", "support:DescribeCases"}

func (l *linter) regions(c condition) {
	if slices.ContainsFunc(c.Values, func(v policy.Text) bool {
		return v.Partial || v.Value == "us-east-1" || strings.ContainsAny(v.Value, "*?")
	}) {
		return
	}
	var stopped []string
	for _, name := range global {
		covers := func(a policy.Text) bool {
			return glob.Covers(glob.Glob{Pattern: a.Value, Fold: true}, glob.Glob{Pattern: name, Fold: true})
		}
		if slices.ContainsFunc(l.s.Actions, covers) || l.s.NotActions != nil && !slices.ContainsFunc(l.s.NotActions, covers) {
			service, _, _ := strings.Cut(name, ":")
			stopped = append(stopped, service)
		}
	}
	if len(stopped) > 0 {
		l.add(scpRegion, c.Position, c.element(), "services without Regions run in us-east-1, so this stops %s; except them with NotAction", strings.Join(stopped, ", "))
	}
}

// rcp looks at what resource control policies get wrong.
func (l *linter) rcp() {
	for _, a := range l.s.Actions {
		service, _, ok := strings.Cut(strings.ToLower(a.Value), ":")
		if !ok || a.Partial || strings.ContainsAny(service, "*?") {
			continue
		}
		if _, known := action.Find(service); known && !action.RCP(service) {
			l.add(rcpService, a.Position, "Action", "resource control policies do not reach %s, so %s is not stopped; use a resource policy or SCP", service, quote(a.Value))
		}
	}
	if l.s.Effect != policy.Deny {
		return
	}
	conditions := l.read()
	for _, c := range conditions {
		if !c.is("aws:PrincipalOrgID") && !c.is("aws:PrincipalOrgPaths") && !c.is("aws:PrincipalAccount") || !c.op.Base.Negated() {
			continue
		}
		if !slices.ContainsFunc(conditions, func(o condition) bool {
			return o.is("aws:PrincipalIsAWSService") || o.is("aws:PrincipalServiceName") || o.is("aws:PrincipalServiceNamesList") || o.is("aws:SourceAccount") || o.is("aws:SourceOrgID")
		}) && !present(conditions, c.Key) {
			l.add(rcpServiceCallers, c.Position, c.element(), `calls by AWS services have no %s, so this stops them, too; add "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}`, c.Key)
		}
	}
}
