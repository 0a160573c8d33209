package network

import (
	"math"
	"strings"

	"golang.org/x/net/publicsuffix"

	"holdfast.dev/holdfast/internal/evidence"
)

// LookAt turns a lookup into a query.
func LookAt(l *evidence.Lookup, t *Threats, q *Query) {
	*q = Query{Lookup: l, At: l.Time.Unix(), Who: l.Instance, Threat: t.Name(l.Name)}
	if q.Who == "" && l.Source.IsValid() {
		q.Who = l.Source.String()
	}
	if q.Who == "" {
		q.Who = l.VPC
	}
	q.Domain, q.Below, q.Public = registered(l.Name)
}

// registered cuts a name into the domain that somebody registered and what stands
// before it, by the public suffix list. public is false for names below what nobody
// registers: internal ones, and those that are suffixes themselves.
func registered(name string) (domain, below string, public bool) {
	if len(name) > 255 || name == "" || name[0] == '.' || strings.Contains(name, "..") {
		return "", "", false
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if len(name) <= len(suffix)+1 || !icann && !strings.Contains(suffix, ".") {
		return "", "", false // the last: no rule of the list, as for .internal and .local
	}
	rest := name[:len(name)-len(suffix)-1]
	i := strings.LastIndexByte(rest, '.')
	return name[i+1:], rest[:max(i, 0)], true
}

// entropy is how many bits a letter of a text carries, by how often each comes.
func entropy(s string) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	h, n := 0.0, float64(len(s))
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / n
			h -= p * math.Log2(p)
		}
	}
	return h
}

// infrastructure are domains below which names are long, many and made by machines.
var infrastructure = []string{"in-addr.arpa", "ip6.arpa", "amazonaws.com", "amazonaws.com.cn", "aws.dev", "api.aws", "on.aws", "awsglobalaccelerator.com", "cloudfront.net"}
