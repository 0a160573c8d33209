package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/diff"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// DiffOptions say which policies are compared.
type DiffOptions struct {
	Old, New string // a file, a folder, or - for In
	In       io.Reader
	// Type is what the policies are attached to, as policy.ParseType names it; ""
	// goes by whether they name principals.
	Type string
	// NotGranted are actions that the new policies must not allow.
	NotGranted []string
}

// Diff is what changes from the old policies to the new.
type Diff struct {
	*diff.Result
	Type policy.Type
	// Granted is what of the actions in question the new policies allow; nil where
	// none was asked about.
	Granted *diff.Result
	// Doubts are actions in question that AWS does not document.
	Doubts []string
}

// DiffPolicies compares policies in files.
func DiffPolicies(o DiffOptions) (*Diff, error) {
	if o.Old == "-" && o.New == "-" {
		return nil, Usage(errors.New("only one of the two can be -, standard input"))
	}
	for _, a := range o.NotGranted {
		if service, name, ok := strings.Cut(a, ":"); a != "*" && (!ok || service == "" || name == "") {
			return nil, Usage(fmt.Errorf("--not-granted: %q is not an action; expected something like s3:DeleteBucket or iam:*", a))
		}
	}
	old, err := readPolicies(o.Old, o.In)
	if err != nil {
		return nil, Usage(err)
	}
	new, err := readPolicies(o.New, o.In)
	if err != nil {
		return nil, Usage(err)
	}
	out := &Diff{Type: guessed(append(old[:len(old):len(old)], new...))}
	if o.Type != "" {
		if out.Type, err = policy.ParseType(o.Type); err != nil {
			return nil, Usage(fmt.Errorf("--type: %w", err))
		}
	}
	for _, a := range o.NotGranted {
		if text := doubtAction(a); text != "" {
			out.Doubts = append(out.Doubts, "--not-granted: "+text)
		}
	}
	out.Result = diff.Compare(diffKind(out.Type), old, new)
	if len(o.NotGranted) > 0 {
		out.Granted = diff.Granted(diffKind(out.Type), new, o.NotGranted)
	}
	return out, nil
}

// guessed takes policies that name principals for resource policies.
func guessed(list []diff.Policy) policy.Type {
	for _, p := range list {
		if t := policy.GuessType(p.Doc); t == policy.Resource || t == policy.Trust {
			return t
		}
	}
	return policy.Identity
}

func diffKind(t policy.Type) diff.Kind {
	switch t {
	case policy.Resource, policy.Trust, policy.RCP, policy.Endpoint:
		return diff.Resource
	case policy.SCP:
		return diff.SCP
	}
	return diff.Identity
}

// Limits of what is read: AWS has no policy of more than 20 KB, and no principal
// with more than some dozens.
const (
	maxPolicyBytes = 4 << 20
	maxPolicies    = 2_000
)

// readPolicies reads the policies of a file, of all .json files below a folder,
// or of standard input.
func readPolicies(path string, in io.Reader) ([]diff.Policy, error) {
	if path == "-" {
		p, err := readPolicy("standard input", in)
		return []diff.Policy{p}, err
	}
	var out []diff.Policy
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name != path && !strings.EqualFold(filepath.Ext(name), ".json") {
			return err
		}
		if len(out) == maxPolicies {
			return fmt.Errorf("%s has more than %d policies", path, maxPolicies)
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		p, err := readPolicy(filepath.ToSlash(name), file)
		out = append(out, p)
		return err
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("%s has no policy: no file below it ends in .json", path)
	}
	return out, err
}

func readPolicy(name string, in io.Reader) (diff.Policy, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxPolicyBytes+1))
	if err != nil {
		return diff.Policy{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxPolicyBytes {
		return diff.Policy{}, fmt.Errorf("%s is larger than %d bytes; no policy is", name, maxPolicyBytes)
	}
	doc, problems := policy.Parse(unwrap(data))
	if len(problems) > 0 {
		return diff.Policy{}, fmt.Errorf("%s:%w", name, problems[0])
	}
	return diff.Policy{Name: name, Doc: doc}, nil
}
