package analytic

import (
	"fmt"
	"testing"
	"time"
)

// benchStream is what a busy day looks like to an engine: two hundred principals that
// do the same two hundred things as ever, by three programs in three Regions.
func benchStream(days int) (all []*Activity) {
	services := []string{"ec2", "s3", "iam", "lambda", "kms"}
	agents := []string{"aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11.8", "Boto3/1.34.1 md/Botocore#1.34.1 ua/2.0 os/linux#5.10", "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io)"}
	for d := range days {
		for i := range 4_000 {
			a := call(i, start.Add(time.Duration(d)*day+time.Duration(i)*10*time.Second), services[i%5], fmt.Sprintf("DescribeThing%d", i/5%40))
			a.Principal = fmt.Sprintf("arn:aws:iam::%012d:role/some-longer-name-of-a-role-%d", i%7, i%200)
			a.Account, a.OwnAccount = fmt.Sprintf("%012d", i%7), fmt.Sprintf("%012d", i%7)
			a.ReadOnly = i%3 != 0
			a.UserAgent, a.Region = agents[i%3], []string{"eu-west-1", "us-east-1", "eu-central-1"}[i/3%3]
			a.SourceIP = fmt.Sprintf("198.51.100.%d", i%200)
			all = append(all, a)
		}
	}
	return all
}

// BenchmarkKnown is what an event costs that is as ever: a day that follows on a day
// with the same.
func BenchmarkKnown(b *testing.B) {
	stream := benchStream(2)
	before, today := stream[:len(stream)/2], stream[len(stream)/2:]
	for _, engine := range Engines() {
		e, _ := Describe(engine)
		params := needed(e)
		if engine == "first-seen" {
			params["of"] = "user-agent"
		}
		b.Run(engine, func(b *testing.B) {
			a := made(b, engine, ExampleWorld(), params)
			see(a, before...)
			see(a, today...)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				x := today[i%len(today)]
				x.facts = facts{}
				if a.Wants(x) {
					a.Observe(x, func(Signal) {})
				}
				i++
			}
		})
	}
}

// BenchmarkFlood is what an event of a principal costs that was never seen, when
// memory is full.
func BenchmarkFlood(b *testing.B) {
	for _, engine := range []string{"rarity", "first-seen", "recon-burst"} {
		e, _ := Describe(engine)
		b.Run(engine, func(b *testing.B) {
			a := made(b, engine, World{}, needed(e))
			x := call(1, start, "ec2", "DescribeInstances", reading)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				x.Principal = fmt.Sprintf("arn:aws:iam::111122223333:user/u%d", i)
				if a.Wants(x) {
					a.Observe(x, func(Signal) {})
				}
				i++
			}
		})
	}
}

// BenchmarkSave is what it costs to write down all that a full engine knows.
func BenchmarkSave(b *testing.B) {
	a := made(b, "rarity", World{}, nil)
	for i := range 20_000 {
		for j := range 10 {
			see(a, call(i, start.Add(time.Duration(j)*time.Hour), "ec2", fmt.Sprintf("DescribeThing%d", j), by(fmt.Sprintf("u%d", i))))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		state, err := a.Save()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(state)))
	}
}
