package analytic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// opened finds resource policies that let outsiders in. It evaluates them as the engine
// for posture does, so a condition or a Deny that keeps outsiders out counts, and a
// statement beside it that names everybody does not.
type opened struct {
	still
	world    World
	everyone bool
	of       string
}

var policyOpened = definition{Engine{
	Name:   "policy-opened",
	About:  "The policy of a bucket, a role or another resource is replaced by one that lets everyone in, or an account that is not ours.",
	Fields: []string{"eventID", "eventTime", "eventSource", "eventName", "errorCode", "recipientAccountId", "requestParameters"},
	Needs:  []string{"management"},
}, func(s *settings, w World) Analytic {
	o := &opened{world: w}
	o.everyone = s.choice("to", "", []string{"everyone", "accounts"}, "who is let in: everyone, or accounts that are not ours") == "everyone"
	o.of = s.choice("of", "", []string{ofBuckets, ofRoles, ofOthers}, "the policies of buckets, the trust policies of roles, or the policies of other resources")
	return o
}}

const (
	ofBuckets = "buckets"
	ofRoles   = "roles"
	ofOthers  = "others"
)

// policyCalls are the calls that bring a policy, and what it is a policy of. Where in
// the request it stands differs from service to service: it is looked for.
var policyCalls = map[string]string{
	"PutBucketPolicy": ofBuckets, "PutAccessPointPolicy": ofBuckets, "PutMultiRegionAccessPointPolicy": ofBuckets, "PutAccessPointPolicyForObjectLambda": ofBuckets,
	"CreateRole": ofRoles, "UpdateAssumeRolePolicy": ofRoles,
	"CreateTopic": ofOthers, "SetTopicAttributes": ofOthers, "CreateQueue": ofOthers, "SetQueueAttributes": ofOthers, "CreateKey": ofOthers, "PutKeyPolicy": ofOthers,
	"PutResourcePolicy": ofOthers, "PutFileSystemPolicy": ofOthers, "SetVaultAccessPolicy": ofOthers, "SetRepositoryPolicy": ofOthers, "PutRegistryPolicy": ofOthers,
	"UpdateDomainConfig": ofOthers, "UpdateElasticsearchDomainConfig": ofOthers, "PutPermission": ofOthers, "PutBackupVaultAccessPolicy": ofOthers,
}

func (o *opened) Wants(a *Activity) bool {
	return policyCalls[a.Name] == o.of && a.Error == "" && (o.of != ofRoles || a.Service == "iam.amazonaws.com")
}

func (o *opened) Observe(a *Activity, yield func(Signal)) {
	if a.Record == nil {
		return
	}
	name := resourceOf(a.Record)
	zone := exposure.Zone{Account: a.Account}
	if name != "" && a.Name == "PutBucketPolicy" {
		zone.Resource = "arn:aws:s3:::" + name
	}
	for _, doc := range documents(a.Record.JSON("requestParameters")) {
		grants, _ := exposure.Grants(policy.Of(doc), zone)
		for i := range grants {
			if who := o.outsider(&grants[i], a.Account); who != "" {
				s := single(a, fmt.Sprintf("the new policy of %s lets %s in: %s", orElse(name, "the resource"), who, told(&grants[i])))
				s.Resource = name
				if !o.everyone && o.world.Accounts != nil {
					s.Steps = 1 // it is none of ours for certain
				}
				yield(s)
				return
			}
		}
	}
}

// outsider names whom a grant lets in, where he is whom we look for.
func (o *opened) outsider(g *exposure.Grant, owner string) string {
	if g.Known != kleene.True {
		return ""
	}
	if o.everyone {
		switch {
		case !g.Public:
			return ""
		case g.Kind == exposure.Everyone:
			return "everyone"
		case g.Kind == exposure.Provider && o.of == ofRoles:
			return "everyone who has an account at " + g.Name
		}
		return ""
	}
	switch g.Kind {
	case exposure.Account, exposure.Principal:
	default:
		return ""
	}
	if !policy.IsAccount(g.Account) || g.Account == owner || slices.Contains(o.world.Accounts, g.Account) {
		return ""
	}
	return "account " + g.Account
}

// told says what somebody may do.
func told(g *exposure.Grant) string {
	what := strings.Join(first(g.Actions, 5), ", ")
	if what == "" {
		what = "all but " + strings.Join(first(g.NotActions, 5), ", ")
	}
	if g.Sid != "" {
		what += " (statement " + g.Sid + ")"
	}
	return what
}

func first(list []string, most int) []string {
	if len(list) > most {
		return append(slices.Clone(list[:most]), "…")
	}
	return list
}

// where requests name the resource whose policy they bring.
var resourcePaths = []string{
	"bucketName", "name", "topicArn", "queueUrl", "queueName", "keyId", "secretId", "resourceArn", "fileSystemId", "repositoryName", "domainName",
	"vaultName", "backupVaultName", "eventBusName", "roleName",
}

func resourceOf(r Record) string {
	for _, p := range resourcePaths {
		if v := r.Text("requestParameters." + p); v != "" {
			return strings.Clone(v)
		}
	}
	return ""
}

// documents finds the policies in a request: an object with statements, or a text that
// is one.
func documents(request []byte) (found []any) {
	var in any
	if len(request) == 0 || json.Unmarshal(request, &in) != nil {
		return nil
	}
	return search(in, nil, 0)
}

const (
	mostPolicies = 20
	deepPolicies = 8 // levels above a policy
)

func search(v any, found []any, depth int) []any {
	if depth > deepPolicies || len(found) >= mostPolicies {
		return found
	}
	switch x := v.(type) {
	case map[string]any:
		if _, ok := x["Statement"]; ok {
			return append(found, x)
		}
		for _, k := range slices.Sorted(maps.Keys(x)) {
			found = search(x[k], found, depth+1)
		}
	case []any:
		for _, e := range x {
			found = search(e, found, depth+1)
		}
	case string:
		var doc map[string]any
		if strings.Contains(x, `"Statement"`) && json.Unmarshal(bytes.TrimSpace([]byte(x)), &doc) == nil {
			return search(doc, found, depth+1)
		}
	}
	return found
}

func (o *opened) Lacks() (string, bool) {
	if !o.everyone && o.world.Accounts == nil {
		return "without your accounts (detect.accounts in holdfast.yaml) it takes every other account for an outsider", false
	}
	return "", false
}

// It remembers nothing.
func (o *opened) Save() ([]byte, error) {
	return save("policy-opened", o.of, func(*writer) {}), nil
}

func (o *opened) Load(data []byte) error {
	return load(data, "policy-opened", o.of, func(*loader) {})
}
