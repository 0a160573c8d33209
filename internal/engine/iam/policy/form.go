package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
)

// checkAction tells what AWS has against the form of an action.
func checkAction(a string) string {
	if a == "*" || a == "*:*" {
		return ""
	}
	service, name, ok := strings.Cut(a, ":")
	switch {
	case !ok:
		return quote(a) + ` is not an action; write service:Name such as "s3:GetObject"`
	case strings.Contains(name, ":"):
		return quote(a) + " has more than one colon; an action is service:Name"
	case strings.ContainsAny(service, "*?"):
		return quote(a) + " has a wildcard in the service; AWS takes wildcards behind the colon only. Write one action for each service"
	case service == "" || !only(service, serviceCharacter):
		return quote(a) + ": " + quote(service) + " cannot be the prefix of a service (letters, digits, - and .)"
	case name == "":
		return quote(a) + " lacks the name behind the colon; " + quote(service+":*") + " is every action of the service"
	}
	return ""
}

func only(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' }

func serviceCharacter(c byte) bool { return alphanumeric(c) || c == '-' || c == '.' }

// checkValue tells what is wrong with a condition's value, given its operator.
func checkValue(b Base, v string) string {
	var want string
	switch b {
	case NumericEquals, NumericNotEquals, NumericLessThan, NumericLessThanEquals, NumericGreaterThan, NumericGreaterThanEquals:
		if _, err := strconv.ParseFloat(v, 64); err != nil || strings.ContainsAny(v, "xXpPiInN_") {
			want = "a number"
		}
	case DateEquals, DateNotEquals, DateLessThan, DateLessThanEquals, DateGreaterThan, DateGreaterThanEquals:
		if !validDate(v) {
			want = "a date such as 2026-01-31T12:00:00Z, or seconds since 1970"
		}
	case Bool, Null:
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") {
			want = "true or false"
		}
	case BinaryEquals:
		if _, err := base64.StdEncoding.DecodeString(v); err != nil {
			want = "base64"
		}
	case IPAddress, NotIPAddress:
		if !validRange(v) {
			want = "an IP address or a range such as 203.0.113.0/24"
		}
	case ArnEquals, ArnNotEquals, ArnLike, ArnNotLike:
		if !validARNPattern(v) {
			want = `an ARN with its six parts (arn:partition:service:region:account:resource), wildcards allowed in each`
		}
	}
	if want == "" {
		return ""
	}
	if strings.Contains(v, "${") {
		return quote(v) + " is a variable, and " + b.String() + " does not take one; variables work with String and Arn operators"
	}
	return quote(v) + " is not what " + b.String() + " compares with: " + want
}

func validRange(v string) bool {
	if _, err := netip.ParseAddr(v); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(v)
	return err == nil
}

// validARNPattern takes what can match an ARN: six parts, or fewer where a
// wildcard may stand for several. A variable may be the whole of it.
func validARNPattern(v string) bool {
	if v == "*" || strings.HasPrefix(v, "${") || strings.HasPrefix(v, "*") {
		return true
	}
	parts := splitARN(v)
	return parts[0] == "arn" && (len(parts) == 6 || strings.Contains(parts[len(parts)-1], "*"))
}

// validDate takes ISO 8601 as the W3C profiles it, and whole seconds.
func validDate(v string) bool {
	if _, err := strconv.ParseInt(v, 10, 64); err == nil {
		return true
	}
	date, clock, timed := cutFold(v, 'T')
	if !digitsLike(date, "0000") && !digitsLike(date, "0000-00") && !digitsLike(date, "0000-00-00") {
		return false
	}
	return !timed || validClock(clock)
}

func cutFold(s string, c byte) (before, after string, found bool) {
	if i := strings.IndexAny(s, string([]byte{c, c | 0x20})); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func validClock(v string) bool {
	zone := ""
	if i := strings.IndexAny(v, "Zz+-"); i >= 0 {
		v, zone = v[:i], v[i:]
	}
	switch {
	case zone == "", zone == "Z", zone == "z":
	case digitsLike(zone[1:], "00:00"), digitsLike(zone[1:], "0000"), digitsLike(zone[1:], "00"):
	default:
		return false
	}
	seconds, fraction, _ := strings.Cut(v, ".")
	return (digitsLike(seconds, "00:00") || digitsLike(seconds, "00:00:00") || digitsLike(seconds, "00")) && strings.Trim(fraction, "0123456789") == ""
}

// digitsLike tells whether s has digits where the form has 0, and is the form elsewhere.
func digitsLike(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if digit := s[i] >= '0' && s[i] <= '9'; digit != (form[i] == '0') || !digit && s[i] != form[i] {
			return false
		}
	}
	return true
}
