package iam_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// engine asks the engine what the oracle is asked.
func (w *world) engine(t testing.TB) iam.Outcome {
	t.Helper()
	req, policies := w.question(t)
	return iam.Decide(req, policies)
}

func (w *world) question(t testing.TB) (*iam.Request, *iam.Policies) {
	t.Helper()
	context := iam.NewContext(w.context)
	context.Open = w.open
	for key, state := range w.states {
		context.Mark(key, state)
	}
	req, err := iam.NewRequest(iam.Request{
		Principal: w.principal, Action: w.action, Resource: w.resource,
		Account: w.account, Management: w.management, Context: context, Partial: w.partial,
	})
	if err != nil {
		t.Fatalf("NewRequest of %s on %s: %v", w.action, w.resource, err)
	}
	p := &iam.Policies{
		Identity: w.identity.set("identity"), Boundary: w.boundary.some("boundary"), Session: w.session.some("session"),
		Resource: w.attached.some("resource"), Endpoint: w.endpoint.some("endpoint"), Bucket: w.bucket,
	}
	for i, level := range w.scps {
		p.SCPs = append(p.SCPs, level.set("scp"+strconv.Itoa(i)))
	}
	for i, level := range w.rcps {
		p.RCPs = append(p.RCPs, level.set("rcp"+strconv.Itoa(i)))
	}
	w.blind(p)
	return req, p
}

// blind notes which layers may have more than was seen.
func (w *world) blind(p *iam.Policies) {
	sets := map[string]*iam.Set{"identity": &p.Identity, "boundary": p.Boundary, "session": p.Session, "resource": p.Resource, "endpoint": p.Endpoint}
	for i := range p.SCPs {
		sets["scp "+strconv.Itoa(i)] = &p.SCPs[i]
	}
	for i := range p.RCPs {
		sets["rcp "+strconv.Itoa(i)] = &p.RCPs[i]
	}
	for name, why := range w.unseen {
		sets[name].Unseen = why
	}
}

func (d documents) set(name string) iam.Set {
	s := iam.Set{Node: name}
	for i, doc := range d {
		s.Policies = append(s.Policies, iam.Compile(fmt.Sprintf("%s-%d", name, i), doc))
	}
	return s
}

func (d *documents) some(name string) *iam.Set {
	if d == nil {
		return nil
	}
	s := d.set(name)
	return &s
}

// layers lists every document with where it stands, for tests that change them.
func (w *world) layers() map[string]*documents {
	out := map[string]*documents{"identity": &w.identity}
	for name, d := range map[string]*documents{"boundary": w.boundary, "session": w.session, "resource": w.attached, "endpoint": w.endpoint} {
		if d != nil {
			out[name] = d
		}
	}
	for i := range w.scps {
		out["scp "+strconv.Itoa(i)] = &w.scps[i]
	}
	for i := range w.rcps {
		out["rcp "+strconv.Itoa(i)] = &w.rcps[i]
	}
	return out
}

// String shows a world in which engine and oracle disagree.
func (w *world) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (role %q, id %q) asks %s on %s of %q\n", w.principal.Kind, w.principal.ARN, w.principal.Role, w.principal.ID, w.action, w.resource, w.account)
	if w.partial || w.unseen != nil {
		fmt.Fprintf(&b, "  partial resource %v, unseen %v\n", w.partial, w.unseen)
	}
	if w.management || w.principal.Management {
		fmt.Fprintf(&b, "  management account: resource %v, principal %v\n", w.management, w.principal.Management)
	}
	fmt.Fprintf(&b, "  context %v, not known %v, open %v\n", w.context, w.states, w.open)
	for _, name := range []string{"identity", "boundary", "session", "resource", "endpoint", "scp 0", "scp 1", "scp 2", "rcp 0", "rcp 1", "rcp 2"} {
		d, ok := w.layers()[name]
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n", name)
		for _, doc := range *d {
			for i := range doc.Statements {
				fmt.Fprintf(&b, "    %s\n", show(doc, &doc.Statements[i]))
			}
		}
	}
	if w.bucket != nil {
		fmt.Fprintf(&b, "  bucket %+v\n", *w.bucket)
	}
	return b.String()
}

func show(d *policy.Document, s *policy.Statement) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s] %s", d.Version, s.Effect)
	list := func(name string, texts []policy.Text) {
		if texts == nil {
			return
		}
		fmt.Fprintf(&b, " %s", name)
		for _, t := range texts {
			fmt.Fprintf(&b, " %q", t.Value)
			if t.Partial {
				fmt.Fprintf(&b, "…%q", t.Suffix)
			}
		}
	}
	who := func(name string, principals []policy.Principal) {
		if principals == nil {
			return
		}
		fmt.Fprintf(&b, " %s", name)
		for _, p := range principals {
			fmt.Fprintf(&b, " %s:%s", p.Kind, p.Name.Value)
			if p.Name.Partial {
				fmt.Fprintf(&b, "…%s", p.Name.Suffix)
			}
		}
	}
	who("Principal", s.Principals)
	who("NotPrincipal", s.NotPrincipals)
	list("Action", s.Actions)
	list("NotAction", s.NotActions)
	list("Resource", s.Resources)
	list("NotResource", s.NotResources)
	for _, c := range s.Conditions {
		list(c.Operator+"("+c.Key+")", c.Values)
		if c.Unseen {
			b.WriteString(" …")
		}
	}
	if s.Unseen != 0 || d.Unseen != "" {
		fmt.Fprintf(&b, " unseen %v %q", s.Unseen, d.Unseen)
	}
	return b.String()
}
