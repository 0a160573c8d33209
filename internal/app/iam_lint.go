package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast.dev/holdfast/internal/engine/iam/action"
	"holdfast.dev/holdfast/internal/engine/iam/lint"
	"holdfast.dev/holdfast/internal/engine/iam/policy"
)

// maxPolicyText bounds what is read of a file with one policy; package policy
// refuses what is larger than any policy long before.
const maxPolicyText = 1 << 20

// PolicyOptions say which files with policies to read, and as what.
type PolicyOptions struct {
	Paths []string // files, folders, or - for In
	In    io.Reader
	Type  policy.Type // zero: guessed from the content of each
	Place string      // key of the quota that applies; empty: by type
}

// PolicyFile is one policy in a file.
type PolicyFile struct {
	Path     string
	Type     policy.Type
	Guessed  bool // the type was guessed
	Size     policy.Size
	Document *policy.Document
	Findings []lint.Finding
}

// NoPolicy says why a file that was named holds no policy; nil where it does.
func (f *PolicyFile) NoPolicy() error {
	why := f.Document.Unseen
	if why == "" && len(f.Document.Statements) == 0 {
		why = "it has no Statement, and so is no policy"
	}
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s: %s; `holdfast iam lint %s` says more", f.Path, why, f.Path)
}

// PolicyFiles are policies, and files below folders that hold something else.
type PolicyFiles struct {
	Files   []PolicyFile
	Skipped []string // JSON files without a Statement
}

// Count tells how many findings have a severity.
func (f *PolicyFiles) Count(s lint.Severity) int {
	n := 0
	for i := range f.Files {
		for _, x := range f.Files[i].Findings {
			if x.Severity == s {
				n++
			}
		}
	}
	return n
}

// Policies reads and judges policies in files. Files that cannot be read are an
// error, at the end and with the others read; what is wrong inside is a finding.
func (a *App) Policies(ctx context.Context, o PolicyOptions) (PolicyFiles, error) {
	var out PolicyFiles
	if _, known := policy.QuotaFor(o.Place); o.Place != "" && !known {
		return out, Usage(fmt.Errorf("%q is not a place of policies; one of %s", o.Place, strings.Join(places(), ", ")))
	}
	var errs []error
	for _, path := range o.Paths {
		if err := out.path(ctx, path, o); err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 && len(out.Files) == 0 {
		errs = append(errs, fmt.Errorf("no policy (*.json with a Statement) was found below %s", strings.Join(o.Paths, ", ")))
	}
	return out, Usage(errors.Join(errs...))
}

func places() []string {
	var out []string
	for _, t := range policy.Types() {
		for _, q := range policy.Quotas(t) {
			out = append(out, q.Key)
		}
	}
	return out
}

func (f *PolicyFiles) path(ctx context.Context, path string, o PolicyOptions) error {
	if path == "-" {
		return f.read("-", o.In, o, false)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", path, err)
	}
	if !info.IsDir() {
		return f.file(path, o, false)
	}
	var errs []error
	err = filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			errs = append(errs, err)
		case entry.IsDir() && name != path && strings.HasPrefix(entry.Name(), "."):
			return fs.SkipDir
		case entry.Type().IsRegular() && strings.EqualFold(filepath.Ext(name), ".json"):
			if err := f.file(name, o, true); err != nil {
				errs = append(errs, err)
			}
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (f *PolicyFiles) file(name string, o PolicyOptions, found bool) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	defer file.Close()
	return f.read(name, file, o, found)
}

// read judges one text. One that was found in a folder, rather than named, may be
// something else than a policy.
func (f *PolicyFiles) read(name string, in io.Reader, o PolicyOptions, found bool) error {
	data, err := io.ReadAll(io.LimitReader(in, maxPolicyText+1))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", name, err)
	}
	if len(data) > maxPolicyText {
		return fmt.Errorf("cannot read %s: more than %d KiB, and no policy is as large", name, maxPolicyText>>10)
	}
	size := policy.Measure(unwrap(data))
	data = unwrapInPlace(data)
	if found && !looksLikePolicy(data) {
		f.Skipped = append(f.Skipped, name)
		return nil
	}
	p := PolicyFile{Path: name, Guessed: o.Type == 0, Size: size}
	p.Document, p.Type, p.Findings = lint.Text(data, o.Type, lint.Options{Size: p.Size, Place: o.Place})
	f.Files = append(f.Files, p)
	return nil
}

// looksLikePolicy tells policies from package.json and the like. What is not JSON
// at all may well have been meant as a policy.
func looksLikePolicy(data []byte) bool {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return true
	}
	fields, _ := v.(map[string]any)
	for name := range fields {
		if strings.EqualFold(name, "Statement") || strings.EqualFold(name, "Statements") {
			return true
		}
	}
	return false
}

// Smaller is a policy in fewer characters.
type Smaller struct {
	File  PolicyFile
	Text  []byte
	Size  policy.Size
	Quota policy.Quota // the one that counts for the place or type
	// With is the size that the ways which were not allowed would bring.
	With map[string]policy.Size
}

// The ways of shrinking that have to be asked for, by their flags.
const (
	DropSids = "drop-sids"
	Patterns = "patterns"
)

// Minify shrinks the policy of one file. A document that AWS would refuse is not
// shrunk: what it means is not known.
func (a *App) Minify(ctx context.Context, o PolicyOptions, ways ...string) (*Smaller, error) {
	files, err := a.Policies(ctx, o)
	if err != nil {
		return nil, err
	}
	if len(files.Files) != 1 {
		return nil, Usage(fmt.Errorf("%s holds %d policies; give one file", strings.Join(o.Paths, ", "), len(files.Files)))
	}
	out := &Smaller{File: files.Files[0], With: map[string]policy.Size{}}
	if err := refusals(out.File); err != nil {
		return nil, Usage(err)
	}
	if out.Text, err = shrink(out.File.Document, ways); err != nil {
		return nil, Usage(fmt.Errorf("%s: %w", out.File.Path, err))
	}
	out.Size = policy.Measure(out.Text)
	for _, way := range []string{DropSids, Patterns} {
		if slices.Contains(ways, way) {
			continue
		}
		text, err := shrink(out.File.Document, append(slices.Clone(ways), way))
		if err != nil {
			return nil, err
		}
		out.With[way] = policy.Measure(text)
	}
	quotas := policy.Likely(out.File.Document, out.File.Type)
	if q, ok := policy.QuotaFor(o.Place); ok {
		quotas = []policy.Quota{q}
	}
	out.Quota = quotas[0]
	return out, nil
}

// refusals are the errors of the language in a file, if there are any.
func refusals(f PolicyFile) error {
	if f.Document.Unseen == "" && !slices.ContainsFunc(f.Document.Statements, func(s policy.Statement) bool { return s.Unseen != 0 }) {
		if text, err := f.Document.MarshalJSON(); err == nil {
			if _, problems := policy.Parse(text); len(problems) == 0 && !slices.ContainsFunc(f.Findings, lost) {
				return nil
			}
		}
	}
	var errs []error
	for _, x := range f.Findings {
		if x.Severity == lint.Error {
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s", f.Path, x.Position.Line, x.Position.Column, x.Message))
		}
	}
	return fmt.Errorf("AWS would refuse this policy, so there is nothing to shrink yet:\n%w", errors.Join(errs...))
}

// lost tells whether something of the text is not in the document.
func lost(x lint.Finding) bool {
	return slices.Contains([]string{policy.UnknownElement, policy.DuplicateKey, policy.WrongType, policy.BothElements}, x.Code)
}

func shrink(d *policy.Document, ways []string) ([]byte, error) {
	how := policy.Shrink{DropSids: slices.Contains(ways, DropSids)}
	if slices.Contains(ways, Patterns) {
		how.Expand = func(pattern string) []string {
			var names []string
			for _, a := range action.Expand(pattern) {
				names = append(names, a.String())
			}
			return names
		}
	}
	return policy.Minify(d, how).MarshalJSON()
}
