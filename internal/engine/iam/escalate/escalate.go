// Package escalate finds how a principal can come to more permissions than it
// has: a search through a graph whose nodes are principals and whose edges are
// techniques of the catalogue (a key created for another user, a role passed to
// a new function, a policy rewritten). It is pure: it knows neither documents nor
// evidence, but asks a Judge what each principal may do and is given a Scene of
// what there is.
//
// A node is a principal in one of several states (Who): as it is, with whatever
// permissions it likes, without its permissions boundary, as a member of one more
// group. A technique that rewrites the own policies leads from the first state to
// the second, so boundaries and service control policies are honoured without a
// rule of their own: whether the second state is an administrator is one more
// question to the Judge.
//
// Answers are three-valued. A path of which every step is certain is True; one
// that rests on something that was not seen, or that policies do not show (what
// the technique calls given), is Unknown and says on what it rests.
//
// The search goes backwards from the goal in layers: those who are administrators,
// those who reach one in a single hop, and so on. A principal is compared only
// with the targets of the layer before, and only until one succeeds, so that the
// cost is of the order of principals × techniques whose actions they may do
// anywhere × targets that lead to the goal, and not principals².
//
// Sources of the techniques: Rhino Security Labs, "AWS IAM Privilege Escalation
// Methods", and Datadog's pathfinding.cloud; facts only, in words of our own
// (catalog/escalations).
package escalate
