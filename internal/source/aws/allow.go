package aws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// discovery are the operations the machinery itself asks, on top of those of
// the collectors.
var discovery = []string{
	"sts.GetCallerIdentity", "sts.AssumeRole",
	"organizations.DescribeOrganization", "organizations.ListAccounts",
	"account.ListRegions", "ec2.DescribeRegions",
}

// RefusedError is a call that the allow-list stopped before it left the process.
type RefusedError struct{ Service, Operation string }

func (e *RefusedError) Error() string {
	if e.Operation == "" {
		return "refused: a request without an operation name is not on the allow-list of reads"
	}
	return fmt.Sprintf("refused: %s.%s is not on the allow-list of reads", e.Service, e.Operation)
}

// CanceledError keeps the SDK's retryer from trying again.
func (e *RefusedError) CanceledError() bool { return true }

// Allowed lists every operation that these collectors and the machinery may
// put on the wire, sorted.
func Allowed(collectors []Collector) []string {
	return slices.Sorted(maps.Keys(allowed(collectors)))
}

func allowed(collectors []Collector) map[string]bool {
	set := map[string]bool{}
	for _, op := range discovery {
		set[op] = true
	}
	for _, c := range collectors {
		for _, op := range c.Operations {
			set[op] = true
		}
	}
	return set
}

// guard is the HTTP client of every service client. The SDK leaves service and
// operation in the request's context; a collector that passed Call by would
// still come through here.
type guard struct {
	allowed map[string]bool
	next    sdk.HTTPClient
}

func (g *guard) Do(r *http.Request) (*http.Response, error) {
	service, operation := ServiceOf(awsmiddleware.GetServiceID(r.Context())), awsmiddleware.GetOperationName(r.Context())
	if !g.allowed[service+"."+operation] {
		return nil, &RefusedError{service, operation}
	}
	return g.next.Do(r)
}
