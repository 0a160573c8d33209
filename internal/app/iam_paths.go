package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/evidence"
	"holdfast.dev/holdfast/internal/operate/access"
	"holdfast.dev/holdfast/internal/operate/access/paths"
)

// Paths reads who may do what, ready to be searched for ways to more.
func (a *App) Paths(ctx context.Context, o AccessOptions) (*paths.World, error) {
	techniques, err := paths.Techniques(catalog.Files, "escalations")
	if err != nil {
		return nil, err
	}
	var from access.Evidence
	if len(o.Files) > 0 {
		from, err = accessFiles(ctx, o)
	} else if from, err = accessStore(ctx, o); err == nil {
		from.Resources = decoded(ctx, o.Store, o.AsOf, paths.Types(techniques))
	}
	if err != nil {
		return nil, err
	}
	from.Alone = o.Alone
	return paths.Load(from, techniques)
}

// maxPolicyFile is far beyond any policy that AWS takes.
const maxPolicyFile = 1 << 20

// PolicyPaths tells which ways to more permissions one identity policy opens by
// itself.
func PolicyPaths(file string) (*paths.PolicyReport, error) {
	techniques, err := paths.Techniques(catalog.Files, "escalations")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, Usage(fmt.Errorf("cannot read %s: %w", file, errors.Unwrap(err)))
	}
	if len(data) > maxPolicyFile {
		return nil, Usage(fmt.Errorf("%s has %d bytes; a policy of AWS has a few thousand", file, len(data)))
	}
	data = unwrapInPlace(data)
	// Mistakes that AWS would refuse would make the answer about another policy.
	if _, problems := policy.Parse(data); problems.Err() != nil {
		return nil, Usage(fmt.Errorf("%s: %w; `holdfast iam lint %s` says more", file, problems.Err(), file))
	}
	var decoder evidence.Decoder
	document, err := decoder.DecodeObject(data)
	if err != nil {
		return nil, Usage(fmt.Errorf("%s: %w", file, err))
	}
	return paths.ReportPolicy(document, techniques)
}
