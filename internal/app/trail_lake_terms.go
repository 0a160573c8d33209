package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/activity"
	"holdfast.dev/holdfast/internal/engine/iam/glob"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/store/lake"
)

// matcher compares with a text in which * stands for any text and ? for a character. The
// case of letters does not count.
func matcher(pattern string) func(string) bool {
	pattern = strings.ToLower(pattern)
	if !strings.ContainsAny(pattern, "*?") {
		return func(v string) bool { return strings.EqualFold(v, pattern) }
	}
	p := glob.Compile(pattern)
	return func(v string) bool { return p.Match(strings.ToLower(v)) }
}

func anyOf(matches []func(string) bool) func(string) bool {
	return func(v string) bool {
		for _, m := range matches {
			if m(v) {
				return true
			}
		}
		return false
	}
}

// principalTerms find what a principal did: an ARN of a user, of a session, of a role with
// all its sessions; a principal id, with all its sessions; an access key; the name of a
// user, role or session; a service; "root".
func principalTerms(who string) []lake.Term {
	m := matcher(who)
	if strings.HasPrefix(who, "arn:") {
		return arnTerms(who, m)
	}
	last := func(v string) bool { return m(v[strings.LastIndexByte(v, '/')+1:]) }
	terms := []lake.Term{
		{Column: lake.ActorName, Match: m},
		{Column: lake.Actor, Match: last},
		{Column: lake.Issuer, Match: last},
		{Column: lake.App, Match: m},
		{Column: lake.AccessKey, Match: m},
		{Column: lake.ActorID, Match: func(v string) bool {
			id, _, _ := strings.Cut(v, ":")
			return m(v) || m(id)
		}},
	}
	if strings.EqualFold(who, "root") {
		terms = append(terms, lake.Term{Column: lake.ActorType, Match: m})
	}
	return terms
}

func arnTerms(arn string, m func(string) bool) []lake.Term {
	terms := []lake.Term{{Column: lake.Actor, Match: m}, {Column: lake.Issuer, Match: m}}
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 {
		return terms
	}
	head := strings.Join(part[:2], ":")
	var sessions func(string) bool
	switch {
	case part[2] == "iam" && strings.HasPrefix(part[5], "role/"):
		// Sessions have the role's name without its path.
		name := part[5][strings.LastIndexByte(part[5], '/')+1:]
		sessions = matcher(head + ":sts::" + part[4] + ":assumed-role/" + name + "/*")
	case part[2] == "sts" && strings.HasPrefix(part[5], "assumed-role/") && strings.Count(part[5], "/") == 1:
		sessions = matcher(arn + "/*")
	case part[5] == "root":
		sessions = matcher(head + ":iam::" + part[4] + ":root")
	}
	if sessions != nil {
		terms = append(terms, lake.Term{Column: lake.Actor, Match: sessions})
	}
	return terms
}

// trailAction is what --action says: s3:GetObject, GetObject, with * and ?.
type trailAction struct{ service, name func(string) bool }

func parseAction(s string) (trailAction, error) {
	service, name, both := strings.Cut(s, ":")
	if !both {
		service, name = "*", s
	}
	if service == "" || name == "" || strings.ContainsAny(s, " \t") {
		return trailAction{}, fmt.Errorf("--action: %q is no action; write s3:GetObject, GetObject or iam:Create*", s)
	}
	own, word := matcher(service), matcher(name)
	return trailAction{
		service: func(source string) bool {
			label, _, _ := strings.Cut(source, ".")
			return service == "*" || own(source) || own(label) || own(activity.Prefix(source))
		},
		// Some APIs put their version behind the name: ListFunctions20150331v2.
		name: func(v string) bool { return word(v) || word(unversioned(v)) },
	}, nil
}

func unversioned(name string) string {
	end := len(name)
	for i := range len(name) - 7 {
		if every(name[i:i+8], '0', '9') {
			end = i
			break
		}
	}
	return strings.TrimSuffix(name[:end], "_")
}

func every(s string, low, high byte) bool {
	for i := range len(s) {
		if s[i] < low || s[i] > high {
			return false
		}
	}
	return true
}

// actionFilters narrow by columns; fits decides, since a service and a name belong
// together.
func actionFilters(actions []trailAction) []lake.Filter {
	var services, names []func(string) bool
	for _, a := range actions {
		services, names = append(services, a.service), append(names, a.name)
	}
	return []lake.Filter{{{Column: lake.Operation, Match: anyOf(names)}}, {{Column: lake.Service, Match: anyOf(services)}}}
}

func fitsAction(actions []trailAction, e *evidence.Event) bool {
	for _, a := range actions {
		if a.service(e.Service) && a.name(e.Name) {
			return true
		}
	}
	return len(actions) == 0
}

// resourceTerms find what was done to a resource: where a record's list of resources has
// it, or where it is named as a value anywhere in the record.
func resourceTerms(what string) []lake.Term {
	m := matcher(what)
	name := what
	if strings.HasPrefix(what, "arn:") {
		name = nameOf(what)
	}
	terms := []lake.Term{{Column: lake.ResourceARN, Match: func(v string) bool {
		return m(v) || m(nameOf(v)) || strings.HasPrefix(strings.ToLower(v), strings.ToLower(what)+"/")
	}}}
	if strings.ContainsAny(what, "*?") || name == "" {
		return terms
	}
	needles := [][]byte{quoted(name)}
	if name != what {
		needles = append(needles, quoted(what))
	}
	return append(terms, lake.Term{Raw: func(record []byte) bool {
		for _, n := range needles {
			if bytes.Contains(record, n) {
				return true
			}
		}
		return false
	}})
}

// nameOf is the last part of an ARN: a bucket's name, an instance's id.
func nameOf(arn string) string {
	part := strings.SplitN(arn, ":", 6)
	rest := part[len(part)-1]
	return rest[strings.LastIndexAny(rest, "/:")+1:]
}

// quoted is a text as it stands in JSON.
func quoted(s string) []byte {
	out, err := json.Marshal(s)
	if err != nil {
		return []byte(`"` + s + `"`)
	}
	return out
}

// addressTerm finds the events from an address, or from those of a network.
func addressTerm(s string) (lake.Term, error) {
	if network, err := netip.ParsePrefix(s); err == nil {
		network = network.Masked()
		return lake.Term{Column: lake.SourceIP, Match: func(v string) bool {
			at, err := netip.ParseAddr(v)
			return err == nil && network.Contains(at.Unmap().WithZone(""))
		}}, nil
	}
	if at, err := netip.ParseAddr(s); err == nil {
		return lake.Term{Column: lake.SourceIP, Match: func(v string) bool {
			other, err := netip.ParseAddr(v)
			return err == nil && other.Unmap() == at.Unmap()
		}}, nil
	}
	if strings.Contains(s, ".") && !strings.ContainsAny(s, "/ ") { // the name of a service
		return lake.Term{Column: lake.SourceName, Match: matcher(s)}, nil
	}
	return lake.Term{}, fmt.Errorf("--ip: %q is neither an address, such as 198.51.100.7, nor a network, such as 198.51.100.0/24", s)
}
