package policy

import (
	"strings"
	"unicode/utf8"
)

// Size is how large a text is in the ways in which AWS counts.
type Size struct {
	Bytes      int // as sent
	Characters int // as sent
	Dense      int // characters, without the white space between the parts of the JSON
}

// Measure counts. The text need not be valid; white space inside strings counts
// always, since it is part of what the policy says.
func Measure(data []byte) Size {
	s := Size{Bytes: len(data), Characters: utf8.RuneCount(data)}
	inside, escaped, space := false, false, 0
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case inside && c == '\\':
			escaped = true
		case c == '"':
			inside = !inside
		case !inside && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			space++
		}
	}
	s.Dense = s.Characters - space
	return s
}

// Unit is what a quota counts.
type Unit uint8

const (
	DenseCharacters Unit = iota // characters without white space
	Characters                  // characters as sent
	Bytes                       // bytes as sent
)

// String names what is counted.
func (u Unit) String() string {
	return [...]string{"characters without white space", "characters", "bytes"}[u]
}

// Count is the size in a unit.
func (s Size) Count(u Unit) int {
	return [...]int{s.Dense, s.Characters, s.Bytes}[u]
}

// Quota is how large AWS lets a policy be.
type Quota struct {
	Name   string // of the place: "managed policy", "bucket policy"
	Type   Type
	Key    string // of the place in what Holdfast prints: managed, s3
	Limit  int
	Unit   Unit
	Raised int    // what AWS raises the limit to on request; 0: it does not
	Note   string // what else counts
	Source string
}

// Quotas are those of one type of policy, the most usual place first.
func Quotas(t Type) []Quota {
	var out []Quota
	for _, q := range quotas {
		if q.Type == t {
			out = append(out, q)
		}
	}
	return out
}

// One is the name with its article: a managed policy, an Amazon S3 bucket policy.
func (q Quota) One() string {
	if strings.HasPrefix(q.Name, "A") {
		return "an " + q.Name
	}
	return "a " + q.Name
}

// QuotaFor finds the quota of a place by its key: managed, scp, s3.
func QuotaFor(key string) (Quota, bool) {
	for _, q := range quotas {
		if q.Key == key {
			return q, true
		}
	}
	return Quota{}, false
}

const (
	iamQuotas = "AWS IAM User Guide, IAM and AWS STS quotas"
	orgQuotas = "AWS Organizations User Guide, Quotas for AWS Organizations (SCPs as of 15 May 2026)"
)

var quotas = []Quota{
	{Name: "managed policy", Type: Identity, Key: "managed", Limit: 6144, Source: iamQuotas},
	{Name: "role's inline policies", Type: Identity, Key: "role", Limit: 10240, Note: "all inline policies of the role together", Source: iamQuotas},
	{Name: "group's inline policies", Type: Identity, Key: "group", Limit: 5120, Note: "all inline policies of the group together", Source: iamQuotas},
	{Name: "user's inline policies", Type: Identity, Key: "user", Limit: 2048, Note: "all inline policies of the user together", Source: iamQuotas},
	{Name: "permission set's inline policy", Type: Identity, Key: "permission-set", Limit: 32768, Unit: Characters, Source: "IAM Identity Center API, PutInlinePolicyToPermissionSet"},
	{Name: "permissions boundary", Type: Boundary, Key: "boundary", Limit: 6144, Note: "a managed policy", Source: iamQuotas},
	{Name: "trust policy", Type: Trust, Key: "trust", Limit: 2048, Raised: 4096, Source: iamQuotas},
	{Name: "session policy", Type: Session, Key: "session", Limit: 2048, Unit: Characters, Note: "AWS STS also limits the packed size, which PackedPolicySize tells in its answer", Source: "AWS STS API, AssumeRole"},
	{Name: "service control policy", Type: SCP, Key: "scp", Limit: 10240, Unit: Characters, Note: "10 policies for each root, OU and account; the console leaves white space out, the API does not", Source: orgQuotas},
	{Name: "resource control policy", Type: RCP, Key: "rcp", Limit: 5120, Unit: Characters, Note: "5 policies for each root, OU and account, RCPFullAWSAccess among them", Source: orgQuotas},
	{Name: "VPC endpoint policy", Type: Endpoint, Key: "endpoint", Limit: 20480, Unit: Characters, Source: "AWS PrivateLink Guide, Control access to VPC endpoints using endpoint policies"},
	{Name: "Amazon S3 bucket policy", Type: Resource, Key: "s3", Limit: 20 << 10, Unit: Bytes, Source: "Amazon S3 User Guide, Bucket policies"},
	{Name: "AWS KMS key policy", Type: Resource, Key: "kms", Limit: 32 << 10, Unit: Bytes, Source: "AWS KMS Developer Guide, Quotas"},
	{Name: "Amazon SQS queue policy", Type: Resource, Key: "sqs", Limit: 8192, Unit: Bytes, Note: "20 statements, 50 principals, 10 conditions, 7 actions in a statement", Source: "Amazon SQS Developer Guide, Policy quotas"},
	{Name: "Amazon SNS topic policy", Type: Resource, Key: "sns", Limit: 30 << 10, Unit: Bytes, Note: "100 statements, 200 principals", Source: "Amazon SNS Developer Guide, Policy quotas"},
	{Name: "AWS Lambda function policy", Type: Resource, Key: "lambda", Limit: 20 << 10, Unit: Bytes, Source: "AWS Lambda Developer Guide, Quotas"},
	{Name: "AWS Secrets Manager resource policy", Type: Resource, Key: "secretsmanager", Limit: 20480, Unit: Characters, Source: "AWS Secrets Manager User Guide, Quotas"},
	{Name: "Amazon ECR repository policy", Type: Resource, Key: "ecr", Limit: 10240, Unit: Characters, Source: "Amazon ECR API, SetRepositoryPolicy"},
	{Name: "Amazon DynamoDB resource policy", Type: Resource, Key: "dynamodb", Limit: 20 << 10, Unit: Bytes, Source: "Amazon DynamoDB API, PutResourcePolicy"},
	{Name: "Amazon EFS file system policy", Type: Resource, Key: "elasticfilesystem", Limit: 20000, Unit: Characters, Source: "Amazon EFS API, PutFileSystemPolicy"},
	{Name: "Amazon OpenSearch Service access policy", Type: Resource, Key: "es", Limit: 100 << 10, Unit: Characters, Source: "Amazon OpenSearch Service API, UpdateDomainConfig"},
	{Name: "Amazon CloudWatch Logs resource policy", Type: Resource, Key: "logs", Limit: 5120, Unit: Characters, Note: "10 policies in each account and Region", Source: "Amazon CloudWatch Logs API, PutResourcePolicy"},
	{Name: "Amazon EventBridge event bus policy", Type: Resource, Key: "events", Limit: 10240, Unit: Characters, Source: "Amazon EventBridge User Guide, Quotas"},
	{Name: "Amazon API Gateway resource policy", Type: Resource, Key: "execute-api", Limit: 8192, Unit: Bytes, Source: "Amazon API Gateway Developer Guide, Quotas"},
}

// Likely are the quotas that concern a document of this type: of resource policies
// those of the service whose actions it names, if it names one only.
func Likely(d *Document, t Type) []Quota {
	all := Quotas(t)
	if t != Resource {
		return all
	}
	if q, ok := QuotaFor(soleService(d)); ok && q.Type == Resource {
		return []Quota{q}
	}
	return all
}

// soleService is the service of all actions and resources, "" where they differ.
func soleService(d *Document) string {
	sole := ""
	for i := range d.Statements {
		for _, a := range append(d.Statements[i].Actions[:len(d.Statements[i].Actions):len(d.Statements[i].Actions)], d.Statements[i].NotActions...) {
			service, _ := cutAction(a.Value)
			if service == "*" {
				continue
			}
			if sole != "" && sole != service {
				return ""
			}
			sole = service
		}
	}
	return sole
}
