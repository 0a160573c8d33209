package app

import (
	"fmt"
	"sync"

	"holdfast.dev/holdfast/internal/engine/iam"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// compiledPolicies remembers policies by their name and text. Requests of one
// file mostly repeat the same documents.
type compiledPolicies struct {
	mu    sync.RWMutex
	known map[string]*iam.Policy
	bytes int
}

// maxCompiled bounds the text of what is remembered; beyond it all is forgotten.
const maxCompiled = 64 << 20

// get is a policy, compiled. One with mistakes is refused: AWS would not have
// taken it, so nobody can say what it does.
func (c *compiledPolicies) get(name string, body []byte) (*iam.Policy, error) {
	key := name + "\x00" + string(body)
	c.mu.RLock()
	p := c.known[key]
	c.mu.RUnlock()
	if p != nil {
		return p, nil
	}
	doc, problems := policy.Parse(body)
	if err := firstProblem(problems); err != nil {
		return nil, err
	}
	p = iam.Compile(name, doc)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || c.bytes > maxCompiled {
		c.known, c.bytes = map[string]*iam.Policy{}, 0
	}
	c.known[key], c.bytes = p, c.bytes+len(key)
	return p, nil
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
