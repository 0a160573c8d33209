package aws

import (
	"context"
	"slices"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"holdfast.dev/holdfast/internal/evidence"
)

// DefaultRole is the role that a run over an organisation assumes in each account.
const DefaultRole = "HoldfastAudit"

// Options say what to visit. The zero Options, with collectors, visit the
// account of the default credentials in all its enabled Regions.
type Options struct {
	Collectors []Collector // those to run; see Select

	Profile     string   // shared configuration profile; "" is the default chain
	Region      string   // where global services are asked; "" is the profile's, else us-east-1
	Endpoint    string   // one endpoint for all services; AWS_ENDPOINT_URL… work as well
	Org         bool     // every live account of the organisation
	RoleName    string   // "" is DefaultRole
	ExternalID  string   // handed over with AssumeRole
	SessionName string   // "" is "holdfast"
	Accounts    []string // only these; without Org they are entered by the role
	Regions     []string // only these, as far as they are enabled

	// ListRegions is asked where account:ListRegions is denied.
	ListRegions func(context.Context, sdk.Config) ([]Region, error)
}

func (o Options) wants(account string) bool {
	return len(o.Accounts) == 0 || slices.Contains(o.Accounts, account)
}

// typesOf lists what the collectors of these scopes would have emitted.
func (o Options) typesOf(scopes ...Scope) []string {
	var out []string
	for _, c := range o.Collectors {
		if slices.Contains(scopes, c.Scope) {
			out = append(out, c.Types...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// gap is one that belongs to a whole account.
func (o Options) gap(account, service, operation string, err error, scopes ...Scope) evidence.Gap {
	reason, detail := Classify(err)
	return evidence.Gap{
		Account: account, Region: evidence.Global, Service: iamPrefix(service), Operation: operation,
		Types: o.typesOf(scopes...), Reason: reason, Detail: detail,
	}
}
