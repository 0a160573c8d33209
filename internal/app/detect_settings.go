package app

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// DetectSettings are what an organisation decided about detections.
type DetectSettings struct {
	Rules        []string                  `yaml:"rules"`
	Off          []SwitchSetting           `yaml:"off"`
	Trusted      []NetworkSetting          `yaml:"trusted_networks"`
	Severity     map[string]string         `yaml:"severity"`
	Params       map[string]map[string]any `yaml:"params"`
	Placeholders map[string][]string       `yaml:"placeholders"`
	Own          []string                  `yaml:"own_addresses"`
	Accounts     []string                  `yaml:"accounts"`
	Geo          GeoSetting                `yaml:"geo"`
	Ranges       string                    `yaml:"aws_ranges"`
	Quiet        string                    `yaml:"quiet"` // after which a finding that nothing came of is resolved: 30d
}

// SwitchSetting switches a detection off.
type SwitchSetting struct {
	Rule   string `yaml:"rule"`
	Owner  string `yaml:"owner"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
}

// NetworkSetting is a range of addresses whose alerts open nothing.
type NetworkSetting struct {
	CIDR   string `yaml:"cidr"`
	Owner  string `yaml:"owner"`
	Reason string `yaml:"reason"`
	Until  string `yaml:"until"`
}

// GeoSetting names files that say where addresses are.
type GeoSetting struct {
	MMDB []string `yaml:"mmdb"`
	CSV  []string `yaml:"csv"`
}

// detectOptions are the decisions and facts of a workspace, as detections take them.
func (a *App) detectOptions(w Workspace, d *Detections) (detect.Options, error) {
	o := detect.Options{Attack: d.Attack, Now: a.Now, Placeholders: w.Detect.Placeholders, Params: map[string]map[string]any{}, Severity: map[string]finding.Severity{}}
	r := settingsReader{detections: d}
	for _, s := range w.Detect.Off {
		r.decided("off", s.Rule, s.Owner, s.Reason)
		if r.concerns(s.Rule) {
			o.Switched = append(o.Switched, detect.Switch{Rule: s.Rule, Owner: s.Owner, Reason: s.Reason, Until: r.date("off", s.Until)})
		}
	}
	for _, s := range w.Detect.Trusted {
		r.decided("trusted_networks", s.CIDR, s.Owner, s.Reason)
		network := detect.Network{Range: r.network("trusted_networks", s.CIDR), Owner: s.Owner, Reason: s.Reason, Until: r.date("trusted_networks", s.Until)}
		o.Trusted = append(o.Trusted, network)
		if network.Until.IsZero() || a.Now().Before(network.Until) {
			o.World.Trusted = append(o.World.Trusted, network.Range)
		}
	}
	for name, level := range w.Detect.Severity {
		severity, err := finding.ParseSeverity(level)
		r.note("severity."+name, err)
		if r.concerns(name) {
			o.Severity[name] = severity
		}
	}
	for name, params := range w.Detect.Params {
		if r.concerns(name) {
			o.Params[name] = params
		}
	}
	for _, s := range w.Detect.Own {
		o.World.Own = append(o.World.Own, r.network("own_addresses", s))
	}
	for _, account := range w.Detect.Accounts {
		if len(account) != 12 || strings.Trim(account, "0123456789") != "" {
			r.note("accounts", fmt.Errorf("%q is not an account of twelve digits in quotes", account))
		}
	}
	o.World.Accounts = w.Detect.Accounts
	r.note("", w.knowWorld(&o.World))
	var err error
	if o.Exceptions, err = LoadExceptions(w.ExceptionFolder()); err != nil {
		return o, err
	}
	return o, Usage(errors.Join(r.faults...))
}

// settingsReader reads settings and notes what is wrong with them.
type settingsReader struct {
	detections *Detections
	faults     []error
}

func (r *settingsReader) note(where string, err error) {
	if err == nil {
		return
	}
	if where != "" {
		err = fmt.Errorf("detect.%s: %w", where, err)
	}
	r.faults = append(r.faults, fmt.Errorf("%s: %w", WorkspaceFile, err))
}

// decided asks of a decision who made it, and why.
func (r *settingsReader) decided(where, what, owner, reason string) {
	for _, f := range []struct{ name, value string }{{"owner", owner}, {"reason", reason}} {
		if strings.TrimSpace(f.value) == "" {
			r.note(where, fmt.Errorf("%q: %s is missing: a decision says whose it is and why", what, f.name))
		}
	}
}

// concerns tells whether a setting is about a detection that is loaded. Where the
// catalogue was left out, what is said about it has nothing to bear on.
func (r *settingsReader) concerns(name string) bool {
	return !r.detections.partial || slices.ContainsFunc(r.detections.All, func(x detect.Detection) bool { return x.Name == name })
}

func (r *settingsReader) date(where, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		r.note(where, fmt.Errorf("until %q is not a date such as 2027-03-31", s))
	}
	return t
}

// network reads a range of addresses, or a single one.
func (r *settingsReader) network(where, s string) netip.Prefix {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen())
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		r.note(where, fmt.Errorf("%q is no range of addresses such as 203.0.113.0/24", s))
	}
	return p.Masked()
}
