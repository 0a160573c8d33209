package exposure

import (
	"slices"
	"strings"
)

// sharedProviders are identity providers at which anybody can have an account, with the
// claims of their tokens that a person cannot choose. Trust in such a provider is
// trust in everybody until one of these claims narrows it. Source: AWS IAM User
// Guide, "Available keys for AWS web identity federation", and the providers'
// own documentation of their tokens.
var sharedProviders = map[string][]string{
	"token.actions.githubusercontent.com": {"sub", "repository", "repository_owner", "repository_id", "repository_owner_id", "actor", "actor_id", "job_workflow_ref", "enterprise", "enterprise_id"},
	"gitlab.com":                          {"sub", "namespace_id", "namespace_path", "project_id", "project_path", "user_login", "user_email"},
	"app.terraform.io":                    {"sub", "terraform_organization_id", "terraform_organization_name", "terraform_workspace_id"},
	"agent.buildkite.com":                 {"sub", "organization_slug", "organization_id", "pipeline_slug"},
	"accounts.google.com":                 {"aud", "sub", "oaud", "email", "hd"},
	"www.amazon.com":                      {"app_id", "user_id", "sub"},
	"graph.facebook.com":                  {"app_id", "id", "sub"},
	"cognito-identity.amazonaws.com":      {"aud", "sub"},
}

// providerOf is the name of a provider: what stands in an ARN behind
// oidc-provider/, or the name itself.
func providerOf(name string) string {
	if _, host, ok := strings.Cut(name, ":oidc-provider/"); ok {
		return strings.ToLower(host)
	}
	return strings.ToLower(name)
}

// cutClaim takes a condition key about a claim of a web identity apart.
func cutClaim(key string) (provider, claim string, ok bool) {
	at := strings.LastIndexByte(key, ':')
	if at < 0 || !strings.Contains(key[:at], ".") {
		return "", "", false
	}
	return key[:at], key[at+1:], true
}

// claims is what the token of a visitor can say. Of somebody from a provider at
// which anybody can register, what he cannot choose is fresh; at others, and for
// what he can choose, it is whatever lets him in.
func (v *visitor) claims(provider, claim string) reach {
	fixed, shared := sharedProviders[provider]
	if providerOf(v.principal.ARN) != provider || v.principal.ARN == "" {
		return gone // his request carries no such token
	}
	if !shared || !slices.Contains(fixed, claim) || v.guest {
		return free(provider + ":" + claim)
	}
	return reach{own: patterns(false, subjects...)}
}

// subjects are what tokens of a stranger can say. They are paths of which the
// first part is the owner, whom a stranger can only be where the document leaves
// the owner open.
var subjects = []string{
	freshWord + "*", "repo:*" + freshWord + "*/*", "project_path:*" + freshWord + "*/*", "organization:" + freshWord + "*",
	"*" + freshWord + "*/*",
}
