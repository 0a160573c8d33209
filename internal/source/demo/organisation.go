package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/evidence"
)

type organisation struct {
	options  Options
	id       string
	root     string
	accounts []account
	units    []unit
}

type unit struct {
	id, name, parent string
	path             []string
}

type account struct {
	id, name, email, state string
	parent                 string
	path                   []string
	management             bool
	hidden                 bool // its role could not be assumed
	environment            string
	owner                  string
	workload               string
	laxity                 float64 // how much flaws are multiplied
	tagged                 bool
}

var workloads = []string{"payments", "orders", "search", "identity", "catalogue", "billing", "reporting", "messaging", "logistics", "support", "pricing", "loyalty"}

// newOrganisation lays out the tree as AWS recommends it, and fills Workloads
// with as many accounts as are wanted.
func newOrganisation(o Options) *organisation {
	g := rand.New(rand.NewPCG(o.Seed, 1))
	org := &organisation{options: o, id: fmt.Sprintf("o-%010x", g.Uint64()>>24), root: fmt.Sprintf("r-%04x", g.Uint32()>>16)}
	ou := func(parent string, path ...string) string {
		u := unit{id: fmt.Sprintf("ou-%s-%08x", org.root[2:], g.Uint32()), name: path[len(path)-1], parent: parent, path: path}
		org.units = append(org.units, u)
		return u.id
	}
	security, infrastructure, work := ou(org.root, "Security"), ou(org.root, "Infrastructure"), ou(org.root, "Workloads")
	prod, sdlc := ou(work, "Workloads", "Prod"), ou(work, "Workloads", "SDLC")
	sandbox, suspended, staging := ou(org.root, "Sandbox"), ou(org.root, "Suspended"), ou(org.root, "PolicyStaging")
	add := func(name, parent, environment, owner, workload string, laxity float64, path ...string) *account {
		a := account{id: fmt.Sprintf("%012d", 100_000_000_000+g.Uint64N(899_999_999_999)), name: name, state: "ACTIVE", parent: parent, path: path,
			environment: environment, owner: owner, workload: workload, laxity: laxity, tagged: g.Float64() > 0.1}
		a.email = "aws+" + name + "@example.com"
		org.accounts = append(org.accounts, a)
		return &org.accounts[len(org.accounts)-1]
	}
	add("management", org.root, "shared", "platform@example.com", "management", 0.5).management = true
	add("log-archive", security, "security", "security@example.com", "logs", 0.3, "Security")
	add("security-tooling", security, "security", "security@example.com", "security", 0.3, "Security")
	add("network", infrastructure, "shared", "platform@example.com", "network", 0.6, "Infrastructure")
	add("shared-services", infrastructure, "shared", "platform@example.com", "shared", 0.8, "Infrastructure")
	add("policy-staging", staging, "test", "platform@example.com", "staging", 0.8, "PolicyStaging")
	add("old-crm", suspended, "prod", "crm@example.com", "crm", 1, "Suspended").state = "SUSPENDED"
	for i := 0; len(org.accounts) < o.Accounts; i++ {
		name := workloads[i/3%len(workloads)]
		if round := i / 3 / len(workloads); round > 0 {
			name = fmt.Sprintf("%s%d", name, round+1)
		}
		owner := name + "@example.com"
		switch i % 3 {
		case 0:
			add(name+"-prod", prod, "prod", owner, name, 0.95, "Workloads", "Prod")
		case 1:
			add(name+"-dev", sdlc, "dev", owner, name, 1.3, "Workloads", "SDLC")
		default:
			add("sandbox-"+name, sandbox, "sandbox", owner, name, 2, "Sandbox")
		}
	}
	// One account lets nobody in, and one stands where none should.
	org.accounts[len(org.accounts)-1].hidden = true
	stray := &org.accounts[len(org.accounts)-2]
	stray.parent, stray.path = org.root, nil
	return org
}

// networked tells whether workloads with a network of their own run there.
func (a *account) networked() bool {
	switch a.environment {
	case "prod", "dev", "sandbox", "test":
		return true
	}
	return a.workload == "network" || a.workload == "shared"
}

// policies of the organisation: the default, and guardrails on the root and on
// Sandbox.
func (o *organisation) policies() []evidence.Resource {
	type policy struct {
		id, name, typ string
		managed       bool
		statement     []props
		targets       []string
	}
	deny := func(action any, condition props) props {
		return props{"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}
	}
	list := []policy{
		{"p-FullAWSAccess", "FullAWSAccess", "SERVICE_CONTROL_POLICY", true, []props{{"Effect": "Allow", "Action": "*", "Resource": "*"}}, o.everything()},
		{"p-noroot01", "deny-root-user", "SERVICE_CONTROL_POLICY", false, []props{deny("*", props{"StringLike": props{"aws:PrincipalArn": "arn:*:iam::*:root"}})}, o.unitsNamed("Workloads", "Security", "Infrastructure")},
		{"p-keeplog1", "protect-audit-logging", "SERVICE_CONTROL_POLICY", false, []props{{"Effect": "Deny", "Action": []string{"cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "config:StopConfigurationRecorder", "guardduty:DeleteDetector", "organizations:LeaveOrganization"}, "Resource": "*"}}, []string{o.root}},
		{"p-denyall1", "deny-everything", "SERVICE_CONTROL_POLICY", false, []props{{"Effect": "Deny", "Action": "*", "Resource": "*"}}, o.unitsNamed("Suspended")},
		{"p-tlsonly1", "require-tls", "RESOURCE_CONTROL_POLICY", false, []props{{"Effect": "Deny", "Principal": "*", "Action": []string{"s3:*", "sqs:*"}, "Resource": "*", "Condition": props{"BoolIfExists": props{"aws:SecureTransport": "false"}}}}, o.unitsNamed("Prod")},
	}
	var out []evidence.Resource
	for _, p := range list {
		out = append(out, evidence.Resource{Type: "AWS::Organizations::Policy", ID: p.id, Properties: object(props{
			"Name": p.name, "Type": p.typ, "TargetIds": p.targets, "Content": props{"Version": "2012-10-17", "Statement": p.statement},
			"Observed": props{"Id": p.id, "AwsManaged": p.managed},
		})})
	}
	return out
}

func (o *organisation) everything() []string {
	out := []string{o.root}
	for _, u := range o.units {
		out = append(out, u.id)
	}
	for _, a := range o.accounts {
		out = append(out, a.id)
	}
	return out
}

func (o *organisation) unitsNamed(names ...string) []string {
	var out []string
	for _, u := range o.units {
		for _, n := range names {
			if u.name == n {
				out = append(out, u.id)
			}
		}
	}
	return out
}

// batch is what the management account tells about the organisation.
func (o *organisation) batch() Batch {
	management := o.accounts[0].id
	attached := map[string][]any{}
	b := Batch{Account: management, Region: evidence.Global}
	emit := func(r evidence.Resource) {
		if r.Account == "" {
			r.Account = management
		}
		r.Region, r.Partition, r.Source, r.Observed = evidence.Global, "aws", "demo", o.options.At
		b.Resources = append(b.Resources, &r)
	}
	for _, p := range o.policies() {
		for _, target := range p.Properties["TargetIds"].([]any) {
			attached[target.(string)] = append(attached[target.(string)], map[string]any{"Id": p.ID, "Name": p.Properties["Name"], "Type": p.Properties["Type"],
				"AwsManaged": p.Properties["Observed"].(map[string]any)["AwsManaged"]})
		}
		emit(p)
	}
	emit(evidence.Resource{Type: evidence.TypeOrganization, ID: o.id, ARN: "arn:aws:organizations::" + management + ":organization/" + o.id, Properties: object(props{
		"Id": o.id, "FeatureSet": "ALL", "ManagementAccountId": management, "RootId": o.root,
		"EnabledPolicyTypes":        []string{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"},
		"TrustedServices":           []string{"cloudtrail.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com", "iam.amazonaws.com", "securityhub.amazonaws.com", "sso.amazonaws.com", "access-analyzer.amazonaws.com", "inspector2.amazonaws.com"},
		"DelegatedAdministrators":   []props{{"AccountId": o.accounts[2].id, "Services": []string{"access-analyzer.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com", "inspector2.amazonaws.com", "securityhub.amazonaws.com"}}},
		"RootCredentialsManagement": true, "RootSessions": false,
	})})
	emit(o.node(unit{id: o.root, name: "Root"}, "ROOT", attached[o.root]))
	for _, u := range o.units {
		emit(o.node(u, "OU", attached[u.id]))
	}
	for i := range o.accounts {
		emit(o.accountResource(&o.accounts[i], attached[o.accounts[i].id]))
	}
	b.Complete = []string{"AWS::Organizations::Policy", evidence.TypeNode, evidence.TypeOrganization}
	return b
}

func (o *organisation) node(u unit, kind string, policies []any) evidence.Resource {
	return evidence.Resource{Type: evidence.TypeNode, ID: u.id, Properties: object(props{
		"Id": u.id, "Kind": kind, "Name": u.name, "ParentId": u.parent, "Path": u.path, "Policies": policies,
	})}
}

func (o *organisation) accountResource(a *account, policies []any) evidence.Resource {
	r := evidence.Resource{Type: evidence.TypeAccount, ID: a.id, Account: a.id,
		ARN: "arn:aws:organizations::" + o.accounts[0].id + ":account/" + o.id + "/" + a.id,
		Properties: object(props{
			"Id": a.id, "Name": a.name, "Email": a.email, "State": a.state, "JoinedMethod": "CREATED", "ParentId": a.parent, "Path": a.path,
			"Management": a.management, "EnabledRegions": regions, "Policies": policies, "EffectivePolicies": props{},
			"JoinedTimestamp": o.options.At.AddDate(-1, 0, 0).UTC().Format("2006-01-02T15:04:05Z07:00"),
		})}
	r.Tags = map[string]string{"owner": a.owner, "environment": a.environment}
	if a.tagged {
		r.Tags = map[string]string{"owner": a.owner, "environment": a.environment, "workload": a.workload, "security-contact": "security@example.com",
			"data-classification": "internal", "criticality": "3", "cost-centre": "4711"}
	}
	if days := len(a.name)*17%200 - 30; a.environment == "sandbox" { // some have ended, and nobody closed them
		r.Tags["expiry"] = o.options.At.AddDate(0, 0, days).UTC().Format(time.DateOnly)
	}
	r.Properties["Tags"] = tagList(r.Tags)
	return r
}

// hiddenBatch is an account whose role could not be assumed: nothing was seen.
func hiddenBatch(a *account) Batch {
	b := Batch{Account: a.id, Region: evidence.Global}
	for _, region := range append([]string{evidence.Global}, regions...) {
		types := regionalTypes
		if region == evidence.Global {
			types = globalTypes
		}
		b.Gaps = append(b.Gaps, evidence.Gap{Account: a.id, Region: region, Service: "sts", Operation: "AssumeRole", Types: types, Reason: evidence.Denied,
			Detail: "not authorized to perform sts:AssumeRole on role HoldfastAudit"})
	}
	return b
}

var globalTypes = strings.Fields(`AWS::IAM::User AWS::IAM::Role AWS::IAM::ManagedPolicy AWS::S3::Bucket
	Holdfast::Account::Contacts Holdfast::IAM::AccountSummary Holdfast::IAM::Credentials Holdfast::IAM::PasswordPolicy Holdfast::S3::AccountPublicAccessBlock`)

var regionalTypes = strings.Fields(`AWS::CloudTrail::Trail AWS::DynamoDB::Table AWS::EC2::Instance AWS::EC2::NetworkAclEntry AWS::EC2::SecurityGroup
	AWS::EC2::VPC AWS::EC2::Volume AWS::KMS::Key AWS::Lambda::Function AWS::RDS::DBInstance AWS::SNS::Topic AWS::SQS::Queue
	Holdfast::AccessAnalyzer::RegionStatus Holdfast::Config::RegionStatus Holdfast::EC2::RegionSettings Holdfast::GuardDuty::RegionStatus
	Holdfast::Inspector::RegionStatus Holdfast::SecurityHub::RegionStatus`)
