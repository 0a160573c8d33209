// Package collect holds the collectors: which operations of which AWS service
// are asked, and how their answers take the shape of evidence. One file per
// service. The machinery (sessions, limits, allow-list, saved answers) is the
// parent package; what may enter here is knowledge about one AWS API.
package collect

import (
	"maps"
	"slices"

	"holdfast.dev/holdfast/internal/source/aws"
)

// All lists every collector.
func All() []aws.Collector {
	return slices.Concat(foundationCollectors(), workloadCollectors())
}

// foundationCollectors are those of the organisation, the account, its
// identities, its buckets and its detective services.
func foundationCollectors() []aws.Collector {
	return []aws.Collector{
		organizationsCollector(), accountCollector(),
		iamCollector(), iamAccountCollector(), iamProvidersCollector(), lastAccessedCollector(),
		s3Collector(), cloudTrailCollector(), configCollector(),
		guardDutyCollector(), securityHubCollector(), inspectorCollector(), macieCollector(),
		accessAnalyzerCollector(), detectiveCollector(),
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
