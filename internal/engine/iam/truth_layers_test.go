package iam_test

import (
	"slices"
	"strings"
	"testing"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// layerColumns are the columns of layers.txt and what may stand in each.
var layerColumns = []struct {
	name   string
	values []string
}{
	{"kind", []string{"bucket", "role", "key"}},
	{"accounts", []string{"same", "cross"}},
	{"caller", []string{"user", "session", "federated", "root"}},
	{"grant", []string{"none", "-", "account", "role", "itself", "everyone", "deny"}},
	{"identity", []string{"-", "allow", "deny"}},
	{"boundary", []string{"-", "allow", "other", "deny"}},
	{"session", []string{"-", "allow", "other", "deny"}},
	{"scp", []string{"-", "allow", "other", "deny"}},
	{"rcp", []string{"-", "allow", "other", "deny"}},
}

const (
	ownAccount   = "111122223333"
	otherAccount = "444455556666"
)

// Each combination of layers, against the first row that fits.
func TestTruthOfLayers(t *testing.T) {
	rows := layerRows(t)
	used := make([]bool, len(rows))
	count, failed := 0, 0
	for cell := range combinations() {
		if impossible(cell) {
			continue
		}
		i := slices.IndexFunc(rows, func(r layerRow) bool { return r.fits(cell) })
		if i < 0 {
			t.Fatalf("no row of layers.txt fits %v", cell)
		}
		used[i] = true
		count++
		w := layerWorld(cell)
		want := rows[i].decision
		if got := oracle(w); got != want {
			t.Errorf("%v: the oracle says %v, layers.txt:%d %v", cell, got, rows[i].line, want)
			failed++
		}
		if got := w.engine(t).Decision; got != want {
			t.Errorf("%v: the engine says %v, layers.txt:%d %v", cell, got, rows[i].line, want)
			failed++
		}
		if failed > 20 {
			t.Fatal("and so on")
		}
	}
	for i, u := range used {
		if !u {
			t.Errorf("layers.txt:%d fits nothing that is left to it", rows[i].line)
		}
	}
	t.Logf("%d combinations", count)
}

type layerRow struct {
	line     int
	cells    []string
	decision iam.Decision
}

func layerRows(t *testing.T) []layerRow {
	t.Helper()
	names := map[string]iam.Decision{}
	for _, d := range []iam.Decision{iam.Allowed, iam.ExplicitlyDenied, iam.ImplicitlyDenied} {
		names[d.String()] = d
	}
	var out []layerRow
	for _, line := range truthTable(t, "layers.txt") {
		fields := strings.Fields(line.text)
		decision, ok := names[fields[len(fields)-1]]
		if len(fields) != len(layerColumns)+2 || !ok {
			t.Fatalf("layers.txt:%d: expected %d columns, = and a decision: %q", line.number, len(layerColumns), line.text)
		}
		out = append(out, layerRow{line.number, fields[:len(layerColumns)], decision})
	}
	return out
}

func (r layerRow) fits(cell []string) bool {
	for i, c := range r.cells {
		if c != "*" && !slices.Contains(strings.Split(c, "|"), cell[i]) {
			return false
		}
	}
	return true
}

// combinations yields every choice of a value for each column.
func combinations() func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		at := make([]int, len(layerColumns))
		for {
			cell := make([]string, len(at))
			for i, n := range at {
				cell[i] = layerColumns[i].values[n]
			}
			if !yield(cell) {
				return
			}
			i := len(at) - 1
			for ; i >= 0; i-- {
				if at[i]++; at[i] < len(layerColumns[i].values) {
					break
				}
				at[i] = 0
			}
			if i < 0 {
				return
			}
		}
	}
}

// impossible leaves out what does not exist: identity policies and boundaries of
// root, the role of somebody who has none.
func impossible(cell []string) bool {
	caller, grant, identity, boundary := cell[2], cell[3], cell[4], cell[5]
	if caller == "root" && (identity != "-" || boundary != "-") {
		return true
	}
	return grant == "role" && caller != "session"
}

// layerWorld makes a world out of a combination.
func layerWorld(cell []string) *world {
	w := &world{account: ownAccount, principal: caller(cell[2])}
	if cell[1] == "cross" {
		w.account = otherAccount
	}
	switch cell[0] {
	case "bucket":
		w.action, w.resource = "s3:GetObject", "arn:aws:s3:::bucket/key"
	case "role":
		w.action, w.resource = "sts:AssumeRole", "arn:aws:iam::"+w.account+":role/target"
	case "key":
		w.action, w.resource = "kms:Decrypt", "arn:aws:kms:us-east-1:"+w.account+":key/0123"
	}
	w.attached = attached(cell[3], w)
	if cell[4] != "-" {
		w.identity = documents{saying(cell[4], w)}
	}
	w.boundary, w.session = limit(cell[5], w), limit(cell[6], w)
	w.scps, w.rcps = levels(cell[7], w, false), levels(cell[8], w, true)
	return w
}

func caller(kind string) *iam.Principal {
	p := &iam.Principal{Account: ownAccount, OrgSeen: true, TagsSeen: true}
	switch kind {
	case "user":
		p.Kind, p.ARN, p.Name = iam.KindUser, "arn:aws:iam::111122223333:user/alice", "alice"
	case "session":
		p.Kind, p.Name = iam.KindSession, "work"
		p.ARN, p.Role = "arn:aws:sts::111122223333:assumed-role/dev/work", "arn:aws:iam::111122223333:role/team/dev"
	case "federated":
		p.Kind, p.ARN, p.Name = iam.KindFederatedUser, "arn:aws:sts::111122223333:federated-user/carol", "carol"
	case "root":
		p.Kind, p.ARN = iam.KindRoot, "arn:aws:iam::111122223333:root"
	}
	return p
}

// attached is the policy of the resource.
func attached(grant string, w *world) *documents {
	s := policy.Statement{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}
	named := func(kind policy.Kind, name string) {
		s.Principals = []policy.Principal{policy.Named(kind, policy.Text{Value: name})}
	}
	switch grant {
	case "none":
		return nil
	case "-":
		named(policy.AWS, "arn:aws:iam::111122223333:user/somebody-else")
	case "account":
		named(policy.AWS, ownAccount)
	case "role":
		named(policy.AWS, w.principal.Role)
	case "itself":
		named(policy.AWS, w.principal.ARN)
	case "everyone":
		named(policy.AWS, "*")
	case "deny":
		s.Effect = policy.Deny
		named(policy.AWS, "*")
	}
	return &documents{{Version: policy.Version2012, Statements: []policy.Statement{s}}}
}

// saying is a document that allows the request, allows something else, or denies it.
func saying(what string, w *world) *policy.Document {
	s := policy.Statement{Effect: policy.Allow, Actions: texts(w.action), Resources: texts("*")}
	switch what {
	case "other":
		s.Actions = texts("ec2:*")
	case "deny":
		s.Effect = policy.Deny
	}
	return &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}}
}

func limit(what string, w *world) *documents {
	if what == "-" {
		return nil
	}
	return &documents{saying(what, w)}
}

func levels(what string, w *world, resource bool) []documents {
	if what == "-" {
		return nil
	}
	all := &policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Effect: policy.Allow, Actions: texts("*"), Resources: texts("*")}}}
	low := documents{saying(what, w)}
	if what == "deny" {
		low = append(low, all)
	}
	out := []documents{{all}, low}
	if resource {
		for _, level := range out {
			for _, d := range level {
				for i := range d.Statements {
					d.Statements[i].Principals = []policy.Principal{policy.Named(policy.AWS, policy.Text{Value: "*"})}
				}
			}
		}
	}
	return out
}
