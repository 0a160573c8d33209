package app

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// compiledPolicies remembers policies by their name and text. Requests of one
// file mostly repeat the same documents.
type compiledPolicies struct {
	mu    sync.RWMutex
	seed  maphash.Seed
	known map[uint64][]compiledPolicy // by a hash of the text
	bytes int
}

type compiledPolicy struct {
	text   string
	policy *iam.Policy
}

// maxCompiled bounds the text of what is remembered; beyond it all is forgotten.
const maxCompiled = 64 << 20

func newCompiledPolicies() compiledPolicies {
	return compiledPolicies{seed: maphash.MakeSeed(), known: map[uint64][]compiledPolicy{}}
}

// get is a policy, compiled. One with mistakes is refused: AWS would not have
// taken it, so nobody can say what it does.
func (c *compiledPolicies) get(name string, text []byte) (*iam.Policy, error) {
	key := maphash.Bytes(c.seed, text)
	if p := c.find(key, name, text); p != nil {
		return p, nil
	}
	doc, problems := policy.Parse(text)
	if err := firstProblem(slices.DeleteFunc(problems, harmless)); err != nil {
		return nil, err
	}
	p := iam.Compile(name, doc)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bytes += len(text); c.bytes > maxCompiled {
		clear(c.known)
		c.bytes = len(text)
	}
	c.known[key] = append(c.known[key], compiledPolicy{string(text), p})
	return p, nil
}

func (c *compiledPolicies) find(key uint64, name string, text []byte) *iam.Policy {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, known := range c.known[key] {
		if known.policy.Name == name && known.text == string(text) {
			return known.policy
		}
	}
	return nil
}

// harmless tells whether it is clear what a policy does in spite of a problem:
// without statements nothing, a principal that cannot be is nobody, and a value
// that the operator cannot compare with equals none.
func harmless(p policy.Problem) bool {
	switch p.Code {
	case policy.MissingStatement:
		return p.Path == "Statement" // there is a list, and it is empty
	case policy.InvalidPrincipal, policy.PrincipalWildcard:
		return strings.HasSuffix(p.Path, "Principal.AWS") || p.Code == policy.InvalidPrincipal && strings.HasSuffix(p.Path, "Principal.CanonicalUser")
	case policy.InvalidValue:
		return true
	}
	return false
}

// firstProblem says what is wrong with a policy, and how much else is.
func firstProblem(problems policy.Problems) error {
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return fmt.Errorf("the policy is not valid: %w", problems[0])
	}
	return fmt.Errorf("the policy is not valid: %w (and %d more; `holdfast iam lint` lists them)", problems[0], len(problems)-1)
}
