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
			out[name] = evidence.Unknown{Reason: name + " is known at deployment", Present: true}
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
	declared := m.value
	for _, allowed := range allowedValues(declared) {
		p.allowed = append(p.allowed, allowed.value.text)
	}
	given, overridden := e.opt.Parameters[m.key]
	from := "the parameters that were given set"
	if !overridden {
		if d := declared.get("Default"); d != nil && d.kind != null {
			given, overridden = defaultText(d), true
			from = "the default sets"
		}
	}
	typ := "String"
	if t := declared.get("Type"); t != nil && t.text != "" {
		typ = t.text
	}
	isList := typ == "CommaDelimitedList" || strings.HasPrefix(typ, "List<")
	switch {
	case isTrue(declared.get("NoEcho")):
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " is NoEcho", Present: true}
		return p
	case strings.HasPrefix(typ, "AWS::SSM::Parameter::Value<"):
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " is read from Systems Manager at deployment", Present: true}
		return p
	case !overridden && len(p.allowed) == 1 && !isList:
		p.value = p.allowed[0]
		return p
	case !overridden:
		p.value = evidence.Unknown{Reason: "parameter " + m.key + " has no value"}
		return p
	}
	values := []string{given}
	if isList {
		values = splitList(given)
	}
	if i := slices.IndexFunc(values, func(v string) bool { return len(p.allowed) > 0 && !slices.Contains(p.allowed, v) }); i >= 0 {
		e.fail(&node{line: m.line, col: m.col}, "%s parameter %q to %q, which is not one of its AllowedValues: %s", from, m.key, values[i], strings.Join(p.allowed, ", "))
		return p
	}
	p.value = resolved(given)
	if isList {
		e.charge(m.value, len(values))
		all := make([]any, len(values))
		for i, v := range values {
			all[i] = resolved(v)
		}
		p.value = all
	}
	return p
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
