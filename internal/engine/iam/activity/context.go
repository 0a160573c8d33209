package activity

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// contextOf is the request's circumstances as far as the record tells. What
// follows from the principal and the resource (aws:PrincipalArn, aws:ResourceAccount
// and so on) is left to package iam, which knows them. The context is open: a key
// that is not mentioned may have been there.
func (m *Mapper) contextOf(r *Record) *iam.Context {
	c := &iam.Context{Open: true}
	r.network(c)
	r.credentials(c)
	if at := r.Time(); !at.IsZero() {
		c.Set("aws:CurrentTime", at.Format("2006-01-02T15:04:05Z"))
		c.Set("aws:EpochTime", strconv.FormatInt(at.Unix(), 10))
	}
	r.region(c)
	r.tags(c)
	m.sessionTags(r, c)
	r.enriched(c)
	return c
}

// network sets what concerns the way of the request.
func (r *Record) network(c *iam.Context) {
	_, err := netip.ParseAddr(r.SourceIPAddress)
	isIP := err == nil
	switch {
	case r.VPCEndpointID != "":
		c.Set("aws:SourceVpce", r.VPCEndpointID)
		c.Mark("aws:SourceIp", iam.Absent)
		if isIP {
			c.Set("aws:VpcSourceIp", r.SourceIPAddress)
		} else {
			c.Mark("aws:VpcSourceIp", iam.Present)
		}
		c.Mark("aws:SourceVpc", iam.Present)
		c.Mark("aws:VpceOrgID", iam.Unseen) // not every service has the two, and an endpoint may be in no organisation
		c.Mark("aws:VpceAccount", iam.Unseen)
		if r.VPCEndpointAccountID != "" {
			c.Set("aws:VpceAccount", r.VPCEndpointAccountID)
		}
	case isIP:
		c.Set("aws:SourceIp", r.SourceIPAddress)
		for _, key := range vpcKeys {
			c.Mark(key, iam.Absent)
		}
	default: // "AWS Internal", or a service's name
		c.Mark("aws:SourceIp", iam.Unseen)
		for _, key := range vpcKeys {
			c.Mark(key, iam.Unseen)
		}
	}
	invoked := strings.TrimSpace(r.UserIdentity.InvokedBy)
	service := strings.Contains(invoked, ".amazonaws.com")
	switch {
	case service:
		c.Set("aws:ViaAWSService", "true")
		c.Set("aws:CalledViaLast", invoked)
		c.Mark("aws:CalledVia", iam.Present)
		c.Mark("aws:CalledViaFirst", iam.Present)
	case invoked == "" && isIP:
		c.Set("aws:ViaAWSService", "false")
		for _, key := range []string{"aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"} {
			c.Mark(key, iam.Absent)
		}
	}
	const longest = 1024 // CloudTrail cuts off what is longer
	agent := r.UserAgent
	if inner, ok := strings.CutPrefix(agent, "["); ok {
		agent = strings.TrimSuffix(inner, "]") // as Amazon S3 writes it
	}
	if agent != "" && len(r.UserAgent) < longest {
		c.Set("aws:UserAgent", agent)
	}
	switch {
	case r.TLSDetails != nil && r.TLSDetails.TLSVersion != "":
		c.Set("aws:SecureTransport", "true")
		if v, ok := strings.CutPrefix(r.TLSDetails.TLSVersion, "TLSv"); ok && r.EventSource == "s3.amazonaws.com" {
			c.Set("s3:TlsVersion", v)
		}
	case r.EventSource != "s3.amazonaws.com":
		c.Set("aws:SecureTransport", "true") // only Amazon S3 takes requests in the clear
	}
}

var vpcKeys = []string{"aws:SourceVpce", "aws:SourceVpc", "aws:VpcSourceIp", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths"}

// credentials sets what concerns the credentials.
func (r *Record) credentials(c *iam.Context) {
	keys := []string{"aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime", "aws:SourceIdentity", "aws:FederatedProvider", "ec2:RoleDelivery", "aws:AssumedRoot"}
	s := r.UserIdentity.SessionContext
	if s == nil {
		switch r.UserIdentity.Type {
		case "IAMUser", "Root": // long-term keys
			for _, key := range keys {
				c.Mark(key, iam.Absent)
			}
		}
		return
	}
	set := func(key, value string) {
		if value == "" {
			c.Mark(key, iam.Absent)
		} else {
			c.Set(key, value)
		}
	}
	set("aws:SourceIdentity", s.SourceIdentity)
	set("aws:FederatedProvider", s.WebIDFederationData.FederatedProvider)
	set("ec2:RoleDelivery", string(s.EC2RoleDelivery))
	set("aws:AssumedRoot", string(s.AssumedRoot))
	if s.Attributes.CreationDate != "" {
		c.Set("aws:TokenIssueTime", s.Attributes.CreationDate)
	}
	switch mfa := string(s.Attributes.MFAAuthenticated); mfa {
	case "true":
		c.Set("aws:MultiFactorAuthPresent", mfa)
		c.Mark("aws:MultiFactorAuthAge", iam.Present)
	case "false":
		c.Set("aws:MultiFactorAuthPresent", mfa)
		c.Mark("aws:MultiFactorAuthAge", iam.Absent)
	}
}

// region sets the Region the request was sent to.
func (r *Record) region(c *iam.Context) {
	profile := strings.HasPrefix(r.EventSource, "bedrock") && strings.Contains(r.param("modelId"), "inference-profile")
	if r.AWSRegion != "" && !profile { // a cross-Region profile is judged in each of its Regions
		c.Set("aws:RequestedRegion", r.AWSRegion)
	}
}

// tags sets the tags that the request gives to something, where they are in one of
// the usual shapes.
func (r *Record) tags(c *iam.Context) {
	tags, found := requestTags(r.RequestParameters)
	if !found {
		return
	}
	keys := slices.Sorted(maps.Keys(tags))
	c.Set("aws:TagKeys", keys...)
	for _, key := range keys {
		c.Set("aws:RequestTag/"+key, tags[key])
	}
}

// requestTags finds tags; found is false where there may be some that were not
// understood, or were hidden.
func requestTags(params any) (tags map[string]string, found bool) {
	m, ok := params.(map[string]any)
	if !ok {
		return nil, false
	}
	tags = map[string]string{}
	for key, v := range m {
		switch strings.ToLower(key) {
		case "tags", "tagset", "tagslist", "taglist":
			if !tagsIn(tags, v, 0) {
				return nil, false
			}
			found = true
		case "tagspecificationset":
			items, ok := m[key].(map[string]any)
			if !ok {
				return nil, false
			}
			list, _ := items["items"].([]any)
			for _, e := range list {
				one, _ := e.(map[string]any)
				if !tagsIn(tags, one["tags"], 0) {
					return nil, false
				}
				found = true
			}
		}
	}
	return tags, found
}

// tagsIn reads {"key": …, "value": …} in lists, and {name: value}.
func tagsIn(tags map[string]string, v any, depth int) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if depth > 2 || !tagsIn(tags, e, depth+1) {
				return false
			}
		}
		return true
	case map[string]any:
		if items, ok := v["items"]; ok && len(v) == 1 {
			return depth <= 2 && tagsIn(tags, items, depth+1)
		}
		key, value, paired := pair(v)
		if paired {
			if key == hidden || key == "" {
				return false
			}
			tags[key] = value
			return true
		}
		for key, e := range v {
			s, ok := e.(string)
			if !ok || s == hidden {
				return false
			}
			tags[key] = s
		}
		return true
	}
	return false
}

// hidden is what CloudTrail writes in place of values it keeps to itself.
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

func pair(m map[string]any) (key, value string, ok bool) {
	for name, v := range m {
		s, isText := v.(string)
		switch strings.ToLower(name) {
		case "key", "tagkey":
			key, ok = s, isText
		case "value", "tagvalue":
			value = s
		default:
			return "", "", false
		}
	}
	return key, value, ok
}

// enriched sets what an enriched event tells, which goes before all guesses.
func (r *Record) enriched(c *iam.Context) {
	if r.EventContext == nil {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(r.EventContext.RequestContext)) {
		if values := textsAt(r.EventContext.RequestContext[key], ""); len(values) > 0 && strings.Contains(key, ":") {
			c.Set(key, values...)
		}
	}
	tags := map[string]string{}
	if tagsIn(tags, r.EventContext.TagContext.PrincipalTags, 0) {
		for _, key := range slices.Sorted(maps.Keys(tags)) {
			c.Set("aws:PrincipalTag/"+key, tags[key])
		}
	}
	if list := r.EventContext.TagContext.ResourceTags; len(list) == 1 {
		tags = map[string]string{}
		if tagsIn(tags, list[0].Tags, 0) {
			for _, key := range slices.Sorted(maps.Keys(tags)) {
				c.Set("aws:ResourceTag/"+key, tags[key])
			}
		}
	}
}

// sessionTags sets the tags that were given to the session when it was made.
func (m *Mapper) sessionTags(r *Record, c *iam.Context) {
	tags := m.sessions[r.UserIdentity.AccessKeyID]
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		c.Set("aws:PrincipalTag/"+key, tags[key])
	}
}
