package analytic

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// Setup is what an analytic is made with.
type Setup struct {
	// Params are those of the detection's file, with the workspace's laid over them:
	// texts, int64, float64, bool and lists of these. An engine refuses names and values
	// that it does not know.
	Params map[string]any
	World  World
}

// World is what is known beside the events. What is nil is not known, and an engine
// that cannot do without it says so by Cold.
type World struct {
	Places   func(netip.Addr) (Place, bool)             // where an address is
	Services func(netip.Addr) (service string, ok bool) // whether AWS has it: "EC2", "AMAZON" …
	Own      []netip.Prefix                             // addresses by which our own networks go out
	Trusted  []netip.Prefix                             // of partners and offices
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

// engines are the analytics by the name under `analytic` in a detection's file.
var engines = map[string]func(Setup) (Analytic, error){}

// New makes an analytic. Its state is empty.
func New(engine string, s Setup) (Analytic, error) {
	make, ok := engines[engine]
	if !ok {
		return nil, fmt.Errorf("there is no analytic %q; there are %s", engine, strings.Join(Engines(), ", "))
	}
	return make(s)
}

// Engines are the names that New knows, sorted.
func Engines() []string { return slices.Sorted(maps.Keys(engines)) }
