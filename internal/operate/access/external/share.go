package external

import (
	"fmt"
	"slices"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/exposure"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/kleene"
	"holdfast.dev/holdfast/internal/operate/access"
)

// share is a type of which copies or single resources are shared with accounts
// by a list of its own.
type share struct {
	typ    string
	shown  string // the type as AWS IAM Access Analyzer names it
	within string // property that holds Public and SharedWith; "" where they stand at the top
	what   []string
}

var shares = []share{
	{"Holdfast::EC2::Snapshot", "AWS::EC2::Snapshot", "", []string{"ec2:CreateVolume", "ec2:CopySnapshot"}},
	{"Holdfast::EC2::Image", "AWS::EC2::Image", "", []string{"ec2:RunInstances", "ec2:CopyImage"}},
	{"Holdfast::RDS::DBSnapshot", "AWS::RDS::DBSnapshot", "", []string{"rds:RestoreDBInstanceFromDBSnapshot", "rds:CopyDBSnapshot"}},
	{"Holdfast::RDS::DBClusterSnapshot", "AWS::RDS::DBClusterSnapshot", "", []string{"rds:RestoreDBClusterFromSnapshot", "rds:CopyDBClusterSnapshot"}},
	{"AWS::SSM::Document", "AWS::SSM::Document", "Observed", []string{"ssm:GetDocument", "ssm:SendCommand"}},
}

// more are types with a policy besides the one an estate keeps of them.
const (
	typeTable = "AWS::DynamoDB::Table"
	typeLayer = "AWS::Lambda::LayerVersionPermission"
)

// Types are the types of evidence that Find reads besides the estate.
func Types() []string {
	out := []string{typeTable, typeLayer}
	for _, s := range shares {
		out = append(out, s.typ)
	}
	return out
}

// shared is about a resource that no policy of the estate tells of.
func (f *finder) shared(r *evidence.Resource) {
	switch r.Type {
	case typeTable:
		f.stream(r)
		return
	case typeLayer:
		f.layer(r)
		return
	}
	i := slices.IndexFunc(shares, func(s share) bool { return s.typ == r.Type })
	if i < 0 {
		return
	}
	s := shares[i]
	f.report.Looked[s.shown]++
	fields := r.Properties
	if s.within != "" {
		switch v := fields[s.within].(type) {
		case map[string]any:
			fields = v
		case evidence.Unknown:
			fields = map[string]any{"Public": v, "SharedWith": v}
		default:
			return // of a template: nothing is shared yet
		}
	}
	f.listed(r, s, fields)
}

func (f *finder) listed(r *evidence.Resource, s share, fields map[string]any) {
	base := Finding{Resource: nameOf(r), Type: s.shown, Account: r.Account, Region: r.Region, Means: ByShare, Statement: -1, Actions: s.what, Known: kleene.True}
	switch v := fields["Public"].(type) {
	case bool:
		if v {
			x := base
			x.Who, x.Public, x.CrossAccount, x.External = exposure.Who{Kind: exposure.Everyone, Name: "*"}, true, kleene.True, kleene.True
			f.add(x)
		}
	case evidence.Unknown:
		f.report.Unseen = append(f.report.Unseen, Unseen{base.Resource, s.shown, r.Account, "whether it is shared was not seen: " + v.Reason})
		return
	}
	list, _ := fields["SharedWith"].([]any)
	for _, e := range list {
		account, ok := e.(string)
		if !ok || account == "" || account == r.Account {
			continue
		}
		x := base
		x.Who = exposure.Who{Kind: exposure.Account, Name: account, Account: account}
		x.CrossAccount, x.External = kleene.True, f.foreign(r.Account, account)
		if f.outside(&x) {
			f.add(x)
		}
	}
}

// foreign tells whether an account is beyond the organisation of an owner.
func (f *finder) foreign(owner, account string) kleene.Value {
	o := f.root(owner)
	zone := f.zoneOf(owner, "", o.OrgID, o.OrgSeen)
	if !zone.OrgSeen {
		return kleene.Unknown
	}
	return kleene.Of(!slices.Contains(zone.Accounts, account))
}

// root is the account itself as a principal, for what is known of its
// organisation.
func (f *finder) root(account string) *iam.Principal {
	s, err := f.estate.Subject(account)
	if err != nil {
		return &iam.Principal{}
	}
	return s.Principal
}

func nameOf(r *evidence.Resource) string {
	if r.ARN != "" {
		return r.ARN
	}
	return r.ID
}

// stream is the policy of a table's stream.
func (f *finder) stream(r *evidence.Resource) {
	spec, _ := r.Properties["StreamSpecification"].(map[string]any)
	held, _ := spec["ResourcePolicy"].(map[string]any)
	if held == nil {
		return
	}
	f.document(r, "AWS::DynamoDB::Stream", nameOf(r)+"/stream/*", "StreamSpecification.ResourcePolicy", held["PolicyDocument"])
}

// layer is a permission of a version of a layer, which is a statement of its
// policy. Source: AWS Lambda API Reference, AddLayerVersionPermission.
func (f *finder) layer(r *evidence.Resource) {
	statement := map[string]any{"Effect": "Allow", "Action": r.Properties["Action"], "Resource": r.Properties["LayerVersionArn"]}
	switch v := r.Properties["Principal"].(type) {
	case string:
		statement["Principal"] = map[string]any{"AWS": v}
	case nil:
	default:
		statement["Principal"] = map[string]any{"AWS": v}
	}
	if org := r.Properties["OrganizationId"]; org != nil {
		statement["Condition"] = map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": org}}
	}
	arn, _ := r.Properties["LayerVersionArn"].(string)
	if arn == "" {
		arn = nameOf(r)
	}
	f.document(r, "AWS::Lambda::LayerVersion", arn, "LayerVersionPermission", map[string]any{"Version": policy.Version2012, "Statement": []any{statement}})
}

// document judges a policy that the estate does not have.
func (f *finder) document(r *evidence.Resource, typ, arn, name string, body any) {
	root := f.root(r.Account)
	doc := policy.Of(body)
	compiled := iam.Compile(name, doc)
	o := &access.Object{ARN: arn, Type: typ, Account: r.Account, Region: r.Region, OrgID: root.OrgID, OrgSeen: root.OrgSeen, Policy: &iam.Set{Policies: []*iam.Policy{compiled}}}
	f.report.Looked[typ]++
	if doc.Unseen != "" {
		f.report.Unseen = append(f.report.Unseen, Unseen{arn, typ, r.Account, fmt.Sprintf("%s: %s", name, doc.Unseen)})
	}
	f.policy(o, compiled)
}
