package escalate

import (
	"cmp"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/kleene"
)

// Scene is what there is in an estate.
type Scene struct {
	Principals []Principal
	Groups     []Group
	Holders    []Holder
	// Listed are the types of holders that were looked for in an account, by type
	// and account. Of others there may be some that are not among Holders.
	Listed map[string]map[string]bool
}

// Principal is a user or role.
type Principal struct {
	ARN     string
	Account string
	User    bool
	// Groups are the ARNs of those a user is in.
	Groups []string
	// Policies are the ARNs of the customer managed policies that it has, also
	// through groups.
	Policies []string
	Bounded  kleene.Value // has a permissions boundary
	// AttachedDenials and InlineDenials tell whether it has policies of its own,
	// not of a group, that deny and allow nothing: they could be taken away.
	AttachedDenials, InlineDenials kleene.Value
	// Keys is how many access keys a user has; -1 where that was not seen.
	Keys            int
	LoginProfile    kleene.Value // a user's: whether it has a password
	MFA             kleene.Value // a user's: whether it has an MFA device
	InstanceProfile kleene.Value // a role's: whether an instance profile has it
	// Service is set for service-linked roles, which nobody but AWS can use.
	Service bool
}

// Group is a group of users.
type Group struct{ ARN, Account string }

// Holder is a resource that runs with a role.
type Holder struct {
	ARN, Type, Account string
	Role               string // ARN
	// Certain is not set where which role it has is only likely.
	Certain bool
}

// Who is a principal in one of its states.
type Who struct {
	// Principal is its index in the scene; -1 is an administrator who comes into
	// being (see Administrator).
	Principal int
	// Raised: its identity policies allow whatever it likes.
	Raised bool
	// Unbounded: it has no permissions boundary any more.
	Unbounded bool
	// Detached and Erased: its own policies that only deny are gone, the managed
	// ones and the inline ones.
	Detached, Erased bool
	// Joined is the ARN of one group it is in besides its own.
	Joined string
}

// Administrator is the administrator that some techniques make out of nobody.
var Administrator = Who{Principal: -1}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// ask tells whether a principal meets a condition of a technique.
func (p *Principal) ask(condition string) kleene.Value {
	switch condition {
	case "no-login-profile":
		return p.LoginProfile.Not()
	case "login-profile":
		return p.LoginProfile
	case "no-mfa":
		return p.MFA.Not()
	case "key-to-spare":
		return keys(p.Keys, func(n int) bool { return n < maxKeys })
	case "two-keys":
		return keys(p.Keys, func(n int) bool { return n >= maxKeys })
	case "bounded":
		return p.Bounded
	case "attached-denials":
		return p.AttachedDenials
	case "inline-denials":
		return p.InlineDenials
	case "instance-profile":
		return p.InstanceProfile
	}
	return kleene.Unknown
}

// maxKeys is how many access keys a user can have.
const maxKeys = 2

func keys(n int, ok func(int) bool) kleene.Value {
	if n < 0 {
		return kleene.Unknown
	}
	return kleene.Of(ok(n))
}

// unseenCondition says what was not seen where a condition is open.
func unseenCondition(condition string) string {
	switch condition {
	case "no-login-profile", "login-profile":
		return "whether the user has a password was not seen"
	case "no-mfa":
		return "whether the user has an MFA device was not seen"
	case "key-to-spare", "two-keys":
		return "how many access keys the user has was not seen"
	case "bounded":
		return "whether there is a permissions boundary was not seen"
	case "attached-denials", "inline-denials":
		return "whether it has policies that only deny was not seen"
	}
	return "whether the role has an instance profile was not seen"
}

// sort puts the scene in the order that the search relies on to be deterministic.
func (s *Scene) sort() {
	slices.SortFunc(s.Groups, func(a, b Group) int { return strings.Compare(a.ARN, b.ARN) })
	slices.SortFunc(s.Holders, func(a, b Holder) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.ARN, b.ARN), strings.Compare(a.Role, b.Role))
	})
}
