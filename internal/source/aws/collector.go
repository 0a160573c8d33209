// Package aws reads live accounts, or saved answers of their APIs, into
// evidence. It is the machinery: which accounts and Regions to visit, how fast
// to ask, what may be asked at all, what becomes of a refusal, and how a run
// that was stopped goes on. What to ask and how to shape the answer stands in
// the collectors, package collect, which imports this one.
//
// Three promises hold for every collector, because they are kept here and not
// there: nothing but an operation on the allow-list leaves the process; what
// could not be read becomes a Gap and never an absence; and one account, Region
// or API that fails takes nothing else down.
package aws

import (
	"context"
	"slices"
	"strings"
)

// Scope says how often a collector runs.
type Scope int

const (
	// Regional collectors run once per account and enabled Region.
	Regional Scope = iota
	// GlobalScope collectors run once per account.
	GlobalScope
	// OrgWide collectors run once, in the management or a delegated account.
	OrgWide
)

// Collector asks one part of AWS and emits what it finds.
type Collector struct {
	Name    string // unique: "iam", "ec2-network"
	Service string // the service of most of its calls, as ServiceOf spells it
	Scope   Scope

	Types      []string // every resource type it emits
	Actions    []string // IAM actions it needs, for the printed policy
	Operations []string // service.Operation it may put on the wire: "iam.ListUsers"

	// Optional collectors run only for those who name them, or one of their
	// types: they make many calls for what few need.
	Optional bool

	// Collect emits resources and gaps. It returns an error only for what ends
	// the whole unit; an error of one call is usually a Gap and the work goes on.
	Collect func(ctx context.Context, s *Session) error
}

// Unit is one run of one collector: the grain in which results are handed over
// and progress is journalled.
type Unit struct {
	Account   string
	Region    string // evidence.Global for all but Regional collectors
	Collector string
	Scope     Scope
}

// Discovery is the unit that only tells whether an account could be entered.
const Discovery = "discovery"

// String is the unit's key in a journal.
func (u Unit) String() string { return u.Account + "/" + u.Region + "/" + u.Collector }

// Select keeps the collectors of the named services (by collector name, service
// or IAM prefix) and types. Empty lists select everything but what is optional.
func Select(all []Collector, services, types []string) []Collector {
	var out []Collector
	for _, c := range all {
		if len(services) > 0 && !c.named(services) {
			continue
		}
		typed := slices.ContainsFunc(c.Types, func(t string) bool { return slices.Contains(types, t) })
		if len(types) > 0 && !typed {
			continue
		}
		if c.Optional && !typed && !slices.Contains(services, c.Name) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// Unnamed are the names among services that select no collector.
func Unnamed(all []Collector, services []string) []string {
	var out []string
	for _, name := range services {
		if !slices.ContainsFunc(all, func(c Collector) bool { return c.named([]string{name}) }) {
			out = append(out, name)
		}
	}
	return out
}

// Services are the names of all services that the collectors ask, sorted.
func Services(all []Collector) []string {
	var out []string
	for _, c := range all {
		out = append(out, iamPrefix(c.Service))
	}
	return slices.Compact(slices.Sorted(slices.Values(out)))
}

func (c Collector) named(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return n == c.Name || n == c.Service || n == iamPrefix(c.Service)
	})
}

// ServiceOf is how this package spells an SDK service id: lower case without
// spaces, which is also the name of the SDK's Go package.
func ServiceOf(serviceID string) string {
	return strings.ReplaceAll(strings.ToLower(serviceID), " ", "")
}

// spelling lists services whose names differ between the SDK, IAM and the CLI.
var spelling = map[string]struct{ iam, cli string }{
	"accessanalyzer":         {"access-analyzer", "accessanalyzer"},
	"cloudcontrol":           {"cloudformation", "cloudcontrol"},
	"cloudwatchlogs":         {"logs", "logs"},
	"configservice":          {"config", "configservice"},
	"efs":                    {"elasticfilesystem", "efs"},
	"elasticloadbalancing":   {"elasticloadbalancing", "elb"},
	"elasticloadbalancingv2": {"elasticloadbalancing", "elbv2"},
	"opensearch":             {"es", "opensearch"},
	"s3":                     {"s3", "s3api"},
	"s3control":              {"s3", "s3control"},
}

// iamPrefix is the service's name in an IAM action.
func iamPrefix(service string) string {
	if s, ok := spelling[service]; ok {
		return s.iam
	}
	return service
}

// cliName is the service's name on the AWS CLI.
func cliName(service string) string {
	if s, ok := spelling[service]; ok {
		return s.cli
	}
	return service
}
