package aws

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PolicyDocument is one IAM policy to attach.
type PolicyDocument struct {
	Name string
	JSON []byte
}

// maxPolicy is IAM's limit for a managed policy, counted without white space.
const maxPolicy = 6144

type statement struct {
	Sid      string
	Effect   string
	Action   []string
	Resource string
}

// Policy is the least-privilege policy for these collectors: what the role in
// each account needs, and what the caller needs on top (reading the
// organisation, assuming the role). It is split where IAM's size limit wants.
func Policy(collectors []Collector, role string) ([]PolicyDocument, error) {
	if role == "" {
		role = DefaultRole
	}
	member := map[string]bool{"account:ListRegions": true, "ec2:DescribeRegions": true}
	caller := map[string]bool{"organizations:DescribeOrganization": true, "organizations:ListAccounts": true}
	for _, c := range collectors {
		to := member
		if c.Scope == OrgWide {
			to = caller
		}
		for _, action := range c.Actions {
			to[action] = true
		}
	}
	documents, err := split("HoldfastCollect", byService(member))
	if err != nil {
		return nil, err
	}
	statements := append(byService(caller), statement{
		Sid: "AssumeRole", Effect: "Allow", Action: []string{"sts:AssumeRole"}, Resource: "arn:*:iam::*:role/" + role,
	})
	more, err := split("HoldfastOrganization", statements)
	return append(documents, more...), err
}

func byService(actions map[string]bool) []statement {
	services := map[string][]string{}
	for _, a := range slices.Sorted(maps.Keys(actions)) {
		service, _, _ := strings.Cut(a, ":")
		services[service] = append(services[service], a)
	}
	var out []statement
	for _, service := range sortedKeys(services) {
		out = append(out, statement{Sid: sid(service), Effect: "Allow", Action: services[service], Resource: "*"})
	}
	return out
}

// sid is a statement id, for which IAM admits letters and digits only.
func sid(service string) string {
	var b strings.Builder
	for _, part := range strings.Split(service, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// split packs statements into as few documents as fit.
func split(name string, statements []statement) ([]PolicyDocument, error) {
	var documents []PolicyDocument
	for len(statements) > 0 {
		n := len(statements)
		for n > 1 && size(statements[:n]) > maxPolicy {
			n--
		}
		if size(statements[:n]) > maxPolicy {
			return nil, fmt.Errorf("the actions of %s alone exceed IAM's limit of %d characters for a managed policy", statements[0].Sid, maxPolicy)
		}
		b, err := marshal(statements[:n])
		if err != nil {
			return nil, err
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, b, "", "  "); err != nil {
			return nil, err
		}
		pretty.WriteByte('\n')
		documents = append(documents, PolicyDocument{JSON: pretty.Bytes()})
		statements = statements[n:]
	}
	for i := range documents {
		documents[i].Name = name
		if len(documents) > 1 {
			documents[i].Name = fmt.Sprintf("%s%d", name, i+1)
		}
	}
	return documents, nil
}

func marshal(statements []statement) ([]byte, error) {
	return json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", statements})
}

func size(statements []statement) int {
	b, err := marshal(statements)
	if err != nil {
		return maxPolicy + 1
	}
	return len(b)
}
