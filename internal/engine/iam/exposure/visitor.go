package exposure

import (
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
)

// visitor is somebody at the door.
type visitor struct {
	principal *iam.Principal
	account   string   // whose endpoint, access point or source he uses, and his own
	arns      []string // what aws:PrincipalArn can be, as patterns, the plainest first
	ids       []string // likewise aws:userid
	orgs      []string // likewise the organisation's id; none: he is in none
	orgless   bool     // he may be in no organisation
	notOrg    string   // the organisation that he is certainly not in
	place     place
	source    *source // on whose behalf a service calls; nil where none does
	// guest is somebody who is known at his identity provider.
	guest bool
	// free is somebody of whom nothing is fixed, not even what strangers cannot
	// choose. He finds out whether anybody at all gets in.
	free bool
}

// source is what a service says of the resource for which it calls.
type source struct{ arns, accounts []string }

// place is where a visitor comes from.
type place uint8

const (
	internet place = iota // no address of a narrow network
	endpoint              // a VPC endpoint of his own
	anywhere              // wherever he needs to be
	inside                // AWS: requests of services tell neither
)

// reach is what a visitor can make of a condition key.
type reach struct {
	own    []glob.Glob // the values that he can have, the plainest first
	absent bool        // he can leave the key out
	leave  bool        // the request itself tells
	not    string      // a value that he cannot have, whatever own says
	// addresses is set where the key holds an IP address; narrow ones are not his
	// where public is set.
	addresses, public bool
}

// free is a key that the visitor can have as he likes, within what such a key can
// hold.
func free(key string) reach {
	known, _ := action.KeyFor(key)
	out := reach{absent: known.Presence != action.Always}
	switch known.Type {
	case action.Bool:
		out.own = patterns(false, "true", "false")
	case action.Numeric:
		out.own = patterns(false, "0", "*")
	case action.Date:
		out.own = patterns(false, "2026-01-01T00:00:00Z", "*")
	case action.ARN:
		out.own = patterns(false, "arn:aws:s3:::"+freshWord, "*"+freshWord+"*", "*")
	default:
		out.own = patterns(false, freshWord, "*"+freshWord+"*", "*")
	}
	return out
}

func patterns(arn bool, list ...string) []glob.Glob {
	out := make([]glob.Glob, len(list))
	for i, p := range list {
		out[i] = glob.Glob{Pattern: p, ARN: arn}
	}
	return out
}

func only(values ...string) reach { return reach{own: patterns(false, values...)} }

func (r reach) orAbsent() reach {
	r.absent = true
	return r
}

// gone is a key that the visitor's requests never have.
var gone = reach{absent: true}

// pinned tells whether a key says something of a visitor that he cannot choose.
func pinned(key string) bool {
	switch k := strings.ToLower(key); k {
	case "aws:principalarn", "aws:principalaccount", "kms:calleraccount", "aws:principalorgid", "aws:principalorgpaths", "aws:userid",
		"aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist",
		"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths",
		"aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths",
		"s3:dataaccesspointarn", "s3:dataaccesspointaccount", "lambda:eventsourcetoken", "elasticfilesystem:accessedviamounttarget":
		return true
	default:
		// What a person's token says of him at an identity provider: its subject.
		return strings.HasSuffix(k, ":sub")
	}
}

// reach is what the visitor can make of a key, in lower case.
func (v *visitor) reach(key string, s *search) reach {
	switch key {
	case "aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths":
		return s.ofResource(key)
	case "aws:sourceip":
		return v.addressed()
	case "aws:vpcsourceip":
		return v.insideVPC()
	}
	if v.free {
		return free(key)
	}
	switch key {
	case "aws:principalarn":
		return v.named(v.arns)
	case "aws:principalaccount", "aws:principaltype", "aws:principalisawsservice", "aws:principalservicename":
		return reach{leave: true}
	case "kms:calleraccount":
		if v.principal.Account == "" {
			return gone
		}
		return only(v.account)
	case "aws:userid":
		return v.named(v.ids)
	case "aws:username":
		if v.principal.Kind == iam.KindUser {
			return reach{own: patterns(false, v.principal.Name, "*")}
		}
		return gone
	case "aws:principalorgid", "aws:principalorgpaths":
		if v.principal.Account == "" {
			return reach{leave: true}
		}
		return v.organisation(key == "aws:principalorgpaths")
	case "aws:principalservicenameslist":
		if v.principal.Kind == iam.KindService {
			return only(v.principal.Name)
		}
		return gone
	}
	return v.reachElse(key, s)
}

func (v *visitor) reachElse(key string, s *search) reach {
	switch key {
	case "aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid", "aws:sourceorgpaths":
		return v.sent(key, s)
	case "aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths":
		return v.through(key, s)
	case "s3:dataaccesspointarn":
		return reach{own: patterns(true, s.arn("s3", "us-east-1", v.account, "accesspoint/"+freshWord), s.arn("s3", "*", v.account, "*")), absent: true}
	case "s3:dataaccesspointaccount":
		return only(v.account).orAbsent()
	case "lambda:eventsourcetoken":
		return only("*" + freshWord + "*").orAbsent()
	case "elasticfilesystem:accessedviamounttarget":
		return only("false").orAbsent()
	}
	if strings.HasPrefix(key, "aws:principaltag/") && v.principal.Account == "" {
		return gone
	}
	if provider, claim, ok := cutClaim(key); ok {
		return v.claims(provider, claim)
	}
	return free(key)
}

// named is a key of the principal that only some principals have.
func (v *visitor) named(list []string) reach {
	if len(list) == 0 {
		return reach{leave: true}
	}
	return reach{own: patterns(strings.HasPrefix(list[0], "arn:"), list...)}
}

func (v *visitor) addressed() reach {
	switch v.place {
	case internet:
		return reach{addresses: true, public: !v.free}
	case anywhere:
		return reach{addresses: true, absent: true}
	}
	return gone
}

func (v *visitor) insideVPC() reach {
	switch v.place {
	case endpoint:
		return reach{addresses: true}
	case anywhere:
		return reach{addresses: true, absent: true}
	}
	return gone
}

// organisation is the id of his organisation, or his path in it.
func (v *visitor) organisation(paths bool) reach {
	if len(v.orgs) == 0 {
		return gone
	}
	r := reach{absent: v.orgless, not: v.notOrg}
	for _, id := range v.orgs {
		if paths {
			// The organisation's part ends at the first slash, as an ARN's at a colon.
			id += "/*"
		}
		r.own = append(r.own, glob.Glob{Pattern: id})
	}
	return r
}

// sent is what a service says of whom it calls for.
func (v *visitor) sent(key string, s *search) reach {
	if v.source == nil {
		return gone
	}
	switch key {
	case "aws:sourcearn":
		return reach{own: patterns(true, v.source.arns...), absent: true}
	case "aws:sourceaccount", "aws:sourceowner":
		return only(v.source.accounts...).orAbsent()
	}
	return v.organisation(key == "aws:sourceorgpaths").orAbsent()
}

// through is what a VPC endpoint adds to a request.
func (v *visitor) through(key string, s *search) reach {
	switch v.place {
	case anywhere:
		return free(key)
	case internet, inside:
		return gone
	}
	switch key {
	case "aws:sourcevpc":
		return only("vpc-"+freshWord, "vpc-*"+freshWord+"*")
	case "aws:sourcevpce":
		return only("vpce-"+freshWord, "vpce-*"+freshWord+"*")
	case "aws:sourcevpcarn":
		return reach{own: patterns(true, s.arn("ec2", "*", v.account, "vpc/"+freshWord))}
	case "aws:vpceaccount":
		return only(v.account).orAbsent()
	}
	return v.organisation(key == "aws:vpceorgpaths").orAbsent()
}

// ofResource is what is known of the owner of the resource. The visitor has no
// say in it; what is not known may be as the document says.
func (s *search) ofResource(key string) reach {
	switch {
	case key == "aws:resourceaccount" && s.zone.Account != "":
		return reach{leave: true}
	case key == "aws:resourceaccount":
		return only(s.owner, "*")
	case !s.zone.OrgSeen:
		if key == "aws:resourceorgpaths" {
			return only("o-owner/r-0/ou-0/", "*").orAbsent()
		}
		return only("o-owner", "*").orAbsent()
	case s.zone.OrgID == "":
		return gone
	case key == "aws:resourceorgid":
		return only(s.zone.OrgID)
	}
	return only(s.zone.OrgID+"/r-0/ou-0/", s.zone.OrgID+"/*")
}
