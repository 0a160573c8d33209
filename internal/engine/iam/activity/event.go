package activity

import (
	"regexp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
)

// suffix is the API version that AWS Lambda, Amazon CloudFront and some others put
// behind their events' names. Other digits belong to the name: ListObjectsV2.
var suffix = regexp.MustCompile(`(\d{8}(v\d+)?|\d{4}_\d{2}_\d{2})$`)

// actionsOf gives the actions that an event is about.
func actionsOf(r *Record) ([]asked, Skip) {
	prefix := Prefix(r.EventSource)
	if prefix == "signin" {
		return nil, NotACall
	}
	name := prefix + ":" + r.EventName
	if _, known := action.Lookup(name); !known {
		name = suffix.ReplaceAllString(name, "")
	}
	if unasked[name] {
		return nil, NoAction
	}
	text, ok := renamed[name]
	if !ok {
		if text, ok = r.special(prefix, name); !ok {
			text = name
		}
	}
	var out []asked
	for part := range strings.SplitSeq(text, " + ") {
		var only []string
		if parameter, rest, ok := strings.Cut(part, "="); ok {
			only, part = []string{parameter}, rest
		}
		a, ok := action.Lookup(r.refine(part, only))
		if !ok {
			return nil, Unmapped
		}
		out = append(out, asked{a, only})
	}
	return out, NoSkip
}

// Prefix is how policies name the service of an eventSource: cloudwatch of
// monitoring.amazonaws.com.
func Prefix(source string) string {
	name := strings.TrimSuffix(strings.TrimSuffix(source, ".cn"), ".amazonaws.com")
	if p, ok := prefixes[name]; ok {
		return p
	}
	if strings.HasPrefix(name, "chime-sdk-") {
		return "chime"
	}
	first, _, _ := strings.Cut(name, ".")
	if p, ok := prefixes[first]; ok {
		return p
	}
	return first
}

// refine tells apart the actions that depend on what the request asks for.
func (r *Record) refine(name string, only []string) string {
	if !strings.HasPrefix(name, "s3:") {
		return name
	}
	if strings.HasSuffix(r.param("bucketName"), "--x-s3") {
		return expressAction(strings.TrimPrefix(name, "s3:"))
	}
	version := r.param("versionId", "x-amz-version-id")
	if only != nil {
		_, version, _ = strings.Cut(r.param(only...), "?versionId=")
	}
	if v, ok := versioned[name]; ok && version != "" {
		return v
	}
	return name
}

// expressAction is what a directory bucket asks for: its objects are reached
// through a session.
func expressAction(name string) string {
	if _, ok := action.Lookup("s3express:" + name); ok {
		return "s3express:" + name
	}
	return "s3express:CreateSession"
}

// special maps events whose actions follow from the request's parameters, or from
// a rule.
func (r *Record) special(prefix, name string) (text string, ok bool) {
	switch {
	case prefix == "dynamodb":
		return r.dynamo(name)
	case prefix == "apigateway":
		if _, known := action.Lookup(name); known {
			return "", false
		}
		return verb(r.EventName)
	}
	return "", false
}

func (r *Record) dynamo(name string) (string, bool) {
	var words []string
	switch name {
	case "dynamodb:ExecuteStatement", "dynamodb:BatchExecuteStatement", "dynamodb:ExecuteTransaction":
		statements := slices.Concat(textsAt(r.params(), "statement"), textsAt(r.params(), "statements.statement"), textsAt(r.params(), "transactStatements.statement"))
		for _, s := range statements {
			first, _, _ := strings.Cut(strings.TrimSpace(s), " ")
			switch first = strings.ToUpper(first); first {
			case "SELECT", "INSERT", "UPDATE", "DELETE":
				words = append(words, "dynamodb:PartiQL"+first[:1]+strings.ToLower(first[1:]))
			default:
				return "", false // hidden: which action is not known
			}
		}
	case "dynamodb:TransactWriteItems":
		items, _ := r.params()["transactItems"].([]any)
		for _, item := range items {
			one, _ := item.(map[string]any)
			for _, kind := range [][2]string{{"put", "PutItem"}, {"update", "UpdateItem"}, {"delete", "DeleteItem"}, {"conditionCheck", "ConditionCheckItem"}} {
				if _, ok := one[kind[0]]; ok {
					words = append(words, "dynamodb:"+kind[1])
				}
			}
		}
	}
	slices.Sort(words)
	words = slices.Compact(words)
	return strings.Join(words, " + "), len(words) > 0
}

// verb is the action of Amazon API Gateway: the HTTP method of the call.
func verb(event string) (string, bool) {
	for _, rule := range [][2]string{
		{"Get", "GET"}, {"Export", "GET"}, {"Create", "POST"}, {"Test", "POST"}, {"Generate", "POST"}, {"Import", "POST"}, {"Update", "PATCH"},
		{"Put", "PUT"}, {"Reimport", "PUT"}, {"Tag", "PUT"}, {"Delete", "DELETE"}, {"Untag", "DELETE"}, {"Flush", "DELETE"}, {"Reset", "DELETE"},
	} {
		if strings.HasPrefix(event, rule[0]) {
			return "apigateway:" + rule[1], true
		}
	}
	return "", false
}
