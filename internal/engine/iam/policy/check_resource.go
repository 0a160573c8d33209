package policy

import (
	"slices"
	"strings"
)

// iamPaths are how the resources of IAM start (message of iam:CreatePolicy).
var iamPaths = []string{
	"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
	"sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/", "root", "assumed-role/",
}

// checkResource tells what AWS has against a resource, which is an ARN or "*".
func checkResource(v string, t Type) (code, message string) {
	if v == "*" || v == "**" || ownForm(v, t) {
		return "", ""
	}
	parts := splitARN(v)
	if parts[0] != "arn" || len(parts) < 2 {
		return InvalidResource, quote(v) + ` is neither an ARN nor "*"; write arn:partition:service:region:account:resource`
	}
	if p := parts[1]; !matchesPartition(p) {
		return InvalidPartition, quote(v) + ": " + quote(p) + " is not a partition of AWS; one of " + strings.Join(partitions, ", ")
	}
	if len(parts) < 6 {
		return InvalidResource, quote(v) + " lacks parts: an ARN has six, arn:partition:service:region:account:resource; a part may be empty, its colon may not be missing"
	}
	arn := ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}
	return checkParts(v, arn)
}

// ownForm takes what some services write instead of ARNs in policies of their own.
func ownForm(v string, t Type) bool {
	return t == Resource && strings.HasPrefix(v, "execute-api:/") // Amazon API Gateway
}

func checkParts(v string, a ARN) (code, message string) {
	switch {
	case a.Service == "":
		return InvalidResource, quote(v) + " lacks the service (third part)"
	case strings.ContainsAny(a.Service, "*?"):
		return InvalidResource, quote(v) + " has a wildcard in the service (third part), which AWS refuses; write one ARN for each service"
	case a.Service == "iam" && a.Region != "" && a.Region != "*":
		return InvalidResource, quote(v) + " has a Region, but IAM is global; leave the fourth part empty"
	case a.Service == "iam" && !iamPath(a.Resource):
		return InvalidResource, quote(v) + " is not a resource of IAM: behind the account comes user/, role/, group/, policy/ or the like"
	case a.Service == "s3" && a.Region != "" && a.Region != "*" && a.Account == "":
		return InvalidResource, quote(v) + " has a Region, but ARNs of buckets and objects have none; leave the fourth part empty"
	case a.Account != "" && strings.Trim(a.Account, "0123456789") == "" && len(a.Account) != 12:
		return InvalidResource, quote(v) + ": " + quote(a.Account) + " is not the number of an account, which has 12 digits"
	}
	return "", ""
}

func iamPath(resource string) bool {
	fixed := resource
	if i := strings.IndexAny(resource, "*?$"); i >= 0 {
		fixed = resource[:i]
		return slices.ContainsFunc(iamPaths, func(p string) bool { return strings.HasPrefix(p, fixed) || strings.HasPrefix(fixed, p) })
	}
	return slices.ContainsFunc(iamPaths, func(p string) bool { return strings.HasPrefix(fixed, p) })
}

// matchesPartition takes partitions, patterns of them (aws*) and variables.
func matchesPartition(p string) bool {
	if strings.HasPrefix(p, "${") {
		return true
	}
	prefix, suffix, wild := strings.Cut(p, "*")
	return slices.ContainsFunc(partitions, func(known string) bool {
		if wild {
			return len(known) >= len(prefix)+len(suffix) && strings.HasPrefix(known, prefix) && strings.HasSuffix(known, suffix)
		}
		return known == p
	})
}
