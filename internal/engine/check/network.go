package check

import (
	"net/netip"
	"strconv"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// ingressOpen is ingress_open(rules, protocol, port[, family]): whether security
// group rules in CloudFormation's shape let any address reach the port. family
// is "ipv4" or "ipv6"; without it either counts.
func ingressOpen(args []any) any {
	rules, protocol, port := args[0], args[1], args[2]
	family := ""
	if len(args) == 4 {
		family, _ = args[3].(string)
	}
	if unsettled(rules) {
		return rules
	}
	list, ok := rules.([]any)
	if !ok {
		return failf("ingress_open takes a list of rules, found %s", describe(rules))
	}
	name, ok := protocol.(string)
	number, ok2 := port.(int64)
	if !ok || !ok2 {
		return failf("ingress_open takes a protocol name and a port number")
	}
	var result any = false
	for _, rule := range list {
		if result = either(result, ruleOpen(element(rule), name, number, family)); result == true {
			return true
		}
	}
	return result
}

func ruleOpen(rule any, protocol string, port int64, family string) any {
	if unsettled(rule) {
		return rule
	}
	r, ok := rule.(map[string]any)
	if !ok {
		return failf("a rule has to be an object, found %s", describe(rule))
	}
	var source any = false
	if r["SourcePrefixListId"] != nil { // whose entries are another resource's
		source = evidence.Unknown{Reason: "what the prefix list admits was not read"}
	}
	if family != "ipv6" {
		source = either(source, openSource(r["CidrIp"]))
	}
	if family != "ipv4" {
		source = either(source, openSource(r["CidrIpv6"]))
	}
	if source == false {
		return false // as most rules are, whatever they carry
	}
	return both(source, carries(r, protocol, port))
}

func openSource(cidr any) any {
	switch cidr.(type) {
	case nil:
		return false
	case string:
		return anyAddress(cidr)
	}
	if unsettled(cidr) {
		return cidr
	}
	return failf("a CIDR has to be a string, found %s", describe(cidr))
}

var protocolNumbers = map[string]string{"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}

// carries tells whether the rule's protocol and ports include the port.
func carries(rule map[string]any, protocol string, port int64) any {
	p := rule["IpProtocol"]
	if p == nil {
		p = evidence.Unknown{Reason: "the rule gives no protocol"}
	}
	if u, ok := unknownOf(p); ok {
		return both(u, portWithin(rule, port))
	}
	name := strings.ToLower(plain(p))
	switch {
	case name == "-1" || name == "all":
		return true
	case name != protocol && name != protocolNumbers[protocol]:
		return false
	}
	return portWithin(rule, port)
}

func portWithin(rule map[string]any, port int64) any {
	from, to := portOf(rule["FromPort"]), portOf(rule["ToPort"])
	if from == int64(-1) || rule["FromPort"] == nil && rule["ToPort"] == nil {
		return true // all ports
	}
	low, high := bound(from, func(n int64) bool { return n <= port }), bound(to, func(n int64) bool { return port <= n })
	return both(low, high)
}

func bound(v any, holds func(int64) bool) any {
	if n, ok := v.(int64); ok {
		return holds(n)
	}
	if u, ok := unknownOf(v); ok {
		return u
	}
	return failf("a port has to be a number, found %s", describe(v))
}

// portOf takes numbers that a template wrote as strings.
func portOf(v any) any {
	if s, ok := v.(string); ok {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
	}
	if v == nil {
		return evidence.Unknown{Reason: "the rule gives only one end of its port range"}
	}
	return v
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// anyAddress tells whether a CIDR admits (nearly) everybody: a prefix of no bits,
// or one bit, since two halves make a whole.
func anyAddress(v any) any {
	s, ok := v.(string)
	if !ok {
		return failf("any_address takes a string, found %s", describe(v))
	}
	if !strings.Contains(s, "/0") && !strings.Contains(s, "/1") { // spares nearly all from being parsed
		return false
	}
	prefix, err := netip.ParsePrefix(strings.TrimSpace(s))
	return err == nil && prefix.Bits() <= 1
}
