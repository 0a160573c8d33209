package access

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
)

// The estate of the benchmarks: 50 accounts under three levels of guardrails,
// 5,000 principals with ten managed policies each out of a pool of 500 and an
// inline one of their own, 10,000 buckets and keys with policies.
const (
	benchAccounts   = 50
	benchPrincipals = 5_000
	benchResources  = 10_000
	benchPool       = 500
)

var benchServices = []string{"s3", "ec2", "sqs", "sns", "kms", "lambda", "dynamodb", "logs", "cloudwatch", "iam", "sts", "ecr", "ecs", "rds", "ssm", "secretsmanager", "events", "glue", "athena", "kinesis"}

type generator struct{ *rand.Rand }

// document is a policy of a realistic size.
func (g generator) document(statements int, principal any) map[string]any {
	list := []any{}
	for range statements {
		service := benchServices[g.IntN(len(benchServices))]
		actions := []any{}
		for range 1 + g.IntN(6) {
			actions = append(actions, fmt.Sprintf("%s:%s%s", service, []string{"Get", "List", "Describe", "Put", "Create", "Delete"}[g.IntN(6)], []string{"*", "Object", "Item", "Thing", "Role"}[g.IntN(5)]))
		}
		s := map[string]any{"Effect": "Allow", "Action": actions, "Resource": []any{"arn:aws:" + service + ":*:*:thing/" + fmt.Sprint(g.IntN(1000)) + "/*", "arn:aws:s3:::bucket-" + fmt.Sprint(g.IntN(10)) + "*/*"}}
		switch g.IntN(8) {
		case 0:
			s["Effect"] = "Deny"
			s["Condition"] = map[string]any{"StringNotEquals": map[string]any{"aws:RequestedRegion": []any{"eu-west-1", "eu-central-1"}}}
		case 1:
			s["Condition"] = map[string]any{"Bool": map[string]any{"aws:MultiFactorAuthPresent": "true"}}
		}
		if principal != nil {
			s["Principal"] = principal
		}
		list = append(list, s)
	}
	return map[string]any{"Version": "2012-10-17", "Statement": list}
}

// estate yields the evidence one by one, as the store decodes it, so that nothing
// but the estate itself has to be in memory.
func benchEstate() iter.Seq2[*evidence.Resource, error] {
	return func(yield func(*evidence.Resource, error) bool) {
		g := generator{rand.New(rand.NewPCG(1, 2))}
		emit := func(r *evidence.Resource) { yield(r, nil) }
		account := func(i int) string { return fmt.Sprintf("%012d", 100_000_000_000+i%benchAccounts) }
		attached := func(ids ...string) []any {
			out := []any{map[string]any{"Id": "p-FullAWSAccess", "Type": scpType}}
			for _, id := range ids {
				out = append(out, map[string]any{"Id": id, "Type": scpType})
			}
			return out
		}
		emit(&evidence.Resource{Type: evidence.TypeOrganization, Account: account(0), Properties: map[string]any{"Id": "o-1", "RootId": "r-1", "ManagementAccountId": account(0), "EnabledPolicyTypes": []any{scpType, rcpType}}})
		emit(&evidence.Resource{Type: evidence.TypeNode, ID: "r-1", Properties: map[string]any{"Policies": attached("p-1")}})
		emit(&evidence.Resource{Type: evidence.TypeNode, ID: "ou-1", Properties: map[string]any{"ParentId": "r-1", "Policies": attached("p-2")}})
		for i := range 2 {
			id := fmt.Sprintf("p-%d", i+1)
			emit(&evidence.Resource{Type: typeOrgPolicy, ID: id, Properties: map[string]any{"Type": scpType, "Content": map[string]any{"Version": "2012-10-17", "Statement": []any{
				map[string]any{"Effect": "Deny", "Action": []any{"cloudtrail:StopLogging", "organizations:LeaveOrganization"}, "Resource": "*"},
				map[string]any{"Effect": "Deny", "NotAction": []any{"iam:*", "sts:*", "s3:*"}, "Resource": "*", "Condition": map[string]any{"StringNotEquals": map[string]any{"aws:RequestedRegion": "eu-west-1"}}},
			}}}})
		}
		for i := range benchAccounts {
			emit(&evidence.Resource{Type: evidence.TypeAccount, ID: account(i), Account: account(i), Properties: map[string]any{"Management": i == 0, "ParentId": "ou-1", "Policies": attached()}})
		}
		pool := func(i int) string { return fmt.Sprintf("arn:aws:iam::%s:policy/pool-%d", account(0), i) }
		for i := range benchPool {
			emit(&evidence.Resource{Type: typeManagedPolicy, ID: pool(i), ARN: pool(i), Account: account(0), Properties: map[string]any{"PolicyDocument": g.document(20, nil)}})
		}
		for i := range benchPrincipals {
			arns := []any{}
			for range 10 {
				arns = append(arns, pool(g.IntN(benchPool)))
			}
			p := map[string]any{"ManagedPolicyArns": arns, "Policies": []any{map[string]any{"PolicyName": "own", "PolicyDocument": g.document(3, nil)}}}
			name := fmt.Sprintf("principal-%d", i)
			if i%5 == 0 {
				emit(&evidence.Resource{Type: typeUser, ID: name, ARN: "arn:aws:iam::" + account(i) + ":user/" + name, Account: account(i), Properties: p})
				continue
			}
			p["AssumeRolePolicyDocument"] = map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "lambda.amazonaws.com"}}}}
			emit(&evidence.Resource{Type: typeRole, ID: name, ARN: "arn:aws:iam::" + account(i) + ":role/" + name, Account: account(i), Properties: p})
		}
		for i := range benchResources {
			own := map[string]any{"AWS": "arn:aws:iam::" + account(i) + ":root"}
			role := map[string]any{"AWS": fmt.Sprintf("arn:aws:iam::%s:role/principal-%d", account(i), i%benchPrincipals)}
			name := fmt.Sprintf("bucket-%d", i)
			if i%2 == 0 {
				emit(&evidence.Resource{Type: typeBucket, ID: name, ARN: "arn:aws:s3:::" + name, Account: account(i), Properties: map[string]any{}})
				emit(&evidence.Resource{Type: "AWS::S3::BucketPolicy", ID: name, Account: account(i), Properties: map[string]any{"Bucket": name, "PolicyDocument": policyOf(
					map[string]any{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []any{"arn:aws:s3:::" + name, "arn:aws:s3:::" + name + "/*"}, "Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}},
					map[string]any{"Effect": "Allow", "Principal": role, "Action": []any{"s3:GetObject", "s3:PutObject"}, "Resource": "arn:aws:s3:::" + name + "/*"})}})
				continue
			}
			emit(&evidence.Resource{Type: "AWS::KMS::Key", ID: name, ARN: "arn:aws:kms:eu-west-1:" + account(i) + ":key/" + name, Account: account(i), Region: "eu-west-1", Properties: map[string]any{"KeyPolicy": policyOf(
				map[string]any{"Effect": "Allow", "Principal": own, "Action": "kms:*", "Resource": "*"},
				map[string]any{"Effect": "Allow", "Principal": role, "Action": []any{"kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"}, "Resource": "*"})}})
		}
	}
}

func policyOf(list ...any) map[string]any {
	return map[string]any{"Version": "2012-10-17", "Statement": list}
}

func benchEvidence(resources iter.Seq2[*evidence.Resource, error]) Evidence {
	return Evidence{Resources: resources, Alone: true}
}

// BenchmarkLoad measures loading alone: the evidence lies decoded in memory.
func BenchmarkLoad(b *testing.B) {
	var list []*evidence.Resource
	for r := range benchEstate() {
		list = append(list, r)
	}
	b.ReportAllocs()
	var e *Estate
	for b.Loop() {
		e = load(b, benchEvidence(each(list)))
	}
	if got := len(e.Subjects()); got != benchPrincipals {
		b.Fatalf("%d principals", got)
	}
	list = nil
	b.ReportMetric(heapOf(b), "MiB-held")
	runtime.KeepAlive(e)
}

// BenchmarkLoadStreamed loads evidence that comes one by one, as from the store.
// Run once in a process of its own, that is what the process needs.
func BenchmarkLoadStreamed(b *testing.B) {
	for b.Loop() {
		load(b, benchEvidence(benchEstate()))
	}
}

// heapOf is what an estate holds, loaded from evidence that comes one by one.
func heapOf(b *testing.B) float64 {
	b.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e := load(b, benchEvidence(benchEstate()))
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(e)
	return float64(after.HeapAlloc-before.HeapAlloc) / (1 << 20)
}

func BenchmarkWhoCan(b *testing.B) {
	e := load(b, benchEvidence(benchEstate()))
	o := e.Object("arn:aws:s3:::bucket-42/data/file")
	context := iam.NewContext(map[string][]string{"aws:RequestedRegion": {"eu-west-1"}, "aws:MultiFactorAuthPresent": {"true"}})
	for name, c := range map[string]*iam.Context{"known": context, "open": {Open: true}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var found []Access
			for b.Loop() {
				var err error
				if found, err = e.WhoCan("s3:GetObject", o, c); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(found)), "found")
		})
	}
}
