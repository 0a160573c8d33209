package awsconfig

import (
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// storageTypes: a bucket's settings all stand in the supplementary
// configuration, some as objects and some as text.
func storageTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::S3::Bucket": {id: byName, adapt: bucket, parts: []string{"AWS::S3::BucketPolicy"}, rename: map[string]string{"name": "BucketName"},
			sees: "BucketName"},
		"AWS::S3::AccountPublicAccessBlock": {to: "Holdfast::S3::AccountPublicAccessBlock", global: true, adapt: accountBlock},
	}
}

// bucketPart says how one supplement becomes a property. A supplement that Config
// recorded as null is a setting that is not there.
type bucketPart struct {
	supplement, property string
	shape                func(v any) any
}

var bucketParts = []bucketPart{
	{"PublicAccessBlockConfiguration", "PublicAccessBlockConfiguration", func(v any) any { return v }},
	{"ServerSideEncryptionConfiguration", "BucketEncryption", bucketEncryption},
	{"BucketVersioningConfiguration", "VersioningConfiguration", bucketVersioning},
	{"BucketLoggingConfiguration", "LoggingConfiguration", bucketLogging},
	{"BucketAccelerateConfiguration", "AccelerateConfiguration", bucketAcceleration},
	{"BucketWebsiteConfiguration", "WebsiteConfiguration", bucketWebsite},
	{"ObjectLockConfiguration", "ObjectLockConfiguration", func(v any) any { return v }},
	{"BucketLifecycleConfiguration", "LifecycleConfiguration", bucketLifecycle},
	{"BucketCrossOriginConfiguration", "CorsConfiguration", bucketCors},
	{"BucketReplicationConfiguration", "ReplicationConfiguration", bucketReplication},
	{"BucketOwnershipControls", "OwnershipControls", func(v any) any { return v }},
}

// leftAway are supplements that Config does not write where they are not set. It
// writes the others (versioning, logging, …) always, be it with a null inside, so
// that an item without them tells nothing about them.
var leftAway = wordSet(`ServerSideEncryptionConfiguration BucketWebsiteConfiguration ObjectLockConfiguration
	BucketLifecycleConfiguration BucketCrossOriginConfiguration BucketReplicationConfiguration PublicAccessBlockConfiguration`)

func bucket(d *draft) {
	d.p["BucketName"] = d.id
	complete := len(d.supplementary) > 0
	for _, part := range bucketParts {
		v, told := d.more(part.supplement)
		switch {
		case told && v != nil:
			if shaped := part.shape(v); shaped != nil {
				d.p[part.property] = named(d.typ, part.property, shaped)
			} else {
				d.p[part.property] = nil
			}
		case told, complete && leftAway[part.supplement]:
			d.p[part.property] = nil // known not to be set; Coerce drops it
		}
	}
	if lock, ok := d.p["ObjectLockConfiguration"].(map[string]any); ok {
		d.p["ObjectLockEnabled"] = lock["ObjectLockEnabled"] == "Enabled"
	} else if _, told := d.p["ObjectLockConfiguration"]; told {
		d.p["ObjectLockEnabled"] = nil
	}
	bucketFacts(d)
	bucketPolicy(d)
	// Tags of a bucket stand in a supplement where the item itself has none.
	if v, _ := d.more("BucketTaggingConfiguration"); len(d.tags) == 0 {
		for _, set := range objects(field(asMap(v), "tagSets")) {
			for k, tag := range tagsOf(field(set, "tags")) {
				d.tags[k] = tag
			}
		}
	}
}

func asMap(v any) map[string]any { m, _ := v.(map[string]any); return m }

func bucketFacts(d *draft) {
	d.observe("CreationDate", when(d.get("creationDate")))
	if v, told := d.more("BucketVersioningConfiguration"); told {
		d.observe("MfaDelete", field(asMap(v), "isMfaDeleteEnabled") == true)
	} else {
		d.unobserved("MfaDelete")
	}
	acl, told := d.more("AccessControlList")
	list := field(asMap(acl), "grantList")
	if !told || list == nil && field(asMap(acl), "grantSet") == nil {
		d.unobserved("AclGrants")
		return
	}
	if list == nil {
		list = field(asMap(acl), "grantSet")
	}
	grants := []any{}
	for _, g := range objects(list) {
		grant := map[string]any{}
		set(grant, "Permission", permissionName(field(g, "permission")))
		set(grant, "Grantee", grantee(field(g, "grantee")))
		grants = append(grants, grant)
	}
	d.observe("AclGrants", grants)
}

// grantee is a canonical id, the URI of a group, or the Java SDK's name of one.
func grantee(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return field(v, "identifier", "uri", "id")
	case string:
		switch v {
		case "AllUsers":
			return "http://acs.amazonaws.com/groups/global/AllUsers"
		case "AuthenticatedUsers":
			return "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
		case "LogDelivery":
			return "http://acs.amazonaws.com/groups/s3/LogDelivery"
		}
		return v
	}
	return nil
}

// permissionName is READ_ACP for what the Java SDK calls ReadAcp.
func permissionName(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if name, ok := map[string]string{"FullControl": "FULL_CONTROL", "Read": "READ", "Write": "WRITE", "ReadAcp": "READ_ACP", "WriteAcp": "WRITE_ACP"}[s]; ok {
		return name
	}
	return s
}

func bucketPolicy(d *draft) {
	v, told := d.more("BucketPolicy")
	if m, ok := v.(map[string]any); ok && field(m, "Statement") == nil {
		v = field(m, "policyText", "policy")
	}
	doc := policy(v, "BucketPolicy")
	if !told {
		doc = evidence.Unknown{Reason: unseen}
	}
	if doc != nil {
		d.part("AWS::S3::BucketPolicy", d.id, map[string]any{"Bucket": d.id, "PolicyDocument": doc})
		d.parts[len(d.parts)-1].ARN = d.item.ARN
	}
}

func bucketEncryption(v any) any {
	out := []any{}
	for _, r := range objects(field(asMap(v), "rules")) {
		rule := map[string]any{}
		set(rule, "BucketKeyEnabled", field(r, "bucketKeyEnabled"))
		if by, ok := field(r, "applyServerSideEncryptionByDefault").(map[string]any); ok {
			inner := map[string]any{}
			set(inner, "SSEAlgorithm", field(by, "sseAlgorithm"))
			set(inner, "KMSMasterKeyID", field(by, "kmsMasterKeyID"))
			rule["ServerSideEncryptionByDefault"] = inner
		}
		out = append(out, rule)
	}
	if len(out) == 0 {
		return nil
	}
	return map[string]any{"ServerSideEncryptionConfiguration": out}
}

func bucketVersioning(v any) any {
	status, _ := field(asMap(v), "status").(string)
	if status == "" || strings.EqualFold(status, "Off") {
		return nil
	}
	return map[string]any{"Status": status}
}

func bucketLogging(v any) any {
	if field(asMap(v), "destinationBucketName") == nil {
		return nil
	}
	return v
}

func bucketAcceleration(v any) any {
	if status := field(asMap(v), "status"); status != nil {
		return map[string]any{"AccelerationStatus": status}
	}
	return nil
}

func bucketWebsite(v any) any {
	m := asMap(v)
	out := map[string]any{}
	set(out, "ErrorDocument", field(m, "errorDocument"))
	set(out, "IndexDocument", field(m, "indexDocumentSuffix"))
	if to, ok := field(m, "redirectAllRequestsTo").(map[string]any); ok {
		out["RedirectAllRequestsTo"] = pair(to, "HostName", "Protocol")
	}
	var routes []any
	for _, r := range objects(field(m, "routingRules")) {
		routes = append(routes, map[string]any{"RedirectRule": field(r, "redirect"), "RoutingRuleCondition": field(r, "condition")})
	}
	set(out, "RoutingRules", some(routes))
	if len(out) == 0 {
		return nil
	}
	return out
}

func bucketLifecycle(v any) any {
	rules := []any{}
	for _, r := range objects(field(asMap(v), "rules")) {
		rule := pair(r, "Id", "Status", "Prefix", "ExpirationDate", "ExpirationInDays", "ExpiredObjectDeleteMarker", "AbortIncompleteMultipartUpload",
			"NoncurrentVersionExpirationInDays")
		if n, ok := rule["ExpirationInDays"].(int64); ok && n <= 0 {
			delete(rule, "ExpirationInDays") // the Java SDK's way of saying none
		}
		if n, ok := rule["NoncurrentVersionExpirationInDays"].(int64); ok && n <= 0 {
			delete(rule, "NoncurrentVersionExpirationInDays")
		}
		if p, ok := at(r, "filter", "predicate", "prefix").(string); ok {
			rule["Prefix"] = p
		}
		set(rule, "Transitions", some(transitions(field(r, "transitions"), "TransitionDate")))
		set(rule, "NoncurrentVersionTransitions", some(transitions(field(r, "noncurrentVersionTransitions"), "")))
		rules = append(rules, rule)
	}
	if len(rules) == 0 {
		return nil
	}
	return map[string]any{"Rules": rules}
}

func transitions(v any, date string) []any {
	var out []any
	for _, t := range objects(v) {
		m := pair(t, "StorageClass")
		if days, ok := field(t, "days").(int64); ok && days >= 0 {
			m["TransitionInDays"] = days
		}
		if date != "" {
			set(m, date, field(t, "date"))
		}
		out = append(out, m)
	}
	return out
}

func bucketCors(v any) any {
	rules := []any{}
	for _, r := range objects(field(asMap(v), "rules")) {
		rule := pair(r, "AllowedHeaders", "AllowedMethods", "AllowedOrigins", "ExposedHeaders", "Id")
		set(rule, "MaxAge", field(r, "maxAgeSeconds"))
		rules = append(rules, rule)
	}
	if len(rules) == 0 {
		return nil
	}
	return map[string]any{"CorsRules": rules}
}

// bucketReplication keeps the role and each rule's target; the record has the
// rules as an object by their id.
func bucketReplication(v any) any {
	role := field(asMap(v), "roleARN", "role")
	if role == nil {
		return nil
	}
	rules := []any{}
	m, _ := field(asMap(v), "rules").(map[string]any)
	for _, id := range sortedKeys(m) {
		r := asMap(m[id])
		rule := map[string]any{"Id": id}
		set(rule, "Status", field(r, "status"))
		set(rule, "Prefix", field(r, "prefix"))
		if to := asMap(field(r, "destinationConfig", "destination")); to != nil {
			inner := map[string]any{}
			set(inner, "Bucket", field(to, "bucketARN", "bucket"))
			set(inner, "Account", field(to, "account"))
			set(inner, "StorageClass", field(to, "storageClass"))
			rule["Destination"] = inner
		}
		rules = append(rules, rule)
	}
	return map[string]any{"Role": role, "Rules": rules}
}

func accountBlock(d *draft) {
	d.id = d.item.Account
	d.p["Configured"] = true
	for _, name := range []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"} {
		if v, ok := d.get(name).(bool); ok {
			d.p[name] = v
		} else {
			d.p[name] = evidence.Unknown{Reason: unseen}
		}
	}
}
