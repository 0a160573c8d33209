// Package unused tells what of an estate nobody uses: roles, users, passwords and
// access keys, and the services and actions that a principal may use and does not.
//
// Everything is judged as of when it was collected, less the four hours by which
// AWS's own records lag: what was not looked at since cannot be called unused
// since. What was not collected is Unknown, never Unused.
//
// Sources: AWS IAM User Guide, "Refine permissions in AWS using last accessed
// information", "Last accessed information for services and actions" and "Getting
// credential reports"; AWS Access Analyzer for the classes of findings.
package unused

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/evidence"
)

// Kind is what is unused.
type Kind string

const (
	Role      Kind = "role"
	User      Kind = "user"
	Password  Kind = "password"
	AccessKey Kind = "access-key"
	Service   Kind = "service" // a service that a principal may use
	Action    Kind = "action"  // actions of a service that it does use
)

// Kinds are all kinds, in the order of reports.
var Kinds = []Kind{Role, User, Password, AccessKey, Service, Action}

// Verdict is what was found.
type Verdict string

const (
	Unused  Verdict = "unused"
	Unknown Verdict = "unknown"
)

// Item is one thing that is unused, or of which it is not known.
type Item struct {
	Kind      Kind    `json:"kind"`
	Verdict   Verdict `json:"verdict"`
	Account   string  `json:"account"`
	Principal string  `json:"principal,omitempty"` // ARN of the role or user that has it; empty where not even that was seen
	What      string  `json:"what,omitempty"`      // key 1, s3; empty of roles, users and passwords
	// Actions are the names, of an Action item, of Granted in the same service.
	Actions []string `json:"actions,omitempty"`
	Granted int      `json:"granted,omitempty"`
	// LastUsed is zero where no use is known.
	LastUsed time.Time `json:"last_used,omitzero"`
	// Since is from when on there was no use: the last one, or when it was made, or
	// as far back as AWS keeps track.
	Since  time.Time `json:"since,omitzero"`
	Reason string    `json:"reason"`
}

// Class is why a principal is not judged like others.
type Class string

const (
	BreakGlass     Class = "break-glass"     // kept for emergencies, so that it rests is as it should be
	ServiceLinked  Class = "service-linked"  // made and deleted by AWS services
	IdentityCenter Class = "identity-center" // comes and goes with assignments in IAM Identity Center
	Young          Class = "young"           // made within the time that is asked about
	Exempt         Class = "exempt"          // named by the caller
)

// Exclusion is a principal that is not judged like others.
type Exclusion struct {
	Principal string    `json:"principal"`
	Account   string    `json:"account"`
	Class     Class     `json:"class"`
	LastUsed  time.Time `json:"last_used,omitzero"`
	// Idle is set where it would be unused were it not excluded.
	Idle bool `json:"idle"`
}

// Report is what was found. Items are sorted by principal, then kind and what.
type Report struct {
	At       time.Time    `json:"at"`
	Days     int          `json:"days"`
	Items    []Item       `json:"items"`
	Excluded []Exclusion  `json:"excluded"`
	Judged   map[Kind]int `json:"judged"` // how many of each kind there is a verdict on
}

// Tag marks principals that are kept for emergencies. The key's letter case does
// not count; no value means any but "false" and "no".
type Tag struct{ Key, Value string }

// BreakGlassTags are the tags that are looked for unless the caller says others.
var BreakGlassTags = []Tag{{Key: "break-glass"}, {Key: "breakglass"}, {Key: "emergency-access"}}

// Options say how to judge.
type Options struct {
	Days       int                   // without use: 90 where 0
	BreakGlass []Tag                 // nil: BreakGlassTags
	Exempt     func(arn string) bool // principals to leave alone; may be nil
	Kinds      []Kind                // none: all
}

// DefaultDays is how long rest is called disuse unless the caller says otherwise,
// MaxDays the longest that can be asked about: how far back AWS keeps track.
const (
	DefaultDays = 90
	MaxDays     = 400
)

const (
	day = 24 * time.Hour
	// lag is how late AWS's records of use are at most, usually.
	lag = 4 * time.Hour
	// tracked is how far back AWS keeps track of what roles, services and actions
	// are used.
	tracked = MaxDays * day
)

// Evidence is what is judged.
type Evidence struct {
	// Resources are those of Types, in any order.
	Resources iter.Seq2[*evidence.Resource, error]
	Gaps      []evidence.Gap
	// Accounts are those that were collected.
	Accounts []string
	// Seen is when a type was last listed whole in an account, zero where it never
	// was; nil: when the resource was observed.
	Seen func(account, typ string) time.Time
	// Identity are the identity policies of a principal, which tell what actions it
	// may do; nil: only services are judged.
	Identity func(arn string) (iam.Set, bool)
	// Uses are those that CloudTrail knows of; may be nil.
	Uses *Uses
}

const (
	typeRole         = "AWS::IAM::Role"
	typeUser         = "AWS::IAM::User"
	typeCredentials  = "Holdfast::IAM::Credentials"
	typeLastAccessed = "Holdfast::IAM::LastAccessed"
)

// Types are the resource types that Find reads.
func Types() []string { return []string{typeRole, typeUser, typeCredentials, typeLastAccessed} }

// Find judges the evidence as of an instant, which is that of the snapshot.
func Find(from Evidence, at time.Time, o Options) (*Report, error) {
	o.Days = cmp.Or(o.Days, DefaultDays)
	if o.Days < 1 || o.Days > MaxDays {
		return nil, fmt.Errorf("%d days: give 1 to %d; AWS keeps track no longer", o.Days, MaxDays)
	}
	if o.BreakGlass == nil {
		o.BreakGlass = BreakGlassTags
	}
	f := &finder{from: from, at: at, o: o, report: &Report{At: at, Days: o.Days, Items: []Item{}, Excluded: []Exclusion{}, Judged: map[Kind]int{}}, grants: newGrants()}
	if err := f.read(); err != nil {
		return nil, err
	}
	f.unlisted()
	for _, r := range f.principals {
		f.principal(r)
	}
	for _, r := range f.roots {
		f.credentials(r.ARN, r, f.since(r.Account, typeCredentials, r), nil)
	}
	f.sort()
	return f.report, nil
}

// finder is one judging.
type finder struct {
	from       Evidence
	at         time.Time
	o          Options
	principals []*evidence.Resource
	roots      []*evidence.Resource             // rows of the credential report
	rows       map[[2]string]*evidence.Resource // the others, by account and user name
	accessed   map[string]*evidence.Resource    // by principal
	grants     *grants
	report     *Report
}

func (f *finder) read() error {
	f.rows, f.accessed = map[[2]string]*evidence.Resource{}, map[string]*evidence.Resource{}
	for r, err := range f.from.Resources {
		if err != nil {
			return err
		}
		switch r.Type {
		case typeRole, typeUser:
			f.principals = append(f.principals, r)
		case typeLastAccessed:
			f.accessed[r.ID] = r
		case typeCredentials:
			if root, _ := r.Properties["Root"].(bool); root {
				f.roots = append(f.roots, r)
			} else {
				f.rows[[2]string{r.Account, r.ID}] = r
			}
		}
	}
	return nil
}

// unlisted says where users or roles were not listed at all.
func (f *finder) unlisted() {
	if f.from.Seen == nil {
		return
	}
	for _, account := range f.from.Accounts {
		for _, kind := range []Kind{Role, User} {
			typ := map[Kind]string{Role: typeRole, User: typeUser}[kind]
			if f.from.Seen(account, typ).IsZero() {
				f.add(Item{Kind: kind, Verdict: Unknown, Account: account, Reason: f.gap(account, typ, "", kind.plural()+" were not collected, or not all of them")})
			}
		}
	}
}

// gap is why something was not read, as far as a gap tells it.
func (f *finder) gap(account, typ, id, otherwise string) string {
	for _, g := range f.from.Gaps {
		if g.Account == account && slices.Contains(g.Types, typ) && (g.Resource == "" || g.Resource == id) {
			return fmt.Sprintf("%s: %s:%s %s", otherwise, g.Service, g.Operation, g.Reason)
		}
	}
	return otherwise
}

// since is until when the evidence about a resource reaches.
func (f *finder) since(account, typ string, r *evidence.Resource) time.Time {
	seen := time.Time{}
	if f.from.Seen != nil {
		seen = f.from.Seen(account, typ)
	}
	if r != nil && r.Observed.After(seen) {
		seen = r.Observed
	}
	if seen.IsZero() || seen.After(f.at) {
		seen = f.at
	}
	return seen.Add(-lag)
}

// wants tells whether a kind is asked for.
func (f *finder) wants(k Kind) bool { return len(f.o.Kinds) == 0 || slices.Contains(f.o.Kinds, k) }

func (f *finder) add(i Item) {
	if f.wants(i.Kind) {
		f.report.Items = append(f.report.Items, i)
	}
}

func (f *finder) judged(k Kind) {
	if f.wants(k) {
		f.report.Judged[k]++
	}
}

// idle tells whether there was no use for the time that is asked about.
func (f *finder) idle(since, until time.Time) bool {
	return !until.Before(since.Add(time.Duration(f.o.Days) * day))
}

func (f *finder) sort() {
	slices.SortFunc(f.report.Items, func(a, b Item) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), strings.Compare(a.Principal, b.Principal),
			slices.Index(Kinds, a.Kind)-slices.Index(Kinds, b.Kind), strings.Compare(a.What, b.What), strings.Compare(string(a.Verdict), string(b.Verdict)))
	})
	slices.SortFunc(f.report.Excluded, func(a, b Exclusion) int { return strings.Compare(a.Principal, b.Principal) })
}

func (k Kind) plural() string { return string(k) + "s" }
