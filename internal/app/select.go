package app

import (
	"fmt"
	"strings"

	"holdfast.dev/holdfast/internal/source/aws"
)

// Select chooses the collectors for services and types; no list means all. Types
// that have no collector of their own come through the generic one. What matches
// nothing is refused by name: it would be missed in silence.
func (a *App) Select(services, types []string) ([]aws.Collector, error) {
	for _, name := range services {
		if len(aws.Select(a.Collectors, []string{name}, nil)) == 0 {
			return nil, Usage(fmt.Errorf("--services: nothing collects %q; services are named as in IAM actions, such as s3 or kms", name))
		}
	}
	collectors := aws.Select(a.Collectors, services, types)
	missing := uncollected(collectors, types)
	for _, t := range missing {
		if !strings.HasPrefix(t, "AWS::") {
			return nil, Usage(fmt.Errorf("--types: nothing collects %q; types are named as in CloudFormation, such as AWS::S3::Bucket", t))
		}
	}
	if len(missing) > 0 && a.Generic != nil {
		collectors = append(collectors, a.Generic(missing)...)
	}
	if len(collectors) == 0 {
		return nil, Usage(fmt.Errorf("no collector reads %s in %s", strings.Join(types, ", "), strings.Join(services, ", ")))
	}
	return collectors, nil
}
