package digest

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"
)

const stamp = "20060102T150405Z"

// Name is what the key of a digest says:
// [prefix/]AWSLogs/[o-…/]<account>/CloudTrail-Digest/<region>/YYYY/MM/DD/
// <account>_CloudTrail-Digest_<region>_<trail>_<home>_<time>[_backfill].json.gz
type Name struct {
	Organization string // empty outside of organisation trails
	Account      string
	Region       string // of the events
	Trail        string
	Home         string // Region of the trail
	At           time.Time
	Backfill     bool
}

// ParseName reads the key of a digest. The last part counts: a digest that was moved
// into another folder is still taken for one, and refused for its place.
func ParseName(key string) (Name, bool) {
	var n Name
	base, ok := strings.CutSuffix(path.Base(key), ".json.gz")
	if !ok {
		return n, false
	}
	base, n.Backfill = strings.CutSuffix(base, "_backfill")
	parts := strings.Split(base, "_")
	// The name of a trail may have underscores itself.
	if len(parts) < 6 || !isAccount(parts[0]) || parts[1] != "CloudTrail-Digest" {
		return n, false
	}
	last := len(parts) - 1
	n.Account, n.Region, n.Trail, n.Home = parts[0], parts[2], strings.Join(parts[3:last-1], "_"), parts[last-1]
	var err error
	n.At, err = time.Parse(stamp, parts[last])
	if err != nil || n.At.IsZero() || n.Region == "" || n.Home == "" || n.Trail == "" {
		return n, false
	}
	n.Organization = organization(key)
	return n, true
}

// organization reads the id out of AWSLogs/o-…/<account>/.
func organization(key string) string {
	parts := strings.Split(key, "/")
	for i := len(parts) - 3; i >= 0; i-- {
		if parts[i] == "AWSLogs" && strings.HasPrefix(parts[i+1], "o-") && isAccount(parts[i+2]) {
			return parts[i+1]
		}
	}
	return ""
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// logName is what the key of a log file of CloudTrail says. Insights lie elsewhere.
type logName struct {
	organization, account, region string
	at                            time.Time
}

// parseLogName reads .../<account>/CloudTrail/<region>/YYYY/MM/DD/<account>_CloudTrail_<region>_<time>_<id>.json.gz.
func parseLogName(key string) (logName, bool) {
	var n logName
	folders := strings.Split(key, "/")
	parts := strings.Split(folders[len(folders)-1], "_")
	if len(parts) < 5 || !isAccount(parts[0]) || parts[1] != "CloudTrail" || !slices.Contains(folders, "CloudTrail") {
		return n, false
	}
	at, err := time.Parse("20060102T1504Z", parts[3])
	if err != nil {
		return n, false
	}
	return logName{organization(key), parts[0], parts[2], at}, true
}

// Chain is the digests of one trail for one account and Region. Backfill digests,
// which CloudTrail makes later for what it had missed, are chains of their own.
type Chain struct {
	Account, Region string
	Trail, Home     string
	Backfill        bool
	// Stray chains are no chains: objects among digests that are not named as such.
	Stray bool
	// Listed are the digests that lie there, oldest first.
	Listed []Listed
}

// Listed is a digest in a listing.
type Listed struct {
	Location
	At time.Time // as its name says
}

type chainKey struct {
	account, region, trail, home string
	backfill, stray              bool
}

// Chains sorts what lies there into chains. A chain may go on in another bucket or
// below another prefix: that is where a trail was moved to.
type Chains struct {
	Filter Filter
	found  map[chainKey]*Chain
}

// Add takes one key, and tells whether it is one of a digest that was asked for.
func (c *Chains) Add(l Location) bool {
	n, ok := ParseName(l.Key)
	stray := !ok && isStray(l.Key)
	if !ok && !stray || !c.Filter.wants(n, stray) {
		return false
	}
	if c.found == nil {
		c.found = map[chainKey]*Chain{}
	}
	k := chainKey{n.Account, n.Region, n.Trail, n.Home, n.Backfill, stray}
	chain := c.found[k]
	if stray {
		k = chainKey{stray: true}
		n = Name{}
		chain = c.found[k]
	}
	if chain == nil {
		chain = &Chain{Account: n.Account, Region: n.Region, Trail: n.Trail, Home: n.Home, Backfill: n.Backfill, Stray: stray}
		c.found[k] = chain
	}
	chain.Listed = append(chain.Listed, Listed{l, n.At})
	return true
}

// isStray tells whether an object lies among digests. What S3 shows as a folder is an
// object too, and machines leave files with a dot in mirrors.
func isStray(key string) bool {
	return strings.Contains(key, "/CloudTrail-Digest/") && !strings.HasSuffix(key, "/") && !strings.HasPrefix(path.Base(key), ".")
}

// All are the chains in a lasting order.
func (c *Chains) All() []*Chain {
	var out []*Chain
	for _, chain := range c.found {
		slices.SortFunc(chain.Listed, func(a, b Listed) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key))
		})
		out = append(out, chain)
	}
	rank := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b *Chain) int {
		return cmp.Or(rank(a.Stray)-rank(b.Stray), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region),
			cmp.Compare(a.Trail, b.Trail), cmp.Compare(a.Home, b.Home), rank(a.Backfill)-rank(b.Backfill))
	})
	return out
}

// Filter says whose digests are verified. Empty fields are open.
type Filter struct {
	Trail, Home  string // of the trail's ARN
	Owner        string // account of the trail's ARN; members of organisations have others
	Organization string
	Account      string
	Region       string
	Window
}

func (f Filter) wants(n Name, stray bool) bool {
	if stray {
		return f.Trail == "" && f.Organization == "" && f.Account == "" && f.Region == ""
	}
	if f.Trail != "" && (n.Trail != f.Trail || n.Home != f.Home) {
		return false
	}
	// Without an organisation in the key the account is that of the trail, unless the
	// caller names another.
	if f.Owner != "" && f.Account == "" && n.Organization == "" && n.Account != f.Owner {
		return false
	}
	return f.place(n.Organization, n.Account, n.Region) &&
		(f.Start.IsZero() || !n.At.Before(f.Start)) &&
		(f.End.IsZero() || !n.At.After(f.End.Add(time.Hour)))
}

// place tells whether an account and a Region were asked for.
func (f Filter) place(organization, account, region string) bool {
	return (f.Organization == "" || organization == f.Organization) &&
		(f.Account == "" || account == f.Account) && (f.Region == "" || region == f.Region)
}
