package detect

import (
	"holdfast.dev/holdfast/internal/operate/detect/analytic"
	"holdfast.dev/holdfast/internal/operate/detect/network"
)

// Parameter is one thing that can be set about an analytic.
type Parameter struct {
	Name  string
	Value any // as the detection's file has it, else the engine's own
	About string
}

// Parameters are those of a detection, in the order of its engine; none for rules.
func Parameters(x *Detection) (all []Parameter) {
	if isTraffic(x.Log()) {
		engine, _ := network.Describe(x.Analytic)
		for _, p := range engine.Parameters {
			value := p.Default
			if own, ok := x.Params[p.Name]; ok {
				value = own
			}
			all = append(all, Parameter{p.Name, value, p.About})
		}
		return all
	}
	engine, ok := analytic.Describe(x.Analytic)
	if !ok {
		return nil
	}
	for _, p := range engine.Parameters {
		value := p.Default
		if own, ok := x.Params[p.Name]; ok {
			value = own
		}
		about := p.About
		if p.Allowed != "" {
			about += " (" + p.Allowed + ")"
		}
		all = append(all, Parameter{p.Name, value, about})
	}
	return all
}
