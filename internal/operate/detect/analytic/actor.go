package analytic

import (
	"net/netip"
	"strings"
	"time"
)

// byAWS tells whether AWS itself did it, on somebody's behalf or its own.
func byAWS(a *Activity) bool {
	return a.InvokedBy != "" || a.PrincipalType == "AWSService" || a.EventType == "AwsServiceEvent" ||
		strings.HasSuffix(a.SourceIP, ".amazonaws.com") || a.SourceIP == "AWS Internal" ||
		a.PrincipalType == "AssumedRole" && strings.Contains(a.Principal, "/AWSServiceRoleFor")
}

// retold tells whether an event tells again what another one does: calls through VPC
// endpoints are recorded once more for the endpoint's owner, and insights count.
func retold(a *Activity) bool {
	return a.EventType == "AwsVpceEvent" || a.EventType == "AwsVpceEvents" || a.EventType == "AwsCloudTrailInsight"
}

// inTime refuses times that no record of CloudTrail can have: days are counted in
// numbers that hold no others.
func inTime(t time.Time) bool {
	s := t.Unix() - year2000
	return s >= 86400 && s < 1<<16*86400
}

// actor is who did it, as habits are kept. Roles are shared: where the session's name
// is a person's (Identity Center, federation with mail addresses), each has habits of
// his own.
func actor(a *Activity) who {
	a.who()
	return actorOf(a)
}

func actorOf(a *Activity) who {
	if a.facts.personal {
		return who{a.Principal, a.Session}
	}
	return who{a.Principal, ""}
}

func isPersonal(principal, session string) bool {
	return session != "" && (strings.IndexByte(session, '@') > 0 || strings.Contains(principal, "AWSReservedSSO_"))
}

// spellActor is an actor as messages name it.
func spellActor(k who) string {
	if k.part == "" {
		return k.name
	}
	return k.name + " (" + k.part + ")"
}

// accountOf is the account whose habits an event belongs to.
func accountOf(a *Activity) string {
	if a.Account != "" {
		return a.Account
	}
	return a.OwnAccount
}

// parseAddress reads a source address; not valid is a name that AWS wrote in its place.
func parseAddress(text string) netip.Addr {
	if text == "" || !hexByte(text[0]) && text[0] != ':' {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}
	}
	return ip.Unmap()
}

func hexByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// sameHost cuts an IPv6 address to its /64: hosts choose the rest freely.
func sameHost(ip netip.Addr) netip.Addr {
	if ip.Is4() {
		return ip
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}

// public tells whether an address is one of the internet.
func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // RFC 6598

// denied tells whether an error says that the caller was not allowed to.
func denied(code string) bool {
	switch code {
	case "":
		return false
	case "AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "UnauthorizedOperation", "UnauthorizedException", "NotAuthorized", "AuthorizationError", "AuthorizationErrorException":
		return true
	}
	return strings.HasSuffix(code, ".UnauthorizedOperation") || strings.HasSuffix(code, "AccessDenied") || strings.HasSuffix(code, "AccessDeniedException")
}

// plainName takes the version off the names of old interfaces: CreateFunction20150331
// is CreateFunction, UpdateFunctionCode20150331v2 is UpdateFunctionCode, and
// CreateDistribution2020_05_31 is CreateDistribution.
func plainName(name string) string {
	n := len(name)
	if n == 0 || name[n-1] < '0' || name[n-1] > '9' {
		return name
	}
	cut := n
	for cut > 0 && (name[cut-1] >= '0' && name[cut-1] <= '9' || name[cut-1] == '_') {
		cut--
	}
	if cut > 8 && name[cut-1] == 'v' && n-cut == 1 {
		before := cut - 1
		for before > 0 && name[before-1] >= '0' && name[before-1] <= '9' {
			before--
		}
		if cut-1-before == 8 {
			return name[:before]
		}
	}
	if n-cut >= 8 {
		return name[:cut]
	}
	return name
}

// label is service and action as policies write them: s3:GetObject.
func label(service, name string) string {
	first, _, _ := strings.Cut(service, ".")
	return first + ":" + plainName(name)
}

// keep is the activity with texts of its own.
func keep(a *Activity) Activity {
	b := *a
	b.Record, b.facts = nil, facts{}
	for _, s := range []*string{&b.ID, &b.Account, &b.Region, &b.Service, &b.Name, &b.EventType, &b.Error, &b.SourceIP, &b.UserAgent,
		&b.Principal, &b.PrincipalType, &b.ARN, &b.Session, &b.OwnAccount, &b.AccessKey, &b.InvokedBy, &b.VPCEndpoint} {
		*s = strings.Clone(*s)
	}
	return b
}

// single is a signal that one event gave.
func single(a *Activity, message string) Signal {
	at := keep(a)
	return Signal{At: at, Message: message, First: at.Time, Last: at.Time, Count: 1, Events: []string{at.ID}}
}
