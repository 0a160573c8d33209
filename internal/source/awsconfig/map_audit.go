package awsconfig

import (
	"holdfast.dev/holdfast/internal/evidence"
)

// auditTypes: trails and keys.
func auditTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::CloudTrail::Trail": {id: byName, adapt: trail,
			rename: map[string]string{"name": "TrailName", "logfilevalidationenabled": "EnableLogFileValidation"},
			sees: "CloudWatchLogsLogGroupArn CloudWatchLogsRoleArn EnableLogFileValidation IncludeGlobalServiceEvents IsMultiRegionTrail KMSKeyId S3BucketName " +
				"S3KeyPrefix SnsTopicName TrailName"},
		"AWS::KMS::Key": {adapt: key, rename: map[string]string{"customermasterkeyspec": "KeySpec"}, sees: "Description Enabled KeySpec KeyUsage Origin"},
	}
}

func trail(d *draft) {
	if name, ok := d.get("name").(string); ok {
		d.id = name
	}
	selectors(d)
	if d.get("hasInsightSelectors") == false {
		d.p["InsightSelectors"] = nil // known not to be set; Coerce drops it
	}
	status, _ := d.more("TrailStatus")
	if on, ok := field(asMap(status), "isLogging", "logging").(bool); ok {
		d.p["IsLogging"] = on
	}
	d.observe("HomeRegion", d.get("homeRegion"))
	d.observe("OrganizationTrail", d.get("isOrganizationTrail"))
	d.unobserved("LatestDeliveryTime", "LatestDeliveryError")
}

// selectors are in the supplement; a trail that has none of its own records all
// management events, which is what an absent property means.
func selectors(d *draft) {
	v, told := d.more("EventSelectors")
	list := v
	if m, ok := v.(map[string]any); ok {
		list = field(m, "eventSelectors")
		if advanced := field(m, "advancedEventSelectors"); advanced != nil {
			d.p["AdvancedEventSelectors"] = named(d.typ, "AdvancedEventSelectors", advanced)
		} else {
			d.p["AdvancedEventSelectors"] = nil
		}
	}
	switch {
	case told && list != nil:
		d.p["EventSelectors"] = named(d.typ, "EventSelectors", list)
	case told, d.get("hasCustomEventSelectors") == false:
		d.p["EventSelectors"] = nil
		if _, set := d.p["AdvancedEventSelectors"]; !set {
			d.p["AdvancedEventSelectors"] = nil
		}
	}
}

func key(d *draft) {
	if v, told := d.more("KeyRotationStatus"); told {
		switch v := v.(type) {
		case bool:
			d.p["EnableKeyRotation"] = v
		case string:
			d.p["EnableKeyRotation"] = v == "true"
		case map[string]any:
			set(d.p, "EnableKeyRotation", field(v, "keyRotationEnabled"))
		}
	}
	recorded, told := d.more("Policy")
	if m, ok := recorded.(map[string]any); ok && field(m, "Statement") == nil {
		recorded = field(m, "policy", "policyText")
	}
	d.p["KeyPolicy"] = unknownPolicy // every key has one
	if doc := policy(recorded, "the key policy"); told && doc != nil {
		d.p["KeyPolicy"] = doc
	}
	if _, told := d.p["MultiRegion"]; !told {
		d.p["MultiRegion"] = evidence.Unknown{Reason: unseen}
	}
	d.observe("KeyManager", d.get("keyManager"))
	d.observe("KeyState", d.get("keyState"))
	d.observe("Origin", d.get("origin"))
	d.observe("DeletionDate", when(d.get("deletionDate")))
}
