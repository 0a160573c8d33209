package cloudformation

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/evidence"
)

// parameter is a declared parameter with its value, which may be unknown.
type parameter struct {
	value   any
	allowed []string
}

// pseudoParameters are known as far as the options go.
func pseudoParameters(opt Options) map[string]any {
	out := map[string]any{"AWS::NoValue": noValue{}}
	partition := opt.Partition
	if partition == "" && opt.Region != "" {
		partition = partitionOf(opt.Region)
	}
	suffix := ""
	switch partition {
	case "aws", "aws-us-gov":
		suffix = "amazonaws.com"
	case "aws-cn":
		suffix = "amazonaws.com.cn"
	}
	for name, v := range map[string]string{
		"AWS::AccountId": opt.Account, "AWS::Region": opt.Region, "AWS::Partition": partition,
		"AWS::StackName": opt.StackName, "AWS::StackId": opt.StackID, "AWS::URLSuffix": suffix,
	} {
		if v == "" {
			u := evidence.Unknown{Reason: name + " is known at deployment", Present: true}
			if name == "AWS::Partition" {
				u.Prefix = "aws" // aws-cn, aws-us-gov and the others all begin so
			}
			out[name] = u
			continue
		}
		out[name] = v
	}
	out["AWS::NotificationARNs"] = evidence.Unknown{Reason: "AWS::NotificationARNs is known at deployment"}
	if len(opt.NotificationARNs) > 0 {
		arns := make([]any, len(opt.NotificationARNs))
		for i, a := range opt.NotificationARNs {
			arns[i] = a
		}
		out["AWS::NotificationARNs"] = arns
	}
	return out
}

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.Contains(region, "-iso"), strings.HasPrefix(region, "eusc-"):
		return ""
	}
	return "aws"
}

func (e *evaluator) readParameters(section *node) {
	e.parameters = map[string]*parameter{}
	if section == nil {
		return
	}
	for _, m := range section.kids {
		e.parameters[m.key] = e.readParameter(m)
	}
}

func (e *evaluator) readParameter(m member) *parameter {
	p := &parameter{}
	for _, allowed := range allowedValues(m.value) {
		p.allowed = append(p.allowed, allowed.value.text)
	}
	typ := "String"
	if t := m.value.get("Type"); t != nil && t.text != "" {
		typ = t.text
	}
	isList := typ == "CommaDelimitedList" || strings.HasPrefix(typ, "List<")
	given, from, overridden := e.given(m)
	switch {
	case isTrue(m.value.get("NoEcho")):
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " is NoEcho", Present: true}
	case strings.HasPrefix(typ, "AWS::SSM::Parameter::Value<"):
		p.allowed = nil // they are names of Systems Manager's parameters, not what Ref gives
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " is read from Systems Manager at deployment", Present: true}
	case !overridden && len(p.allowed) == 1 && !isList:
		p.value = p.allowed[0]
	case !overridden:
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " has no value"}
	case isList:
		values := splitList(given)
		e.charge(m.value, len(values))
		all := make([]any, len(values))
		for i, v := range values {
			e.checkAllowed(m, p, v, from)
			all[i] = resolved(v)
		}
		p.value = all
	default:
		e.checkAllowed(m, p, given, from)
		p.value = resolved(given)
	}
	return p
}

// given is the value from outside or else the default.
func (e *evaluator) given(m member) (value, from string, ok bool) {
	if v, ok := e.opt.Parameters[m.key]; ok {
		return v, "the parameters that were given set", true
	}
	if d := m.value.get("Default"); d != nil && d.kind != null {
		return defaultText(d), "the default sets", true
	}
	return "", "", false
}

func (e *evaluator) checkAllowed(m member, p *parameter, value, from string) {
	if len(p.allowed) > 0 && !slices.Contains(p.allowed, value) {
		e.fail(&node{line: m.line, col: m.col}, "%s parameter %q to %q, which is not one of its AllowedValues: %s", from, m.key, value, strings.Join(p.allowed, ", "))
	}
}

func allowedValues(declared *node) []member {
	if a := declared.get("AllowedValues"); a != nil && a.kind == list {
		return a.kids
	}
	return nil
}

// defaultText joins a default that was written as a list.
func defaultText(d *node) string {
	if d.kind != list {
		return d.text
	}
	parts := make([]string, len(d.kids))
	for i, m := range d.kids {
		parts[i] = m.value.text
	}
	return strings.Join(parts, ",")
}

func isTrue(n *node) bool { return n != nil && strings.EqualFold(n.text, "true") }

func splitList(s string) []string {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	parts := strings.Split(s, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}
