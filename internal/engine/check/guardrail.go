package check

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"

	"holdfast.dev/holdfast/internal/evidence"
)

// Guardrail says how to recognise, among the policies in force on an account,
// one that keeps a failing control from mattering there.
type Guardrail struct {
	ID        string `yaml:"id"`
	Title     string `yaml:"title"`
	Policy    string `yaml:"policy"` // the policy type: SERVICE_CONTROL_POLICY …
	Objective string `yaml:"objective"`
	Why       string `yaml:"why"`

	// InForce is CEL over policy, one policy document, and the variables of
	// controls about the failing resource: true where the document is this
	// guardrail and speaks about that resource.
	InForce string `yaml:"in_force"`

	Examples struct {
		InForce []yaml.Node `yaml:"in_force"`
		Absent  []yaml.Node `yaml:"absent"`
	} `yaml:"examples"`

	File string `yaml:"-"`
}

// ParseGuardrail reads the guardrail of one file.
func ParseGuardrail(file string, data []byte) (Guardrail, error) {
	if len(data) > maxControl {
		return Guardrail{}, fmt.Errorf("%s: %d bytes is more than a guardrail file may have (%d)", file, len(data), maxControl)
	}
	g := Guardrail{File: file}
	strict := yaml.NewDecoder(bytes.NewReader(data))
	strict.KnownFields(true)
	if err := strict.Decode(&g); err != nil {
		return g, yamlError(file, err)
	}
	g.File = file
	switch {
	case !controlID.MatchString(g.ID):
		return g, fmt.Errorf("%s: id %q is not kebab-case", file, g.ID)
	case g.Policy == "" || g.Title == "" || g.InForce == "":
		return g, fmt.Errorf("%s: a guardrail needs title, policy and in_force", file)
	case len(g.Examples.InForce) == 0 || len(g.Examples.Absent) == 0:
		return g, fmt.Errorf("%s: a guardrail needs examples of in_force and of absent", file)
	}
	return g, nil
}

// Guardrails recognise guardrails. They are safe for concurrent use.
type Guardrails struct {
	byID map[string]compiledGuardrail
}

type compiledGuardrail struct {
	Guardrail
	inForce eval
}

// CompileGuardrails compiles them, naming every one with a fault.
func CompileGuardrails(list []Guardrail, opt Options) (*Guardrails, error) {
	env, functions, err := environment(opt.Functions)
	if err != nil {
		return nil, err
	}
	if env, err = env.Extend(cel.Variable("policy", cel.DynType)); err != nil {
		return nil, err
	}
	set := &Guardrails{byID: map[string]compiledGuardrail{}}
	var faults []error
	for _, g := range list {
		checked, issues := env.Compile(g.InForce)
		if issues.Err() != nil {
			faults = append(faults, fmt.Errorf("%s: in_force: %s", g.File, issues.Errors()[0].Message))
			continue
		}
		fn, err := newBuilder(functions).build(checked.NativeRep().Expr())
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: in_force: %w", g.File, err))
			continue
		}
		set.byID[g.ID] = compiledGuardrail{g, fn}
	}
	return set, errors.Join(faults...)
}

// PolicyType is the type of policy a guardrail is; false where there is no such
// guardrail.
func (s *Guardrails) PolicyType(id string) (string, bool) {
	g, ok := s.byID[id]
	return g.Policy, ok
}

// InForce tells whether a policy document is the guardrail, as far as a failing
// resource is concerned. What is unknown is not in force: only a certain
// guardrail excuses a failure.
func (s *Guardrails) InForce(id string, policy any, r *evidence.Resource, scope Scope) bool {
	g, ok := s.byID[id]
	if !ok {
		return false
	}
	f := &frame{subject: &subject{scope: &scope, resource: r}}
	f.slots[0], f.slots[1], f.slots[2] = map[string]any(r.Properties), r, scope.Estate.account(r.Account)
	f.slots[3], f.slots[4], f.slots[5] = evidence.Unknown{Reason: reasonNoOrg}, map[string]any{}, scope.Now
	f.slots[slices.Index(variables, "policy")] = policy
	return g.inForce(f) == true
}

// TestGuardrail runs a guardrail's examples: each is a policy document, with the
// Region of the failing resource behind $region and its type behind $type.
func TestGuardrail(g Guardrail, opt Options) error {
	set, err := CompileGuardrails([]Guardrail{g}, opt)
	if err != nil {
		return err
	}
	var faults []error
	for want, nodes := range map[bool][]yaml.Node{true: g.Examples.InForce, false: g.Examples.Absent} {
		for i := range nodes {
			v, err := Value(&nodes[i])
			if err != nil {
				return fmt.Errorf("%s:%d: %w", g.File, nodes[i].Line, err)
			}
			r := &evidence.Resource{Type: "AWS::S3::Bucket", ID: exampleID, Account: exampleAccount, Region: exampleRegion, Partition: "aws"}
			policy := map[string]any{}
			if fields, ok := v.(map[string]any); ok {
				for name, value := range fields {
					switch text, _ := value.(string); name {
					case "$region":
						r.Region = text
					case "$type":
						r.Type = text
					default:
						if strings.HasPrefix(name, "$") {
							return fmt.Errorf("%s:%d: an example of a guardrail takes $region and $type, not %s", g.File, nodes[i].Line, name)
						}
						policy[name] = value
					}
				}
			}
			if got := set.InForce(g.ID, policy, r, Scope{Now: exampleNow}); got != want {
				faults = append(faults, fmt.Errorf("%s:%d: %s: in force is %v, meant to be %v", g.File, nodes[i].Line, g.ID, got, want))
			}
		}
	}
	return errors.Join(faults...)
}
