package analytic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Setup is what an analytic is made with.
type Setup struct {
	// Params are those of the detection's file, with the workspace's laid over them:
	// texts, whole and other numbers, bool and lists of these. An engine refuses names
	// and values that it does not know.
	Params map[string]any
	World  World
}

// World is what is known beside the events. What is nil is not known; an engine that
// can do less without it, or nothing, says so by Lacks.
type World struct {
	Places   func(netip.Addr) (Place, bool)             // where an address is
	Services func(netip.Addr) (service string, ok bool) // whether AWS has it: "EC2", "AMAZON" …
	Own      []netip.Prefix                             // addresses by which our own networks go out
	Trusted  []netip.Prefix                             // of partners, offices and VPNs
	Accounts []string                                   // ours
}

// Place is where an address is, as a geo database says. What it does not say is zero.
type Place struct {
	Country   string // ISO 3166: DE
	City      string
	Latitude  float64
	Longitude float64
	Located   bool // Latitude and Longitude were given
	ASN       uint32
	Owner     string // of the ASN
}

// Engine says what an analytic is, for the catalogue, for coverage and for the guide.
type Engine struct {
	Name       string
	About      string      // what it finds, in a sentence
	Fields     []string    // of CloudTrail records that it looks at
	Needs      []string    // logs and knowledge, as a detection's `needs` spells them
	Parameters []Parameter // in the order in which it asks for them
}

// Parameter is one thing that can be set.
type Parameter struct {
	Name    string
	Default any // nil where it has to be given
	Allowed string
	About   string
}

// definition is an engine and how it is made. make asks the settings for all that it
// knows, whatever their values, so that a first look at them lists the parameters.
type definition struct {
	Engine
	make func(*settings, World) Analytic
}

// engines are the analytics by the name under `analytic` in a detection's file.
func engines() []definition {
	return []definition{
		accessDenied, actionShare, consoleBruteForce, credentialExfiltration, firstSeen,
		impossibleTravel, massDelete, massRead, newPlace, policyOpened, rarity, reconBurst, unusualCompute,
	}
}

// New makes an analytic. Its state is empty.
func New(engine string, s Setup) (Analytic, error) {
	d, ok := find(engine)
	if !ok {
		return nil, fmt.Errorf("there is no analytic %q; there are %s", engine, strings.Join(Engines(), ", "))
	}
	asked := &settings{given: s.Params}
	a := d.make(asked, s.World)
	if err := asked.fault(); err != nil {
		return nil, fmt.Errorf("analytic %q: %w", engine, err)
	}
	return a, nil
}

// Engines are the names that New knows, sorted.
func Engines() []string {
	var names []string
	for _, d := range engines() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// Describe says what an engine is.
func Describe(engine string) (Engine, bool) {
	d, ok := find(engine)
	if !ok {
		return Engine{}, false
	}
	asked := &settings{}
	d.make(asked, World{})
	d.Parameters = asked.known
	return d.Engine, true
}

func find(engine string) (definition, bool) {
	all := engines()
	i := slices.IndexFunc(all, func(d definition) bool { return d.Name == engine })
	if i < 0 {
		return definition{}, false
	}
	return all[i], true
}
