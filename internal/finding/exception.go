package finding

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Exception is a recorded decision to live with findings for a time: whose it
// is, who approved it, why, and until when. It never hides the raw verdict; the
// finding stays, as EXCEPTED.
type Exception struct {
	ID           string
	Controls     []string
	Scope        Scope
	Owner        string
	Approver     string
	Reason       string
	Compensating []string
	Created      time.Time
	Expires      time.Time

	File string
	Line int
}

// Scope narrows an exception. An empty list does not narrow; * in a resource
// stands for any run of characters. One that names principals or sources speaks of
// alerts alone: findings know neither.
type Scope struct {
	Accounts  []string `yaml:"accounts"`
	Regions   []string `yaml:"regions"`
	Resources []string `yaml:"resources"`

	// Of alerts only: who did it, and from where (addresses and ranges).
	Principals []string `yaml:"principals"`
	Sources    []string `yaml:"sources"`
}

// Limits of exceptions.
const (
	longest  = 365 * day // from creation to expiry
	warnings = 30 * day  // before expiry, in which an exception is "expiring"
)

// ExpiredRule is the rule of the finding that reports an expired exception.
const ExpiredRule = "exception-expired"

// StateAt is live, expiring or expired.
func (x *Exception) StateAt(t time.Time) string {
	switch {
	case !t.Before(x.Expires):
		return "expired"
	case !t.Before(x.Expires.Add(-warnings)):
		return "expiring"
	}
	return "live"
}

// Covers tells whether the exception speaks of the finding, expired or not.
func (x *Exception) Covers(f *Finding) bool {
	return len(x.Scope.Principals) == 0 && len(x.Scope.Sources) == 0 && slices.Contains(x.Controls, f.Rule) &&
		within(x.Scope.Accounts, f.Account) && within(x.Scope.Regions, f.Region) &&
		(within(x.Scope.Resources, f.Resource) || f.ARN != "" && within(x.Scope.Resources, f.ARN))
}

// CoversAlert tells whether the exception speaks of an alert, expired or not.
func (x *Exception) CoversAlert(a *Alert) bool {
	return slices.Contains(x.Controls, a.Rule) &&
		within(x.Scope.Accounts, a.Account) && within(x.Scope.Regions, a.Region) && within(x.Scope.Resources, a.Resource) &&
		(within(x.Scope.Principals, a.Principal) || a.Session != "" && within(x.Scope.Principals, a.Session)) && from(x.Scope.Sources, a.SourceIP)
}

// from tells whether an address is in one of the ranges, or a service is one of those
// named.
func from(sources []string, s string) bool {
	if len(sources) == 0 || slices.Contains(sources, s) {
		return true
	}
	ip, err := netip.ParseAddr(s)
	return err == nil && slices.ContainsFunc(sources, func(source string) bool {
		r, err := netip.ParsePrefix(source)
		return err == nil && r.Contains(ip.Unmap())
	})
}

func within(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, s) })
}

// wildcard matches * against any run of characters.
func wildcard(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// Expired is the finding that reports an exception past its date.
func (x *Exception) Expired() Finding {
	return Finding{
		ID: Identify(ExpiredRule, "", "", x.ID, ""), Verdict: Fail, Rule: ExpiredRule,
		Title: "An exception has expired", Severity: Medium, Objective: "guardrails-in-force", Practices: []string{"BP03"},
		Type: "Holdfast::Exception", Resource: x.ID, File: x.File, Line: x.Line,
		Message: fmt.Sprintf("Exception %s of %s for %s expired on %s; renew it with a new approval or mend what it covered.", x.ID, x.Owner, strings.Join(x.Controls, ", "), x.Expires.Format(time.DateOnly)),
	}
}

// Register holds an organisation's exceptions.
type Register []Exception

// For is the live exception that covers a finding, if there is one.
func (r Register) For(f *Finding, at time.Time) (*Exception, bool) {
	for i := range r {
		if x := &r[i]; x.StateAt(at) != "expired" && !at.Before(x.Created) && x.Covers(f) {
			return x, true
		}
	}
	return nil, false
}

// ForAlert is the live exception that covers an alert, if there is one.
func (r Register) ForAlert(a *Alert, at time.Time) (*Exception, bool) {
	for i := range r {
		if x := &r[i]; x.StateAt(at) != "expired" && !at.Before(x.Created) && x.CoversAlert(a) {
			return x, true
		}
	}
	return nil, false
}

// exceptionFile is one exception as written.
type exceptionFile struct {
	ID           string   `yaml:"id"`
	Controls     []string `yaml:"controls"`
	Scope        Scope    `yaml:"scope"`
	Owner        string   `yaml:"owner"`
	Approver     string   `yaml:"approver"`
	Reason       string   `yaml:"reason"`
	Compensating []string `yaml:"compensating"`
	Created      string   `yaml:"created"`
	Expires      string   `yaml:"expires"`
}

const maxExceptions = 4 << 20

// ParseExceptions reads a file of exceptions: a list of them. One that is not
// whole, or that nobody else approved, is refused with its line: an exception
// that does not hold must not cover anything.
func ParseExceptions(file string, data []byte) (Register, error) {
	if len(data) > maxExceptions {
		return nil, fmt.Errorf("%s: %d bytes is more than a file of exceptions may have (%d)", file, len(data), maxExceptions)
	}
	var entries []yaml.Node
	if err := yaml.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("%s: a file of exceptions is a list of them: %s", file, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var register Register
	var faults []error
	for i := range entries {
		x, err := parseException(&entries[i])
		x.File, x.Line = file, entries[i].Line
		if err == nil {
			err = x.validate()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: exception %q: %w", file, x.Line, x.ID, err))
			continue
		}
		register = append(register, x)
	}
	return register, errors.Join(faults...)
}

func parseException(n *yaml.Node) (Exception, error) {
	var f exceptionFile
	raw, err := yaml.Marshal(n)
	if err != nil {
		return Exception{}, err
	}
	strict := yaml.NewDecoder(bytes.NewReader(raw))
	strict.KnownFields(true)
	if err := strict.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return Exception{ID: f.ID}, fmt.Errorf("%s", strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: unmarshal errors:\n  "), " in type finding.exceptionFile", ""))
	}
	x := Exception{ID: f.ID, Controls: f.Controls, Scope: f.Scope, Owner: f.Owner, Approver: f.Approver, Reason: f.Reason, Compensating: f.Compensating}
	if x.Created, err = date("created", f.Created); err != nil {
		return x, err
	}
	x.Expires, err = date("expires", f.Expires)
	return x, err
}

func date(field, s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("%s %q is not a date such as 2026-03-31", field, s)
	}
	return t, nil
}

func (x *Exception) validate() error {
	for _, f := range []struct{ name, value string }{{"id", x.ID}, {"owner", x.Owner}, {"approver", x.Approver}, {"reason", x.Reason}} {
		if strings.TrimSpace(f.value) == "" {
			return fmt.Errorf("%s is missing", f.name)
		}
	}
	switch {
	case len(x.Controls) == 0:
		return errors.New("controls is missing: name the controls or detections it is about")
	case strings.EqualFold(strings.TrimSpace(x.Owner), strings.TrimSpace(x.Approver)):
		return fmt.Errorf("%s approved it for themselves; the approver has to be somebody else", x.Owner)
	case !x.Expires.After(x.Created):
		return errors.New("it expires before it was created")
	case x.Expires.Sub(x.Created) > longest:
		return fmt.Errorf("it runs for %d days; 365 is the most", int(x.Expires.Sub(x.Created)/day))
	}
	for _, source := range x.Scope.Sources {
		if strings.Contains(source, "/") {
			if _, err := netip.ParsePrefix(source); err != nil {
				return fmt.Errorf("sources: %q is no range of addresses such as 203.0.113.0/24", source)
			}
		}
	}
	return nil
}
