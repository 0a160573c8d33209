package demo

import (
	"fmt"
	"time"
)

// Addresses are those that RFC 5737 keeps for documents: the office, build runners, and
// others.
const (
	office   = "198.51.100.17"
	runner   = "198.51.100.201"
	scanner  = "198.51.100.230"
	stranger = "203.0.113.77"
	abroad   = "203.0.113.140"
)

const (
	agentConsole   = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	agentCLI       = "aws-cli/2.31.18 md/awscrt#0.28.2 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.7 md/pyimpl#CPython cfg/retry-mode#standard"
	agentTerraform = "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 terraform-provider-aws/6.18.0 aws-sdk-go-v2/1.39.4 os/linux lang/go#1.25.3"
	agentRuntime   = "aws-sdk-js/3.914.0 ua/2.1 os/linux#5.10.245 lang/js md/nodejs#22.20.0 exec-env/AWS_Lambda_nodejs22.x"
)

// role is a session of a role. It began when the account's day did.
func (d *days) role(account, name, session, address, agent string, began time.Time, mfa bool) actor {
	id := fmt.Sprintf("AROA%017X", hash(account+name))
	return actor{address: address, agent: agent, identity: map[string]any{
		"type": "AssumedRole", "principalId": id + ":" + session, "arn": fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, lastPart(name), session),
		"accountId": account, "accessKeyId": fmt.Sprintf("ASIA%016X", hash(account+name+session+began.String())),
		"sessionContext": map[string]any{
			"sessionIssuer": map[string]any{"type": "Role", "principalId": id, "arn": fmt.Sprintf("arn:aws:iam::%s:role/%s", account, name), "accountId": account, "userName": lastPart(name)},
			"attributes":    map[string]any{"creationDate": began.UTC().Format(time.RFC3339), "mfaAuthenticated": fmt.Sprint(mfa)},
		},
	}}
}

// user is a user of IAM with a key.
func (d *days) user(account, name, key, address, agent string) actor {
	return actor{address: address, agent: agent, identity: map[string]any{
		"type": "IAMUser", "principalId": fmt.Sprintf("AIDA%017X", hash(account+name)), "arn": fmt.Sprintf("arn:aws:iam::%s:user/%s", account, name),
		"accountId": account, "accessKeyId": key, "userName": name,
	}}
}

// service is AWS itself.
func service(name string) actor {
	return actor{service: true, address: name + ".amazonaws.com", agent: name + ".amazonaws.com", identity: map[string]any{"type": "AWSService", "invokedBy": name + ".amazonaws.com"}}
}

// behalf is a service that calls with the rights of a role of the account.
func (d *days) behalf(a actor, of string) actor {
	identity := map[string]any{"invokedBy": of + ".amazonaws.com"}
	for k, v := range a.identity {
		identity[k] = v
	}
	return actor{service: true, address: of + ".amazonaws.com", agent: of + ".amazonaws.com", identity: identity}
}

// hash spreads a text, so that the same thing has the same id everywhere.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// lastPart is the name of a role without its path.
func lastPart(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			return name[i+1:]
		}
	}
	return name
}
