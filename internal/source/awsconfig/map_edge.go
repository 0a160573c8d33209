package awsconfig

import "strings"

// edgeTypes: CloudFront, whose lists stand in {quantity, items}.
func edgeTypes() map[string]mapping {
	return map[string]mapping{
		"AWS::CloudFront::Distribution": {global: true, adapt: distribution, sees: "DistributionConfig"},
	}
}

func distribution(d *draft) {
	if id, ok := d.get("id").(string); ok {
		d.id = id
	}
	recorded := asMap(d.get("distributionConfig"))
	config := asMap(d.p["DistributionConfig"])
	if config == nil {
		return
	}
	if v := field(recorded, "isIPV6Enabled"); v != nil {
		config["IPV6Enabled"] = v
	}
	if field(asMap(field(recorded, "logging")), "enabled") == false {
		delete(config, "Logging")
	}
	if v := asMap(at(recorded, "restrictions", "geoRestriction")); v != nil {
		geo := map[string]any{"RestrictionType": field(v, "restrictionType")}
		set(geo, "Locations", some(listOf(field(v, "items"))))
		config["Restrictions"] = map[string]any{"GeoRestriction": geo}
	}
	if m := asMap(config["DefaultCacheBehavior"]); m != nil {
		behavior(m, asMap(field(recorded, "defaultCacheBehavior")))
	}
	each(config["CacheBehaviors"], field(recorded, "cacheBehaviors"), behavior)
	each(config["Origins"], field(recorded, "origins"), origin)
	d.observe("Status", d.get("status"))
	d.observe("DomainName", d.get("domainName"))
}

// each walks a list of ours beside the recorded one.
func each(ours, recorded any, fn func(ours, recorded map[string]any)) {
	theirs := objects(recorded)
	for i, m := range objects(ours) {
		if i < len(theirs) {
			fn(m, theirs[i])
		}
	}
}

// behavior mends what a cache behaviour calls otherwise.
func behavior(ours, recorded map[string]any) {
	if cached := at(recorded, "allowedMethods", "cachedMethods"); cached != nil {
		ours["CachedMethods"] = unwrap(cached, "items")
	}
	// An object of its own in the API, a plain list of accounts in the schema.
	if signers := asMap(field(recorded, "trustedSigners")); signers != nil && field(signers, "enabled") == false {
		delete(ours, "TrustedSigners")
	}
}

// origin mends what an origin calls otherwise.
func origin(ours, recorded map[string]any) {
	if headers := objects(field(recorded, "customHeaders")); len(headers) > 0 {
		var list []any
		for _, h := range headers {
			list = append(list, pair(h, "HeaderName", "HeaderValue"))
		}
		ours["OriginCustomHeaders"] = list
	}
	custom := asMap(field(recorded, "customOriginConfig"))
	if config := asMap(ours["CustomOriginConfig"]); config != nil {
		for from, to := range map[string]string{"httpPort": "HTTPPort", "httpsPort": "HTTPSPort", "originSslProtocols": "OriginSSLProtocols"} {
			if v := field(custom, from); v != nil {
				config[to] = unwrap(v, "items")
			}
		}
		if p, ok := config["OriginProtocolPolicy"].(string); ok {
			config["OriginProtocolPolicy"] = strings.ToLower(p)
		}
	}
}
