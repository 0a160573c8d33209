package cloudformation

import (
	"strconv"
	"strings"
)

// plainScalar resolves an unquoted YAML scalar as CloudFormation does, which
// reads YAML 1.1: yes, no, on and off are booleans. Single letters and dates
// stay text (a key schema has AttributeType: N, a policy Version: 2012-10-17),
// and so do numbers that would not print as they were written.
func plainScalar(s string) (kind, string) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return null, ""
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return boolean, "true"
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return boolean, "false"
	}
	if _, ok := exactNumber(s); ok {
		return number, s
	}
	return text, s
}

// exactNumber reads a number whose shortest form is the text itself. Twelve
// digits are an account id, which is text wherever AWS takes one; a property
// that wants a number gets it from the schema.
func exactNumber(s string) (any, bool) {
	if s == "" || len(s) > 24 || len(s) == 12 && !strings.ContainsAny(s, "-.") || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return nil, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		var b [24]byte
		return n, string(strconv.AppendInt(b[:0], n, 10)) == s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, false
	}
	var b [64]byte
	return f, string(strconv.AppendFloat(b[:0], f, 'f', -1, 64)) == s
}

// scalarValue is the evidence value of a scalar node.
func (n *node) scalarValue() any {
	switch n.kind {
	case null:
		return nil
	case boolean:
		return n.text == "true"
	case number:
		if v, ok := exactNumber(n.text); ok {
			return v
		}
	}
	return n.text
}

// textOf prints a scalar as CloudFormation does when it joins strings.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
