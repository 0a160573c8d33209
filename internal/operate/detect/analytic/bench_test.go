package analytic

import (
	"fmt"
	"testing"
	"time"
)

// benchStream is half an hour of each of some days of a busy estate: two hundred
// principals that each do the same twenty-five things as ever, by three programs in
// three Regions.
func benchStream(days int) (all []*Activity) {
	services := []string{"ec2", "s3", "iam", "lambda", "kms"}
	agents := []string{"aws-cli/2.17.0 md/awscrt#0.20.11 ua/2.0 os/linux#6.1 md/arch#x86_64 lang/python#3.11.8", "Boto3/1.34.1 md/Botocore#1.34.1 ua/2.0 os/linux#5.10", "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io)"}
	for d := range days {
		for i := range 20_000 {
			who, what := i%200, i/200*7%25
			a := call(i, start.Add(time.Duration(d)*day+time.Duration(i)*100*time.Millisecond), services[what%5], fmt.Sprintf("DescribeThing%d", what))
			a.Principal = fmt.Sprintf("arn:aws:iam::%012d:role/some-longer-name-of-a-role-%d", who%7, who)
			a.Account, a.OwnAccount = fmt.Sprintf("%012d", who%7), fmt.Sprintf("%012d", who%7)
			a.ReadOnly = what%3 != 0
			a.UserAgent, a.Region = agents[who%3], []string{"eu-west-1", "us-east-1", "eu-central-1"}[what%3]
			a.SourceIP = fmt.Sprintf("198.51.100.%d", who)
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

// BenchmarkAll is what an event costs with all engines of the catalogue: asked, and
// taken by those that want it.
func BenchmarkAll(b *testing.B) {
	stream := benchStream(2)
	before, today := stream[:len(stream)/2], stream[len(stream)/2:]
	var all []Analytic
	for _, x := range normal {
		a := made(b, x.engine, ExampleWorld(), x.params)
		see(a, before...)
		see(a, today...)
		all = append(all, a)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		x := today[i%len(today)]
		x.facts = facts{}
		for _, a := range all {
			if a.Wants(x) {
				a.Observe(x, func(Signal) {})
			}
		}
		i++
	}
}
