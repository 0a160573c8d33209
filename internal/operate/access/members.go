package access

import "slices"

// Members are the accounts of an organisation, sorted. All of them are known
// where the organisation itself was collected, since its list of accounts is read
// as a whole; otherwise nothing is said of accounts that are not among them.
func (e *Estate) Members(org string) (accounts []string, all bool) {
	if org == "" {
		return nil, false
	}
	for id, n := range e.org.nodes {
		if n.account && e.membership(id).org == org {
			accounts = append(accounts, id)
		}
	}
	slices.Sort(accounts)
	for _, o := range e.org.orgs {
		if o.id == org {
			return accounts, slices.Contains(accounts, o.management)
		}
	}
	return accounts, false
}
