package analytic

import "strings"

// PrincipalOf is who a record speaks of, without what changes from session to session:
// the role of an assumed role, else the ARN itself. The issuer is the ARN under
// sessionContext.sessionIssuer, where the record has it.
func PrincipalOf(identityType, arn, issuer string) string {
	if identityType == "AssumedRole" && issuer != "" {
		return issuer
	}
	return RoleOf(arn)
}

// RoleOf gives the role of a session's ARN, and any other ARN as it is. The path of the
// role is not in the session's ARN, so it is not in the answer either.
func RoleOf(arn string) string {
	i := strings.Index(arn, ":assumed-role/")
	if i < 0 || !strings.HasPrefix(arn, "arn:") {
		return arn
	}
	head, role := arn[:i], arn[i+len(":assumed-role/"):]
	role, _, _ = strings.Cut(role, "/")
	return strings.Replace(head, ":sts:", ":iam:", 1) + ":role/" + role
}
