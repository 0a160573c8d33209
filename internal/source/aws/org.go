package aws

import (
	"slices"
	"sync"
)

// Org is what a run knows about the organisation beyond one account. The zero
// Org is a run over stand-alone accounts. The organisation's collector, which
// runs first, tells it the facts of each account; the account's own collector
// reads them. It is safe for concurrent use.
type Org struct {
	ID         string
	Management string // account id

	mu      sync.Mutex
	visited []string
	facts   map[string]AccountFacts
}

// AccountFacts are what only the organisation can tell about an account.
type AccountFacts struct {
	ARN        string
	Tags       map[string]string
	Properties map[string]any // of Holdfast::Account
}

// Region is a Region as the account sees it.
type Region struct{ Name, OptStatus string }

// Visits tells whether this run collects the account itself.
func (o *Org) Visits(account string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Contains(o.visited, account)
}

// SetFacts keeps what the organisation told about an account.
func (o *Org) SetFacts(account string, f AccountFacts) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.facts == nil {
		o.facts = map[string]AccountFacts{}
	}
	o.facts[account] = f
}

// Facts is what the organisation told about an account, if it did.
func (o *Org) Facts(account string) (AccountFacts, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, ok := o.facts[account]
	return f, ok
}
