package network

import (
	"fmt"
	"slices"
	"strings"
)

// About says what an engine is, for the catalogue, for coverage and for the guide.
type About struct {
	Name       string
	Log        string   // flow or dns
	About      string   // what it finds, in a sentence
	Fields     []string // of the log that it looks at
	Parameters []Parameter
}

// definition is an engine and how it is made.
type definition struct {
	About
	make func(*settings, *Threats) Engine
}

// engines are those that a detection's `analytic` names.
func engines() []definition {
	both := []string{"srcaddr", "dstaddr", "srcport", "dstport", "protocol", "start"}
	with := func(more ...string) []string { return slices.Concat(both, more) }
	return []definition{
		{About{"brute-force", "flow", "connection after connection to a port where one logs in, each as long as a refused login", with("packets", "action"), nil}, newBruteForce},
		{About{"flood", "flow", "far more packets to one address on the Internet than it answers", with("packets", "bytes", "action", "end"), nil}, newFlood},
		{About{"listed-address", "flow", "accepted traffic with addresses on threat lists", with("action"), nil}, newListedAddress},
		{About{"port-scan", "flow", "many ports of one target, most of them in vain", with("packets", "action"), nil}, newPortScan},
		{About{"port-sweep", "flow", "one port of many targets on the Internet, most of them in vain", with("packets", "action"), nil}, newPortSweep},
		{About{"port-use", "flow", "conversations with the Internet over given ports", with("packets", "action"), nil}, newPortUse},
		{About{"unusual-port", "flow", "the first use of a port after the usual ones were learned", with("action", "interface-id"), nil}, newUnusualPort},
		{About{"unusual-volume", "flow", "a day on which far more leaves for the Internet than on others", with("bytes", "action", "interface-id"), nil}, newUnusualVolume},
		{About{"dns-exfiltration", "dns", "many different long names below one domain", []string{"query_name", "query_type", "srcids", "query_timestamp"}, nil}, newExfiltration},
		{About{"dns-firewall", "dns", "lookups that the DNS Firewall acted upon", []string{"query_name", "firewall_rule_action", "query_timestamp"}, nil}, newBlocked},
		{About{"dns-rebinding", "dns", "names that lead to the address of the instance metadata service", []string{"query_name", "answers", "query_timestamp"}, nil}, newRebinding},
		{About{"generated-domains", "dns", "many domains that do not exist and that no one would think up", []string{"query_name", "rcode", "query_timestamp"}, nil}, newGenerated},
		{About{"listed-domain", "dns", "lookups of names on threat lists", []string{"query_name", "query_timestamp"}, nil}, newListedDomain},
	}
}

// New makes an engine, which is one of Flows or of Lookups. Its state is empty.
func New(engine string, params map[string]any, t *Threats) (Engine, error) {
	d, ok := find(engine)
	if !ok {
		return nil, fmt.Errorf("there is no network analytic %q; there are %s", engine, strings.Join(Names(), ", "))
	}
	s := &settings{given: params}
	e := d.make(s, t)
	if err := s.fault(); err != nil {
		return nil, fmt.Errorf("analytic %q: %w", engine, err)
	}
	return e, nil
}

// Names are the engines, sorted.
func Names() []string {
	var names []string
	for _, d := range engines() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// Describe says what an engine is.
func Describe(engine string) (About, bool) {
	d, ok := find(engine)
	if !ok {
		return About{}, false
	}
	s := &settings{}
	d.make(s, nil)
	d.Parameters = s.known
	return d.About, true
}

func find(engine string) (definition, bool) {
	all := engines()
	i := slices.IndexFunc(all, func(d definition) bool { return d.Name == engine })
	if i < 0 {
		return definition{}, false
	}
	return all[i], true
}
