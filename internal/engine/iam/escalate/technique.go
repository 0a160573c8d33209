package escalate

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Technique is one way to more permissions, as the catalogue describes it.
type Technique struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
	// Kind groups techniques for the reader: self, principal, credential, passrole
	// or existing.
	Kind string `yaml:"kind"`
	// By is who can use it: user or role; empty is both.
	By string `yaml:"by"`

	Requires []Requirement `yaml:"requires"`
	Optional []string      `yaml:"optional"` // actions that help and are not needed
	Target   Target        `yaml:"target"`
	// Given are facts that neither policies nor evidence show. A technique that has
	// some is possible, never certain.
	Given []string `yaml:"given"`

	Text       string   `yaml:"text"`
	Fix        string   `yaml:"fix"`
	Maps       Maps     `yaml:"maps"`
	References []string `yaml:"references"`
	Examples   Examples `yaml:"examples"`

	File string `yaml:"-"`
}

// Requirement is an action that the technique takes.
type Requirement struct {
	Action string `yaml:"action"`
	// Resource is what the action is done to: self, target, policy (a customer
	// managed policy of whoever gets more permissions), group (one that the
	// principal is in, or joins), through, beside, "*", or the form of an ARN whose
	// places in braces the principal fills as it likes. Of several, all are needed.
	Resource Texts `yaml:"resource"`
	// With are context keys and the values that serve, of which one suffices.
	With map[string][]string `yaml:"with"`
	// Granted is set where an earlier step writes the resource's own policy, so
	// that only what denies or limits the principal stands in the way.
	Granted bool `yaml:"granted"`
}

// Target is what the principal gets.
type Target struct {
	// Who is self, user, role or administrator.
	Who string `yaml:"who"`
	// Change is what becomes of it: permissions (whatever one likes), boundary
	// (none), membership (of one more group), attached-denials or inline-denials
	// (none of its own policies that only deny); empty: it is taken over as it is.
	Change string `yaml:"change"`
	// Trusts is the service which the role has to trust.
	Trusts string `yaml:"trusts"`
	// Through is what already has the role.
	Through *Thing `yaml:"through"`
	// Beside is what has to exist for the role to be passed to.
	Beside *Thing `yaml:"beside"`
	// When are conditions on the target; see conditions.
	When []string `yaml:"when"`
}

// Thing is a type of resource that can have a role.
type Thing struct {
	Type    string `yaml:"type"`    // AWS::Lambda::Function
	Role    string `yaml:"role"`    // dotted path of the property with the role's ARN or name
	Profile string `yaml:"profile"` // dotted path of the property with its instance profile
	ARN     string `yaml:"arn"`     // form of its ARN
}

// Maps names the technique as others do.
type Maps struct {
	Pathfinding Texts `yaml:"pathfinding" json:"pathfinding,omitempty"`
	Rhino       int   `yaml:"rhino" json:"rhino,omitempty"`
}

// fame is the place of a technique among the best known, which are told first.
func (t *Technique) fame() int {
	if t.Maps.Rhino == 0 {
		return 1000
	}
	return t.Maps.Rhino
}

// Examples are policies of arn:aws:iam::111122223333:user/me (role/me where only
// roles can use the technique) that allow the technique, and that nearly do.
type Examples struct {
	Positive []Example `yaml:"positive"`
	NearMiss []Example `yaml:"near_miss"`
}

// Example is one identity policy.
type Example struct {
	Name   string         `yaml:"name"`
	Policy map[string]any `yaml:"policy"`
}

// Texts is a list that may be written as one string.
type Texts []string

// UnmarshalYAML reads "a" and [a, b].
func (t *Texts) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*t = Texts{node.Value}
		return nil
	}
	var list []string
	if err := node.Decode(&list); err != nil {
		return err
	}
	*t = list
	return nil
}

const (
	maxFile     = 64 << 10
	maxRequires = 16
)

var (
	techniqueID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	actionForm  = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)
	kinds       = []string{"self", "principal", "credential", "passrole", "existing"}
	places      = []string{"self", "target", "policy", "group", "through", "beside", "*"}
)

// conditions are what a technique may ask of its target.
var conditions = []string{"no-login-profile", "login-profile", "no-mfa", "key-to-spare", "two-keys", "bounded", "attached-denials", "inline-denials", "instance-profile"}

// changes are what can become of a target.
var changes = []string{"", "permissions", "boundary", "membership", "attached-denials", "inline-denials"}

// ParseTechnique reads the technique of one file.
func ParseTechnique(file string, data []byte) (Technique, error) {
	t := Technique{File: file}
	if len(data) > maxFile {
		return t, fmt.Errorf("%s: %d bytes is more than a technique may have (%d)", file, len(data), maxFile)
	}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(&t); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	t.File = file
	if err := t.check(); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

func (t *Technique) check() error {
	switch {
	case !techniqueID.MatchString(t.ID):
		return fmt.Errorf("id: %q is not kebab-case", t.ID)
	case strings.TrimSpace(t.Title) == "" || strings.TrimSpace(t.Text) == "" || strings.TrimSpace(t.Fix) == "":
		return errors.New("a technique needs title, text and fix")
	case !slices.Contains(kinds, t.Kind):
		return fmt.Errorf("kind: %q is not one of %v", t.Kind, kinds)
	case t.By != "" && t.By != "user" && t.By != "role":
		return fmt.Errorf("by: %q is neither user nor role", t.By)
	case len(t.Requires) == 0 || len(t.Requires) > maxRequires:
		return fmt.Errorf("requires: %d actions; expected 1 to %d", len(t.Requires), maxRequires)
	}
	if err := t.Target.check(); err != nil {
		return err
	}
	for i := range t.Requires {
		if err := t.checkRequirement(&t.Requires[i]); err != nil {
			return fmt.Errorf("requires[%d]: %w", i, err)
		}
	}
	return nil
}

func (g *Target) check() error {
	switch {
	case !slices.Contains([]string{"self", "user", "role", "administrator"}, g.Who):
		return fmt.Errorf("target.who: %q is not self, user, role or administrator", g.Who)
	case !slices.Contains(changes, g.Change):
		return fmt.Errorf("target.change: %q is not one of %q", g.Change, changes[1:])
	case g.Who == "self" && g.Change == "":
		return errors.New("target.change: what becomes of oneself has to be said")
	case g.Who != "self" && slices.Contains([]string{"membership", "attached-denials", "inline-denials"}, g.Change):
		return fmt.Errorf("target.change: %s is of oneself only", g.Change)
	case g.Who != "role" && (g.Trusts != "" || g.Through != nil || g.Beside != nil):
		return errors.New("target: trusts, through and beside are about roles")
	case g.Through != nil && (g.Through.Role == "") == (g.Through.Profile == ""):
		return errors.New("target.through: where the role stands is either role or profile")
	}
	for _, w := range g.When {
		if !slices.Contains(conditions, w) {
			return fmt.Errorf("target.when: %q is not one of %v", w, conditions)
		}
	}
	return nil
}

func (t *Technique) checkRequirement(r *Requirement) error {
	if !actionForm.MatchString(r.Action) {
		return fmt.Errorf("action: %q is not one action such as iam:PassRole", r.Action)
	}
	if len(r.Resource) == 0 {
		return errors.New("resource: what the action is done to has to be said")
	}
	for _, on := range r.Resource {
		switch {
		case !slices.Contains(places, on) && !strings.HasPrefix(on, "arn:"):
			return fmt.Errorf("resource: %q is not one of %v, nor an ARN", on, places)
		case on == "target" && t.Target.Who != "user" && t.Target.Who != "role",
			on == "through" && t.Target.Through == nil, on == "beside" && t.Target.Beside == nil:
			return fmt.Errorf("resource: the technique has no %s", on)
		}
	}
	return nil
}

// Actions are the actions that the principal itself has to be allowed, in the
// order of the steps.
func (t *Technique) Actions() []string {
	var out []string
	for _, r := range t.Requires {
		if !r.Granted && !slices.Contains(out, r.Action) {
			out = append(out, r.Action)
		}
	}
	return out
}
