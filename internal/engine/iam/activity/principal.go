package activity

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// Principal is who made the request, as IAM sees them.
func (r *Record) Principal() (*iam.Principal, Skip) {
	if r.EventType != "" && r.EventType != "AwsApiCall" {
		return nil, NotACall
	}
	id := &r.UserIdentity
	switch id.Type {
	case "AWSService":
		return nil, ByService
	case "AssumedRole":
		return r.session()
	case "IAMUser", "FederatedUser":
		p, err := iam.ParsePrincipal(id.ARN)
		if err != nil {
			return nil, UnseenPrincipal
		}
		if p.Kind == iam.KindUser {
			p.ID = id.PrincipalID
		}
		return p, NoSkip
	case "Root":
		p, err := iam.ParsePrincipal("arn:" + r.partition() + ":iam::" + r.caller() + ":root")
		if err != nil {
			return nil, UnseenPrincipal
		}
		return p, NoSkip
	case "SAMLUser", "WebIdentityUser":
		if id.IdentityProvider == "" {
			return nil, UnseenPrincipal
		}
		return iam.Federated(id.IdentityProvider), NoSkip
	case "AWSAccount":
		if id.AccountID == "anonymous" || strings.EqualFold(id.AccountID, "ANONYMOUS_PRINCIPAL") {
			return iam.Anonymous(), NoSkip
		}
		p, err := iam.ParsePrincipal(id.ARN)
		if err != nil || p.Kind == iam.KindRoot {
			return nil, UnseenPrincipal // somebody of another account; that account has a record too
		}
		return p, NoSkip
	case "IdentityCenterUser", "Directory":
		return nil, NotIAM
	}
	if strings.HasSuffix(id.InvokedBy, ".amazonaws.com") && id.ARN == "" {
		return nil, ByService
	}
	return nil, UnseenPrincipal
}

// session is the session of a role, or a central root session.
func (r *Record) session() (*iam.Principal, Skip) {
	id := &r.UserIdentity
	p, err := iam.ParsePrincipal(id.ARN)
	if err != nil && id.SessionContext != nil {
		p, err = iam.ParsePrincipal(id.SessionContext.SessionIssuer.ARN) // the role at least
	}
	if err != nil {
		return nil, UnseenPrincipal
	}
	if p.Kind != iam.KindSession && p.Kind != iam.KindRole {
		return p, NoSkip
	}
	if s := id.SessionContext; s != nil {
		// Only the issuer tells the role's path.
		if role, err := iam.ParsePrincipal(s.SessionIssuer.ARN); err == nil && role.Kind == iam.KindRole {
			p.Role = role.ARN
		}
		p.ID = s.SessionIssuer.PrincipalID
	}
	if p.ID == "" {
		p.ID, _, _ = strings.Cut(id.PrincipalID, ":")
	}
	if p.ServiceLinked() || strings.Contains(p.Role, ":role/AWSServiceRoleFor") {
		return nil, ServiceLinked
	}
	return p, NoSkip
}
