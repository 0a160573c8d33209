package iam_test

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// The oracle is a second, independent reading of AWS's rules: slow, plain, and
// sharing nothing with the engine but the tree of package policy. It answers only
// where everything is known; what the engine says of unknowns is measured against
// what the oracle says of each way they could turn out.
//
// Sources: AWS IAM User Guide, "Policy evaluation logic", "Cross-account policy
// evaluation logic", "IAM JSON policy elements reference"; AWS Organizations User
// Guide on SCPs and RCPs; Amazon S3 User Guide on Block Public Access and ACLs.

// world is one request and everything that has a say in it.
type world struct {
	principal  *iam.Principal
	action     string
	resource   string
	account    string
	management bool
	context    map[string][]string
	states     map[string]iam.State // of keys that are not known
	open       bool                 // keys named nowhere are not known either
	partial    bool                 // of the resource only the start is known
	unseen     map[string]string    // layers that may have more documents

	identity                    documents
	boundary, session, endpoint *documents
	attached                    *documents // to the resource
	scps, rcps                  []documents
	bucket                      *iam.Bucket
}

type documents []*policy.Document

// oracle decides a world in which everything is known.
func oracle(w *world) iam.Decision {
	o := &reading{world: w, keys: contextOf(w)}
	if o.alwaysAllowed() {
		return iam.Allowed
	}
	if o.denied() {
		return iam.ExplicitlyDenied
	}
	if o.never() || !o.guardrailsAllow() || !o.granted() {
		return iam.ImplicitlyDenied
	}
	return iam.Allowed
}

// reading is one evaluation.
type reading struct {
	*world
	keys map[string][]string // lower case; a key that is not here is absent
}

// ---- what the kind of principal means ----

func (o *reading) serviceLinked() bool {
	return strings.Contains(o.principal.Role, ":role/aws-service-role/")
}

// hasIdentity tells whether there is an identity side at all.
func (o *reading) hasIdentity() bool {
	switch o.principal.Kind {
	case iam.KindUser, iam.KindRole, iam.KindSession, iam.KindFederatedUser, iam.KindRoot:
		return true
	}
	return false
}

func (o *reading) root() bool { return o.principal.Kind == iam.KindRoot }

func (o *reading) scpsBind() bool {
	return o.hasIdentity() && !o.principal.Management && !o.serviceLinked()
}

// Services of which resource control policies bind the resources, as far as the
// worlds of these tests go.
var oracleRCPServices = []string{"s3:", "sts:", "kms:", "sqs:", "secretsmanager:"}

func (o *reading) rcpsBind() bool {
	action := strings.ToLower(o.action)
	if o.management || o.serviceLinked() || action == "kms:retiregrant" {
		return false
	}
	for _, service := range oracleRCPServices {
		if strings.HasPrefix(action, service) {
			return true
		}
	}
	return false
}

// ---- rules that stand above policies ----

func (o *reading) alwaysAllowed() bool {
	switch strings.ToLower(o.action) {
	case "sts:getcalleridentity":
		return o.principal.Kind != iam.KindAnonymous
	case "sts:getsessiontoken":
		return o.principal.Kind == iam.KindUser || o.root()
	}
	return false
}

// never lists what IAM refuses to everybody but AWS itself.
func (o *reading) never() bool {
	action := strings.ToLower(o.action)
	if o.root() && action == "sts:assumerole" {
		return true // roles may not be assumed by root users
	}
	if strings.HasPrefix(o.resource, "arn:aws:iam::aws:policy/") {
		switch action {
		case "iam:createpolicyversion", "iam:deletepolicy", "iam:deletepolicyversion", "iam:setdefaultpolicyversion":
			return true
		}
	}
	if o.serviceLinked() {
		return false
	}
	if strings.Contains(o.resource, ":role/aws-reserved/") || strings.Contains(o.resource, ":role/aws-service-role/") {
		switch action {
		case "iam:attachrolepolicy", "iam:detachrolepolicy", "iam:putrolepolicy", "iam:deleterolepolicy", "iam:deleterole", "iam:updateassumerolepolicy":
			return true
		}
	}
	return false
}

// ownBucketPolicy: the root of a bucket's account always gets at its policy.
func (o *reading) ownBucketPolicy() bool {
	if !o.root() || o.principal.Account != o.account {
		return false
	}
	switch strings.ToLower(o.action) {
	case "s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy":
		return true
	}
	return false
}

// ---- denials ----

func (o *reading) denied() bool {
	if o.hasIdentity() && !o.root() {
		if o.anyStatement(o.identity, policy.Deny, nil) || o.boundary != nil && o.anyStatement(*o.boundary, policy.Deny, nil) {
			return true
		}
	}
	if o.hasIdentity() && o.session != nil && o.anyStatement(*o.session, policy.Deny, nil) {
		return true
	}
	if o.attached != nil && !o.ownBucketPolicy() && o.anyStatement(*o.attached, policy.Deny, o.meant) {
		return true
	}
	if o.endpoint != nil && o.anyStatement(*o.endpoint, policy.Deny, o.meant) {
		return true
	}
	if o.scpsBind() {
		for _, level := range o.scps {
			if o.anyStatement(level, policy.Deny, nil) {
				return true
			}
		}
	}
	if o.rcpsBind() {
		for _, level := range o.rcps {
			if o.anyStatement(level, policy.Deny, o.meant) {
				return true
			}
		}
	}
	return false
}

// anyStatement tells whether a statement of this effect applies. Where who is
// given, the statement must mean the principal too.
func (o *reading) anyStatement(docs documents, effect policy.Effect, who func(*policy.Statement) bool) bool {
	for _, d := range docs {
		for i := range d.Statements {
			s := &d.Statements[i]
			if s.Effect == effect && o.applies(d, s) && (who == nil || who(s)) {
				return true
			}
		}
	}
	return false
}

// ---- allows ----

func (o *reading) guardrailsAllow() bool {
	if o.endpoint != nil && !o.anyStatement(*o.endpoint, policy.Allow, o.meant) {
		return false
	}
	if o.scpsBind() {
		for _, level := range o.scps {
			if !o.anyStatement(level, policy.Allow, nil) {
				return false
			}
		}
	}
	if o.rcpsBind() {
		for _, level := range o.rcps {
			if !o.anyStatement(level, policy.Allow, o.meant) {
				return false
			}
		}
	}
	return true
}

func (o *reading) identityAllows() bool {
	if o.root() {
		return true
	}
	if o.principal.Kind == iam.KindFederatedUser && o.session == nil {
		return false
	}
	return o.anyStatement(o.identity, policy.Allow, nil)
}

func (o *reading) boundaryAllows() bool {
	return o.root() || o.boundary == nil || o.anyStatement(*o.boundary, policy.Allow, nil)
}

func (o *reading) sessionAllows() bool {
	return o.session == nil || o.anyStatement(*o.session, policy.Allow, nil)
}

// identitySide is what the principal's own account says.
func (o *reading) identitySide() bool {
	return o.hasIdentity() && o.identityAllows() && o.boundaryAllows() && o.sessionAllows()
}

func (o *reading) granted() bool {
	grant := o.grant()
	if !o.hasIdentity() {
		return grant > namesNobody
	}
	if o.principal.Account != o.account {
		return o.identitySide() && grant > namesNobody
	}
	switch grant {
	case namesDirectly:
		return true
	case namesRole:
		return o.boundaryAllows() && o.sessionAllows() || !o.needsResourcePolicy() && o.identitySide()
	case namesAccount:
		return o.identitySide()
	}
	return !o.needsResourcePolicy() && o.identitySide()
}

// needsResourcePolicy: role trust and key policies must allow even inside the
// account.
func (o *reading) needsResourcePolicy() bool {
	parts := strings.SplitN(o.resource, ":", 6)
	if len(parts) < 6 {
		return false
	}
	action := strings.ToLower(o.action)
	switch action {
	case "sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:tagsession", "sts:setsourceidentity":
		return parts[2] == "iam" && strings.HasPrefix(parts[5], "role/")
	}
	return strings.HasPrefix(action, "kms:") && parts[2] == "kms" && strings.HasPrefix(parts[5], "key/")
}

// grant is the best way in which the resource allows: its policy, and for Amazon
// S3 its access control lists.
func (o *reading) grant() naming {
	best := o.aclGrant()
	if o.attached == nil || o.policyShut() {
		return best
	}
	for _, d := range *o.attached {
		for i := range d.Statements {
			s := &d.Statements[i]
			if s.Effect == policy.Allow && o.applies(d, s) {
				best = max(best, o.named(s))
			}
		}
	}
	return best
}

func (o *reading) meant(s *policy.Statement) bool { return o.named(s) > namesNobody }

// applies tells whether action, resource and conditions of the statement hold.
func (o *reading) applies(d *policy.Document, s *policy.Statement) bool {
	return o.actionMatches(s) && o.resourceMatches(d, s) && o.conditionsHold(d, s)
}

func isTrue(v kleene.Value) bool { return v == kleene.True }
