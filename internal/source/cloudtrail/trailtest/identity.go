package trailtest

import "fmt"

// actor is who made a call, as far as other members repeat it.
type actor struct {
	arn, ip, agent string
	service        bool
}

var agents = []string{
	"aws-sdk-go-v2/1.36.3 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#amd64 api/s3#1.78.2 m/E,e",
	"Boto3/1.37.11 md/Botocore#1.37.11 ua/2.1 os/linux#5.10.234-225.921.amzn2.x86_64 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython m/Z,b cfg/retry-mode#legacy Botocore/1.37.11",
	"APN/1.0 HashiCorp/1.0 Terraform/1.11.1 (+https://www.terraform.io) terraform-provider-aws/5.90.1 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.6 md/GOOS#linux md/GOARCH#amd64 api/ec2#1.203.1",
	"aws-cli/2.24.24 md/awscrt#0.23.8 ua/2.1 os/linux#6.8.0-1021-aws md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe sid/4c1c61ac0c21 md/prompt#off md/command#s3api.list-buckets",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
}

var roles = []string{"app-orders", "app-catalog-reader", "ci-deploy", "karpenter-controller", "data-export", "observability-agent", "OrganizationAccountAccessRole", "backup-runner"}

var people = []string{"anna.berg", "bilal.khan", "chen.wei", "dora.nagy", "emeka.obi"}

// identity writes userIdentity: mostly sessions of roles, some services and users.
func (m *Maker) identity(c *call, account string) actor {
	switch n := m.r.IntN(100); {
	case c.byService || n < 7:
		name := []string{"lambda", "ec2", "config", "cloudformation"}[m.r.IntN(4)] + ".amazonaws.com"
		m.add(`{"type":"AWSService","invokedBy":"%s"}`, name)
		return actor{name, name, name, true}
	case n < 12:
		user := people[m.r.IntN(len(people))]
		a := actor{arn: fmt.Sprintf("arn:aws:iam::%s:user/%s", account, user), ip: m.ip(), agent: agents[3]}
		m.add(`{"type":"IAMUser","principalId":"AIDA%s","arn":"%s","accountId":"%s","accessKeyId":"AKIA%s","userName":"%s"}`,
			m.id(user), a.arn, account, m.id(user+"key"), user)
		return a
	}
	role := roles[m.r.IntN(len(roles))]
	session := fmt.Sprintf("i-0%016x", m.r.IntN(40)*0x1234567)
	agent := agents[m.r.IntN(3)]
	if m.r.IntN(10) == 0 {
		role, session, agent = "AWSReservedSSO_Engineer_0123456789abcdef", people[m.r.IntN(len(people))]+"@example.com", agents[4]
	}
	a := actor{arn: fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", account, role, session), ip: m.ip(), agent: agent}
	m.add(`{"type":"AssumedRole","principalId":"AROA%s:%s","arn":"%s","accountId":"%s","accessKeyId":"ASIA%016X"`, m.id(role), session, a.arn, account, m.r.Uint64())
	m.add(`,"sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROA%s","arn":"arn:aws:iam::%s:role/%s","accountId":"%s","userName":"%s"}`, m.id(role), account, role, account, role)
	m.add(`,"attributes":{"creationDate":"%s","mfaAuthenticated":"false"},"ec2RoleDelivery":"2.0"}}`, m.at.Add(-m.step*9).Format("2006-01-02T15:04:05Z"))
	return a
}

// ip is one of some hundred addresses set aside for documentation, or one inside.
func (m *Maker) ip() string {
	if m.r.IntN(3) == 0 {
		return fmt.Sprintf("10.%d.%d.%d", m.r.IntN(4), m.r.IntN(16), m.r.IntN(250)+1)
	}
	return fmt.Sprintf("%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[m.r.IntN(3)], m.r.IntN(250)+1)
}

// id gives a name the sixteen letters that IAM would.
func (m *Maker) id(name string) string {
	h := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return fmt.Sprintf("%016X", h)
}
