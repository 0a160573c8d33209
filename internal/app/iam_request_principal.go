package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast.dev/holdfast/internal/engine/iam"
)

// principalLine is a principal that is more than an ARN. Names of members are
// compared without regard to case, so {"Service": …}, as policies write it, is
// taken, too.
type principalLine struct {
	Type        string            `json:"type"`
	ARN         string            `json:"arn"`
	AWS         string            `json:"aws"`
	Service     string            `json:"service"`
	Federated   string            `json:"federated"`
	Name        string            `json:"name"` // of a service, where the type says so
	UniqueID    string            `json:"uniqueId"`
	CanonicalID string            `json:"canonicalId"`
	RoleARN     string            `json:"roleArn"`
	Tags        map[string]string `json:"tags"`
	OrgID       string            `json:"orgId"`
	OrgPaths    []string          `json:"orgPaths"`
}

const principalForms = `give an ARN, {"type":"Anonymous"}, {"service":NAME}, {"federated":PROVIDER} or {"arn":ARN, …}`

func principalOf(data jsontext.Value) (*iam.Principal, error) {
	var l principalLine
	switch data.Kind() {
	case '"':
		if err := json.Unmarshal(data, &l.ARN); err != nil {
			return nil, err
		}
		switch {
		case strings.EqualFold(l.ARN, "anonymous") || l.ARN == "*":
			l = principalLine{Type: "Anonymous"}
		case isServiceName(l.ARN):
			l = principalLine{Service: l.ARN}
		}
	case '0':
		l.ARN = string(data)
	case '{':
		if err := unmarshal(data, &l, true); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("there is none; " + principalForms)
	}
	p, err := l.principal()
	if err != nil {
		return nil, err
	}
	// What a line does not say is not there.
	p.OrgSeen, p.TagsSeen, p.Exact = true, true, true
	return p, nil
}

func isServiceName(s string) bool {
	return !strings.Contains(s, ":") && (strings.HasSuffix(s, ".amazonaws.com") || strings.HasSuffix(s, ".amazonaws.com.cn"))
}

func (l *principalLine) principal() (*iam.Principal, error) {
	if l.ARN == "" {
		l.ARN = l.AWS
	}
	if l.Service == "" && strings.EqualFold(l.Type, "Service") {
		l.Service = l.Name
	}
	switch {
	case strings.EqualFold(l.Type, "Anonymous"):
		return iam.Anonymous(), nil
	case l.Service != "":
		return iam.Service(l.Service), nil
	case l.Federated != "":
		return iam.Federated(l.Federated), nil
	case l.ARN == "":
		return nil, errors.New("it is not named; " + principalForms)
	}
	p, err := iam.ParsePrincipal(l.ARN)
	if err != nil {
		return nil, err
	}
	p.ID, p.CanonicalID, p.Tags, p.OrgID, p.OrgPaths = l.UniqueID, l.CanonicalID, l.Tags, l.OrgID, l.OrgPaths
	if l.RoleARN != "" {
		role, err := iam.ParsePrincipal(l.RoleARN)
		if err != nil || role.Kind != iam.KindRole || p.Kind != iam.KindSession && p.Kind != iam.KindRole {
			return nil, fmt.Errorf("roleArn %q is not the role of a session", l.RoleARN)
		}
		p.Role = l.RoleARN
	}
	return p, nil
}
