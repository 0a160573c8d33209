package collect

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What S3's API calls otherwise than its CloudFormation schema does.
var (
	loggingNames     = map[string]string{"TargetBucket": "DestinationBucketName", "TargetPrefix": "LogFilePrefix", "TargetGrants": ""}
	replicationNames = map[string]string{"ID": "Id", "Tag": "TagFilter", "Filter.And.Tags": "TagFilters", "Rules.Filter.And.Tags": "TagFilters"}
	filterNames      = map[string]string{"Key": "S3Key", "FilterRules": "Rules"}
)

func (d *bucketDraft) encryption(o *s3.GetBucketEncryptionOutput) {
	if o.ServerSideEncryptionConfiguration == nil {
		return
	}
	rules := value(o.ServerSideEncryptionConfiguration.Rules)
	list, _ := rules.([]any)
	for _, r := range list {
		if rule, ok := r.(map[string]any); ok {
			if by, ok := rule["ApplyServerSideEncryptionByDefault"]; ok {
				delete(rule, "ApplyServerSideEncryptionByDefault")
				rule["ServerSideEncryptionByDefault"] = by
			}
		}
	}
	if list != nil {
		d.p["BucketEncryption"] = map[string]any{"ServerSideEncryptionConfiguration": list}
	}
}

func (d *bucketDraft) acl(o *s3.GetBucketAclOutput) {
	grants := []any{}
	for _, g := range o.Grants {
		grant := map[string]any{"Permission": string(g.Permission)}
		if g.Grantee != nil {
			who := text(g.Grantee.URI)
			if who == "" {
				who = text(g.Grantee.ID)
			}
			set(grant, "Grantee", who)
		}
		grants = append(grants, grant)
	}
	d.observed["AclGrants"] = grants
}

func (d *bucketDraft) versioning(o *s3.GetBucketVersioningOutput) {
	d.observed["MfaDelete"] = o.MFADelete == types.MFADeleteStatusEnabled
	if o.Status != "" {
		d.p["VersioningConfiguration"] = map[string]any{"Status": string(o.Status)}
	}
}

func (d *bucketDraft) objectLock(o *s3.GetObjectLockConfigurationOutput) {
	if o.ObjectLockConfiguration == nil {
		return
	}
	d.p["ObjectLockEnabled"] = o.ObjectLockConfiguration.ObjectLockEnabled == types.ObjectLockEnabledEnabled
	set(d.p, "ObjectLockConfiguration", value(o.ObjectLockConfiguration))
}

func (d *bucketDraft) lifecycle(o *s3.GetBucketLifecycleConfigurationOutput) {
	rules := []any{}
	for _, r := range o.Rules {
		rules = append(rules, lifecycleRule(r))
	}
	if len(rules) > 0 {
		d.p["LifecycleConfiguration"] = map[string]any{"Rules": rules}
	}
}

func lifecycleRule(r types.LifecycleRule) map[string]any {
	p := map[string]any{"Status": string(r.Status)}
	set(p, "Id", text(r.ID))
	set(p, "Prefix", text(r.Prefix))
	set(p, "AbortIncompleteMultipartUpload", value(r.AbortIncompleteMultipartUpload))
	set(p, "NoncurrentVersionExpiration", value(r.NoncurrentVersionExpiration))
	set(p, "NoncurrentVersionTransitions", renamed(r.NoncurrentVersionTransitions, map[string]string{"NoncurrentDays": "TransitionInDays"}))
	set(p, "Transitions", renamed(r.Transitions, map[string]string{"Days": "TransitionInDays", "Date": "TransitionDate"}))
	if e := r.Expiration; e != nil {
		set(p, "ExpirationInDays", value(e.Days))
		set(p, "ExpirationDate", when(e.Date))
		set(p, "ExpiredObjectDeleteMarker", value(e.ExpiredObjectDeleteMarker))
	}
	if f := r.Filter; f != nil {
		lifecycleFilter(p, f)
	}
	return p
}

// lifecycleFilter lays the filter flat, as the schema has it.
func lifecycleFilter(p map[string]any, f *types.LifecycleRuleFilter) {
	var tags []types.Tag
	if f.Tag != nil {
		tags = append(tags, *f.Tag)
	}
	prefix, more, less := f.Prefix, f.ObjectSizeGreaterThan, f.ObjectSizeLessThan
	if f.And != nil {
		prefix, more, less = f.And.Prefix, f.And.ObjectSizeGreaterThan, f.And.ObjectSizeLessThan
		tags = append(tags, f.And.Tags...)
	}
	set(p, "Prefix", text(prefix))
	set(p, "TagFilters", value(tags))
	if more != nil {
		p["ObjectSizeGreaterThan"] = strconv.FormatInt(*more, 10)
	}
	if less != nil {
		p["ObjectSizeLessThan"] = strconv.FormatInt(*less, 10)
	}
}

// notification has one entry an event in the schema, one a target in the API.
func (d *bucketDraft) notification(o *s3.GetBucketNotificationConfigurationOutput) {
	p := map[string]any{}
	if o.EventBridgeConfiguration != nil {
		p["EventBridgeConfiguration"] = map[string]any{"EventBridgeEnabled": true}
	}
	add := func(list, field string, target *string, events []types.Event, filter *types.NotificationConfigurationFilter) {
		for _, e := range events {
			entry := map[string]any{"Event": string(e), field: text(target)}
			set(entry, "Filter", renamed(filter, filterNames))
			before, _ := p[list].([]any)
			p[list] = append(before, entry)
		}
	}
	for _, c := range o.LambdaFunctionConfigurations {
		add("LambdaConfigurations", "Function", c.LambdaFunctionArn, c.Events, c.Filter)
	}
	for _, c := range o.QueueConfigurations {
		add("QueueConfigurations", "Queue", c.QueueArn, c.Events, c.Filter)
	}
	for _, c := range o.TopicConfigurations {
		add("TopicConfigurations", "Topic", c.TopicArn, c.Events, c.Filter)
	}
	if len(p) > 0 {
		d.p["NotificationConfiguration"] = p
	}
}

func (d *bucketDraft) website(o *s3.GetBucketWebsiteOutput) {
	p := map[string]any{}
	if o.ErrorDocument != nil {
		set(p, "ErrorDocument", text(o.ErrorDocument.Key))
	}
	if o.IndexDocument != nil {
		set(p, "IndexDocument", text(o.IndexDocument.Suffix))
	}
	set(p, "RedirectAllRequestsTo", value(o.RedirectAllRequestsTo))
	set(p, "RoutingRules", renamed(o.RoutingRules, map[string]string{"Redirect": "RedirectRule", "Condition": "RoutingRuleCondition"}))
	if len(p) > 0 {
		d.p["WebsiteConfiguration"] = p
	}
}
