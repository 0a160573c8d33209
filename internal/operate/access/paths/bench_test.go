package paths

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
)

// benchWorld is an estate of 5,000 principals in 50 accounts, under an SCP that
// denies other Regions. One in fifty is an administrator; a share of the others,
// in parts of a hundred, may do things that techniques need.
func benchWorld(share int) access.Evidence {
	r := rand.New(rand.NewPCG(3, 4))
	var list []*evidence.Resource
	doc := func(statements ...any) map[string]any {
		return map[string]any{"Version": "2012-10-17", "Statement": statements}
	}
	allow := func(resource string, actions ...any) map[string]any {
		return map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource}
	}
	risky := [][]any{{"iam:PassRole", "lambda:*"}, {"iam:CreateAccessKey"}, {"sts:AssumeRole"}, {"iam:AttachRolePolicy"}, {"iam:PassRole", "ec2:*"}, {"iam:PutUserPolicy"}, {"iam:AddUserToGroup"}, {"iam:UpdateAssumeRolePolicy"}}
	for i := range 5000 {
		account := fmt.Sprintf("%012d", 100_000_000_000+i%50)
		statements := []any{}
		for range 10 {
			service := []string{"s3", "sqs", "ec2", "logs", "dynamodb", "iam"}[r.IntN(6)]
			statements = append(statements, allow("arn:aws:"+service+":*:*:thing-"+fmt.Sprint(r.IntN(50))+"/*", service+":Get*", service+":List*", service+":Describe*"))
		}
		switch {
		case i%50 == i/50%50 && i%50 == 7 || r.IntN(50) == 0:
			statements = append(statements, allow("*", "*"))
		case r.IntN(100) < share:
			resource := "*"
			if r.IntN(2) == 0 {
				resource = "arn:aws:iam::" + account + ":*/p-" + fmt.Sprint(r.IntN(5000)) + "*"
			}
			statements = append(statements, allow(resource, risky[r.IntN(len(risky))]...))
		}
		p := map[string]any{"Policies": []any{map[string]any{"PolicyName": "own", "PolicyDocument": doc(statements...)}}}
		e := &evidence.Resource{Type: typeUser, ID: fmt.Sprint("p-", i), ARN: fmt.Sprintf("arn:aws:iam::%s:user/p-%d", account, i), Account: account, Properties: p}
		if i%3 > 0 {
			e.Type, e.ARN = typeRole, fmt.Sprintf("arn:aws:iam::%s:role/p-%d", account, i)
			trusted := any(map[string]any{"Service": []any{"lambda.amazonaws.com", "ec2.amazonaws.com"}})
			if i%2 == 0 {
				trusted = map[string]any{"AWS": account}
			}
			p["AssumeRolePolicyDocument"] = doc(map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
		}
		list = append(list, e)
	}
	return access.Evidence{Alone: true, Resources: func(yield func(*evidence.Resource, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}}
}

func BenchmarkReport(b *testing.B) {
	all := techniques(b)
	for _, share := range []int{5, 50} {
		b.Run(fmt.Sprintf("risky=%d%%", share), func(b *testing.B) {
			from := benchWorld(share)
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				w, err := Load(from, all)
				if err != nil {
					b.Fatal(err)
				}
				report, err := w.Report(GoalAdministrator, "")
				if err != nil {
					b.Fatal(err)
				}
				found = len(report.Paths)
			}
			b.ReportMetric(float64(found), "paths")
		})
	}
}

// BenchmarkStory is one principal's path with the edit that breaks it, once the
// world is loaded.
func BenchmarkStory(b *testing.B) {
	w, err := Load(benchWorld(50), techniques(b))
	if err != nil {
		b.Fatal(err)
	}
	all, err := w.Report(GoalAdministrator, "")
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		if _, err := w.Report(GoalAdministrator, all.Paths[i%len(all.Paths)].Principal); err != nil {
			b.Fatal(err)
		}
		i += 7
	}
}
