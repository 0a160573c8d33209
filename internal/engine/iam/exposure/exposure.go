// Package exposure answers who from outside can get in by one resource policy,
// and what posture controls ask of documents besides. It judges by evaluation:
// it makes up the visitor, the request and its circumstances, and asks package
// iam whether they are let in. No pattern of a document counts for itself.
//
// # Public
//
// A policy is public if a stranger may do something by it. A stranger is nobody
// in particular: somebody who does not sign his requests, a principal of an AWS
// account that nobody named, or an AWS service sent by such an account. What
// tells a stranger from a guest is what he cannot choose:
//
//   - whose he is: his account, organisation, unique ids, and the ARNs that lie
//     in his account (aws:PrincipalArn, aws:PrincipalOrgID, aws:SourceArn,
//     kms:CallerAccount, …). They are fresh: no document names them, though a
//     value with wildcards may fit them, and then it does not narrow.
//   - where he is: on the internet, at no address of a network that is narrow
//     (IPv4 /8, IPv6 /32 or longer, as Amazon S3 draws the line), or behind a VPC
//     endpoint of his own account. Addresses inside his VPC he chooses freely.
//   - what he would have to be told: a Lambda event source token.
//
// Everything else he chooses: user agent, referer, prefix, external id, tags of
// his own principal, the name of his user, TLS or not, the time of day. A
// condition on such a key keeps nobody out, and so the question is not what is
// so in every world but whether there is a world: some stranger, some choice, in
// which no Deny applies and an Allow does.
//
// The worlds are tried one by one, all keys known, rather than left to the
// engine as unseen keys. That keeps two things apart that one Unknown would mix:
// a key that the stranger may choose (it makes the policy public) and a part of
// the document that was not seen (it leaves the answer open). What the engine
// then calls Unknown is the document's fault alone. The choices that matter are
// finite: of each key the values that make some condition of the document true,
// or false. Of two choices that satisfy the Allow alike, one under which more
// conditions of Deny statements hold never helps and is dropped, so that few
// worlds remain (see world.go). Where too many do, the answer is Unknown.
//
// A Deny counts: what an Allow opens and a Deny closes again is not open. Amazon
// S3 draws "public" wider where it decides whether RestrictPublicBuckets
// applies; that narrower-minded question is package iam's own.
//
// # Guests
//
// Grants lists everybody outside whom a document names or lets in by a
// condition: accounts, principals, organisations, services, identity providers,
// and strangers. Each is asked about as a visitor of its own, so that a guest
// whom a Deny keeps out is none.
package exposure

import (
	"holdfast.dev/holdfast/internal/engine/iam/policy"
	"holdfast.dev/holdfast/internal/kleene"
)

// Zone is what is known of the resource that carries the policy, and of whom its
// owner calls his own. The zero Zone knows nothing.
type Zone struct {
	Resource string // ARN; "" where it is not known
	Account  string // owner; "" where it is not known
	OrgID    string // the owner's organisation; "" where it is in none, or not known
	// Accounts are the members of the organisation.
	Accounts []string
	// OrgSeen is set where OrgID and Accounts are known, whether there is an
	// organisation or not.
	OrgSeen bool
}

// Public tells whether a resource policy lets strangers in.
func Public(doc any) kleene.Value { return PublicTo(policy.Of(doc), Zone{}) }

// PublicTo is Public of a document of which more is known, for one of the
// actions given as patterns; for any where none is given.
func PublicTo(doc *policy.Document, zone Zone, actions ...string) kleene.Value {
	result, count := unseenStatements(doc), &tally{}
	for i := range doc.Statements {
		if !mayOpen(&doc.Statements[i]) {
			continue
		}
		if len(actions) == 0 && plainlyOpen(doc, i) {
			return kleene.True
		}
		s := newSearch(doc, i, zone, actions, count)
		answer, _ := s.strangers()
		if result = result.Or(answer); result == kleene.True {
			break
		}
	}
	return result
}

func unseenStatements(doc *policy.Document) kleene.Value {
	if doc.Unseen != "" {
		return kleene.Unknown
	}
	return kleene.False
}

// mayOpen tells whether a statement could let in people whom it does not name.
// It spares most statements the search.
func mayOpen(s *policy.Statement) bool {
	if s.Effect == policy.Deny {
		return false
	}
	if s.NotPrincipals != nil || s.Unseen.Has(policy.PrincipalPart) {
		return true
	}
	for i := range s.Principals {
		if s.Principals[i].Kind == policy.Everyone {
			return true
		}
	}
	return false
}

// plainlyOpen tells whether a statement lets in whom it names, all of them, since
// it asks for nothing and nothing is denied. It spares most documents the search.
func plainlyOpen(doc *policy.Document, at int) bool {
	st := &doc.Statements[at]
	if st.Effect != policy.Allow || len(st.Conditions) > 0 || st.Unseen != 0 || st.NotPrincipals != nil || doc.Unseen != "" || len(st.Actions) == 0 {
		return false
	}
	for i := range doc.Statements {
		if doc.Statements[i].Effect != policy.Allow {
			return false
		}
	}
	return true
}

// Verdict is what a document comes to, statement by statement.
type Verdict struct {
	Public kleene.Value
	// Doors are the statements that name everybody, or may.
	Doors []Door
	// Unseen is why statements may be missing; "" where none is.
	Unseen string
}

// Door is one statement that strangers could come in by.
type Door struct {
	Statement int
	Sid       string
	Public    kleene.Value
	// Way is how a stranger gets in, or may; nil where none does.
	Way *World
	// Kept are what keeps strangers out, where they are: the conditions of the
	// statement, and the Deny statements, without any one of which it would be open.
	Kept   []string
	Denied []int
	// Unseen says what was not seen, where that decides.
	Unseen string
}

// Judge explains what Public answers.
func Judge(doc *policy.Document, zone Zone, actions ...string) Verdict {
	v, count := Verdict{Public: unseenStatements(doc), Unseen: doc.Unseen}, &tally{}
	for i := range doc.Statements {
		if !mayOpen(&doc.Statements[i]) {
			continue
		}
		s := newSearch(doc, i, zone, actions, count)
		d := Door{Statement: i, Sid: doc.Statements[i].Sid}
		d.Public, d.Way = s.strangers()
		switch d.Public {
		case kleene.False:
			d.Kept, d.Denied = s.keepers(func(s *search) kleene.Value { answer, _ := s.strangers(); return answer })
		case kleene.Unknown:
			d.Unseen = s.unseen()
		}
		v.Doors = append(v.Doors, d)
		v.Public = v.Public.Or(d.Public)
	}
	return v
}

// keepers are the conditions and the Deny statements without which, each taken
// alone, the answer would no longer be no. Where several keep out together, they
// are all that the statement has.
func (s *search) keepers(ask func(*search) kleene.Value) (conditions []string, denied []int) {
	for i := range s.target.Conditions {
		if ask(s.withoutCondition(i)) != kleene.False {
			conditions = append(conditions, Render(&s.target.Conditions[i]))
		}
	}
	for i, at := range s.deniedAt {
		if ask(s.withoutDeny(i)) != kleene.False {
			denied = append(denied, at)
		}
	}
	if len(conditions)+len(denied) > 0 {
		return conditions, denied
	}
	for i := range s.target.Conditions {
		if pinned(s.target.Conditions[i].Key) {
			conditions = append(conditions, Render(&s.target.Conditions[i]))
		}
	}
	return conditions, s.deniedAt
}
