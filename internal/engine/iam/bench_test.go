package iam

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkDecide measures one decision on one core, for policies of one, 20 and
// 200 statements of the service in question.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 20, 200} {
		b.Run(fmt.Sprintf("statements=%d", n), func(b *testing.B) {
			var statements []string
			for i := range n - 1 {
				statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":["s3:PutObject","s3:DeleteObject"],"Resource":"arn:aws:s3:::bucket-%d/*"}`, i))
			}
			statements = append(statements, `{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"],"Condition":{"Bool":{"aws:SecureTransport":"true"}}}`)
			p := Policies{Identity: *one(b, strings.Join(statements, ","))}
			decideAll(b, []Request{*ask(b, alice, "s3:GetObject", "arn:aws:s3:::data/2026/11/part-0.parquet", map[string][]string{"aws:SecureTransport": {"true"}})}, []*Policies{&p})
		})
	}
}

// BenchmarkOtherServices shows that statements which name other services cost
// nothing.
func BenchmarkOtherServices(b *testing.B) {
	for _, n := range []int{0, 20, 200, 2000} {
		b.Run(fmt.Sprintf("others=%d", n), func(b *testing.B) {
			statements := []string{`{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::data/*"}`}
			services := []string{"ec2", "sqs", "sns", "lambda", "dynamodb", "kms", "logs", "rds", "ecs", "glue"}
			for i := range n {
				statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":["%s:Get*","%s:Describe*"],"Resource":"arn:aws:%s:*:111122223333:thing-%d/*"}`,
					services[i%10], services[i%10], services[i%10], i))
			}
			p := Policies{Identity: *one(b, strings.Join(statements, ","))}
			decideAll(b, []Request{*ask(b, alice, "s3:GetObject", "arn:aws:s3:::data/k", nil)}, []*Policies{&p})
		})
	}
}

// decideAll decides each request once an iteration, and reports decisions.
func decideAll(b *testing.B, requests []Request, policies []*Policies) {
	b.ReportAllocs()
	before := cpuTime()
	for b.Loop() {
		for i := range requests {
			sink = Decide(&requests[i], policies[i])
		}
	}
	b.ReportMetric(float64(b.N*len(requests))/b.Elapsed().Seconds(), "decisions/s")
	if spent := cpuTime() - before; spent > 0 {
		b.ReportMetric(float64(b.N*len(requests))/spent.Seconds(), "decisions/cpu-s")
	}
}

var sink Outcome

// BenchmarkAdversarial decides under a policy of 10,000 characters that is all
// wildcards, made to be slow.
func BenchmarkAdversarial(b *testing.B) {
	for _, piece := range []string{"a*", "?*a?", "*a?b", "*aaaaaaaab"} {
		b.Run(piece, func(b *testing.B) {
			resource := "arn:aws:s3:::" + strings.Repeat(piece, 9_900/len(piece))
			p := Policies{Identity: *one(b, `{"Effect":"Allow","Action":"s3:*","Resource":"`+resource+`"}`)}
			decideAll(b, []Request{*ask(b, alice, "s3:GetObject", "arn:aws:s3:::"+strings.Repeat("a", 2000), nil)}, []*Policies{&p})
		})
	}
	b.Run("action", func(b *testing.B) {
		p := Policies{Identity: *one(b, `{"Effect":"Allow","Action":"s3:`+strings.Repeat("*e?t", 2_400)+`","Resource":"*"}`)}
		decideAll(b, []Request{*ask(b, alice, "s3:"+strings.Repeat("et", 60), "*", nil)}, []*Policies{&p})
	})
	b.Run("many", func(b *testing.B) {
		var resources []string
		for i := range 100 {
			resources = append(resources, `"arn:aws:s3:::*`+strings.Repeat("?a", 40)+fmt.Sprintf("%02d", i)+`*"`)
		}
		p := Policies{Identity: *one(b, `{"Effect":"Allow","Action":"s3:*","Resource":[`+strings.Join(resources, ",")+`]}`)}
		decideAll(b, []Request{*ask(b, alice, "s3:GetObject", "arn:aws:s3:::"+strings.Repeat("a", 2000), nil)}, []*Policies{&p})
	})
}
