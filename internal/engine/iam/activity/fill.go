package activity

import (
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// An ARN of a type is a pattern with variables: arn:${Partition}:lambda:${Region}:
// ${Account}:function:${FunctionName}. The first three are known of every record.
// The others are looked for among the request's parameters by name, endings like
// Name and Id aside: ${FunctionName} in functionName.

// variables are those of a pattern besides the three every ARN may have.
func variables(pattern string) []string {
	var out []string
	for rest := pattern; ; {
		_, after, ok := strings.Cut(rest, "${")
		if !ok {
			return out
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		if name != "Partition" && name != "Region" && name != "Account" {
			out = append(out, name)
		}
	}
}

// expand puts values into a pattern, up to the first that is missing; whole is
// false where it had to stop.
func (f *filler) expand(pattern string, values map[string]string) (arn string, whole bool) {
	var b strings.Builder
	for rest := pattern; ; {
		text, after, ok := strings.Cut(rest, "${")
		text, _, star := strings.Cut(text, "*") // as some ARNs in the catalogue have for an id
		b.WriteString(text)
		if !ok || star {
			return b.String(), !star
		}
		name, tail, _ := strings.Cut(after, "}")
		rest = tail
		v, known := values[name], values[name] != ""
		switch name {
		case "Partition":
			v, known = f.r.partition(), true
		case "Region":
			v, known = f.r.AWSRegion, f.r.AWSRegion != ""
		case "Account":
			v, known = f.r.account(), f.r.account() != ""
		}
		if !known {
			return b.String(), false
		}
		b.WriteString(v)
	}
}

// fill makes the ARNs of a type out of the parameters. None where nothing of the
// parameters tells of it.
func (f *filler) fill(u action.Use) []target {
	if u.Type.Service == "ec2" || strings.Contains(u.Type.ARN, ":ec2:") {
		if list, done := f.ec2(u); done {
			return list
		}
	}
	if t, ok := f.self(u); ok {
		return []target{t}
	}
	names := variables(u.Type.ARN)
	if len(names) == 0 {
		arn, whole := f.expand(u.Type.ARN, nil)
		if !whole {
			return nil
		}
		return []target{{arn: arn, kind: u.Type.Name}}
	}
	found := make([][]string, len(names))
	any := false
	for i, name := range names {
		found[i] = f.values(u, name)
		any = any || len(found[i]) > 0
	}
	if !any {
		return nil
	}
	var out []target
	for _, values := range product(names, found) {
		out = append(out, f.made(u, values))
	}
	return out
}

// made is the resource with these values in its pattern.
func (f *filler) made(u action.Use, values map[string]string) target {
	t := target{kind: u.Type.Name}
	for name, v := range values {
		if !strings.HasSuffix(name, "WithPath") || strings.Contains(v, "/") {
			continue
		}
		kind, _, _ := strings.Cut(u.Type.ARN[strings.LastIndexByte(u.Type.ARN, ':')+1:], "/")
		with, known := f.m.names.path(f.r.account(), kind, v)
		if path := f.r.param("path"); !known && strings.HasPrefix(f.r.EventName, "Create") {
			with, known = strings.TrimPrefix(path, "/")+v, true
		}
		values[name] = with
		if !known {
			t.assumed = "the " + strings.ReplaceAll(kind, "-", " ") + " is taken to have no path"
		}
	}
	whole := false
	if t.arn, whole = f.expand(u.Type.ARN, values); !whole {
		t.partial = true
	}
	switch {
	case u.Type.Service == "secretsmanager" && !t.partial:
		t.arn, t.partial = t.arn+"-", true // six letters follow that only the full ARN tells
	case u.Type.Service == "ssm" && u.Type.Name == "document" && strings.HasPrefix(values["DocumentName"], "AWS"):
		t.arn = strings.Replace(t.arn, ":"+f.r.account()+":", "::", 1) // AWS's own documents are of no account
	}
	return t
}

// self is the caller where a request of IAM names nobody.
func (f *filler) self(u action.Use) (target, bool) {
	if u.Type.Service != "iam" || u.Type.Name != "user" || f.who.Kind != iam.KindUser || f.r.param("userName") != "" {
		return target{}, false
	}
	return target{arn: f.who.ARN, kind: "user"}, true
}

// product combines the values of several variables.
func product(names []string, found [][]string) []map[string]string {
	out := []map[string]string{{}}
	for i, values := range found {
		if len(values) == 0 {
			continue
		}
		var next []map[string]string
		for _, m := range out {
			for _, v := range values {
				if len(next) >= mostTargets {
					break
				}
				one := map[string]string{names[i]: v}
				for k, v := range m {
					one[k] = v
				}
				next = append(next, one)
			}
		}
		out = next
	}
	return out
}

// other names that parameters have for a variable, by service and variable.
var other = map[string][]string{
	"ssm:ParameterNameWithoutLeadingSlash": {"name", "names", "path"},
	"ssm:DocumentName":                     {"documentname", "name"},
	"ecs:TaskDefinitionFamilyName":         {"family", "taskdefinition"},
	"ecs:TaskId":                           {"task", "tasks"},
	"ecs:ContainerInstanceId":              {"containerinstance", "containerinstances"},
	"ecs:ClusterName":                      {"cluster", "clusters", "clustername"},
	"ecs:ServiceName":                      {"service", "services", "servicename"},
	"eks:ClusterName":                      {"name", "clustername"},
	"sqs:QueueName":                        {"queueurl", "queuename"},
	"rds:SnapshotName":                     {"dbsnapshotidentifier"},
	"rds:ClusterSnapshotName":              {"dbclustersnapshotidentifier"},
	"rds:DbClusterInstanceName":            {"dbclusteridentifier"},
	"rds:ClusterParameterGroupName":        {"dbclusterparametergroupname"},
	"events:RuleName":                      {"rule", "name", "names"},
	"logs:LogGroupName":                    {"loggroupname", "loggroupnames"},
	"kms:KeyId":                            {"keyid"},
	"firehose:DeliveryStreamName":          {"deliverystreamname"},
	"autoscaling:GroupFriendlyName":        {"autoscalinggroupname", "autoscalinggroupnames"},
	"dynamodb:TableName":                   {"tablename"},
	"route53:Id":                           {"hostedzoneid", "id", "healthcheckid"},
	"cloudfront:DistributionId":            {"id", "distributionid"},
	"glue:JobName":                         {"jobname", "name"},
	"ec2:KeyPairName":                      {"keyname"},
	"iam:OidcProviderName":                 {"url"},
}

// values are what the parameters say about a variable of a type.
func (f *filler) values(u action.Use, variable string) []string {
	names, listed := other[u.Type.Service+":"+variable]
	stem := stemOf(variable)
	if stem == "" || stem == "resource" {
		if len(variables(u.Type.ARN)) > 1 {
			return nil // an id besides the name, which the service gave
		}
		stem = stemOf(u.Type.Name)
	}
	var out []string
	for _, l := range f.leaves {
		if u.Type.Service == "ec2" && idType(l.value) != "" {
			continue // of the type its form tells, whatever it stands under
		}
		lower := plain(l.name)
		if listed && slices.Contains(names, lower) || !listed && f.about(u, stem, lower) {
			if v := clean(u, variable, l.value); v != "" && !slices.Contains(out, v) {
				out = append(out, v)
			}
		}
	}
	if kind := f.r.param("resourceType"); len(out) == 0 && (!listed || kind != "") && f.main(u) && f.plainly(u, variable) {
		for _, name := range []string{"name", "id", "identifier", "resourceid", "names", "ids"} {
			for _, v := range textsAt(f.r.params(), name) {
				if v = clean(u, variable, v); v != "" && !slices.Contains(out, v) {
					out = append(out, v)
				}
			}
			if len(out) > 0 {
				break
			}
		}
	}
	return out
}

// about tells whether a parameter's name is that of the variable.
func (f *filler) about(u action.Use, stem, parameter string) bool {
	have := stemOf(parameter)
	if have == "" {
		return false
	}
	return have == stem || strings.TrimPrefix(have, "db") == strings.TrimPrefix(stem, "db") && u.Type.Service == "rds"
}

// main tells whether a plain name or id in the parameters is that of this type:
// there is no other that the action always needs, or the event is named after it,
// or the parameters say so.
func (f *filler) main(u action.Use) bool {
	if kind := f.r.param("resourceType"); kind != "" {
		return plain(kind) == plain(u.Type.Name)
	}
	required := 0
	for _, o := range f.a.action.Resources {
		if o.Required {
			required++
		}
	}
	if u.Required && required == 1 || len(f.a.action.Resources) == 1 {
		return true
	}
	return strings.HasSuffix(plain(f.r.EventName), plain(u.Type.Name))
}

// plainly tells whether a plain name can be that of the variable: there is no other,
// or it is the last and the event is named after the type.
func (f *filler) plainly(u action.Use, variable string) bool {
	names := variables(u.Type.ARN)
	return len(names) == 1 || variable == names[len(names)-1] && stemOf(variable) == stemOf(u.Type.Name) && strings.HasSuffix(plain(f.r.EventName), stemOf(u.Type.Name))
}

// plain is a name in lower case and without separators.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		}
		return -1
	}, s)
}

// stemOf is a name without the endings that say it is a name.
func stemOf(s string) string {
	s = plain(s)
	for _, end := range []string{"withoutleadingslash", "withpath", "list", "set"} {
		s = strings.TrimSuffix(s, end)
	}
	if !strings.HasSuffix(s, "ss") && !strings.HasSuffix(s, "alias") {
		s = strings.TrimSuffix(s, "s")
	}
	for _, end := range []string{"name", "identifier", "resourceid", "arn", "id"} {
		if rest, ok := strings.CutSuffix(s, end); ok {
			return rest
		}
	}
	return s
}

// clean brings a parameter's value into the form it has in an ARN; "" where it is
// none.
func clean(u action.Use, variable, v string) string {
	if v == hidden || v == "" || strings.ContainsAny(v, "*?") {
		return ""
	}
	switch {
	case u.Type.Name == "managed-instance" && !strings.HasPrefix(v, "mi-"):
		return "" // instances of Amazon EC2 are a type of their own
	case u.Type.Service == "sqs" && strings.Contains(v, "://"):
		return v[strings.LastIndexByte(v, '/')+1:]
	case u.Type.Service == "kms" && strings.HasPrefix(v, "alias/"):
		if u.Type.Name != "alias" {
			return "" // which key an alias stands for is not known
		}
		return strings.TrimPrefix(v, "alias/")
	case u.Type.Service == "lambda" && !strings.HasPrefix(v, "arn:"):
		if strings.Contains(v, ":function:") { // 111122223333:function:name
			v = v[strings.Index(v, ":function:")+len(":function:"):]
		}
		v, _, _ = strings.Cut(v, ":")
		return v
	case u.Type.Service == "rds":
		v = strings.ToLower(v) // as Amazon RDS keeps them
	case variable == "OidcProviderName":
		return strings.TrimPrefix(v, "https://")
	case variable == "ParameterNameWithoutLeadingSlash":
		return strings.TrimPrefix(v, "/")
	case u.Type.Service == "route53" || u.Type.Service == "cloudfront":
		return v[strings.LastIndexByte(v, '/')+1:]
	case variable == "TaskDefinitionFamilyName":
		v = v[strings.LastIndexByte(v, '/')+1:]
		v, _, _ = strings.Cut(v, ":")
		return v
	}
	if strings.HasPrefix(v, "arn:") { // of another type, which holds this one's name: a task's cluster
		if !sameService(u.Type.Glob(), v) {
			return ""
		}
		if slash := strings.LastIndexByte(v, '/'); slash >= 0 {
			return v[slash+1:]
		}
		return v[strings.LastIndexByte(v, ':')+1:]
	}
	if strings.Contains(v, "://") {
		return ""
	}
	return v
}
