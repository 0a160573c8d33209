package detect

import (
	"fmt"
	"strings"
)

// Layer is a layer of the ATT&CK Navigator, of the format 4.5. Source:
// mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md.
type Layer struct {
	Name                          string           `json:"name"`
	Versions                      layerVersions    `json:"versions"`
	Domain                        string           `json:"domain"`
	Description                   string           `json:"description"`
	Filters                       layerFilters     `json:"filters"`
	Sorting                       int              `json:"sorting"`
	Layout                        layerLayout      `json:"layout"`
	HideDisabled                  bool             `json:"hideDisabled"`
	Techniques                    []layerTechnique `json:"techniques"`
	Gradient                      layerGradient    `json:"gradient"`
	LegendItems                   []layerLegend    `json:"legendItems"`
	SelectTechniquesAcrossTactics bool             `json:"selectTechniquesAcrossTactics"`
	SelectSubtechniquesWithParent bool             `json:"selectSubtechniquesWithParent"`
}

type layerVersions struct {
	Attack    string `json:"attack"`
	Navigator string `json:"navigator"`
	Layer     string `json:"layer"`
}

type layerFilters struct {
	Platforms []string `json:"platforms"`
}

type layerLayout struct {
	Layout                string `json:"layout"`
	ShowID                bool   `json:"showID"`
	ShowName              bool   `json:"showName"`
	ExpandedSubtechniques string `json:"expandedSubtechniques"`
}

type layerTechnique struct {
	TechniqueID       string          `json:"techniqueID"`
	Score             int             `json:"score"`
	Color             string          `json:"color"`
	Comment           string          `json:"comment"`
	Enabled           bool            `json:"enabled"`
	Metadata          []layerMetadata `json:"metadata,omitempty"`
	ShowSubtechniques bool            `json:"showSubtechniques"`
}

type layerMetadata struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type layerGradient struct {
	Colors   []string `json:"colors"`
	MinValue int      `json:"minValue"`
	MaxValue int      `json:"maxValue"`
}

type layerLegend struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

// colours of the states, and what the legend calls them.
var layerColours = map[State]layerLegend{
	Detected: {"detected, and tested", "#8ec843"},
	Partial:  {"some sub-techniques detected", "#cfe8a9"},
	Untested: {"detected, not tested", "#ffe766"},
	Sleeping: {"detections are off", "#ffb366"},
	Open:     {"not detected", "#ff9999"},
}

// Layer is the coverage as a layer: the score of a technique is how many detections
// that are on and pass their tests find it.
func (c *Coverage) Layer() Layer {
	major, _, _ := strings.Cut(c.Version, ".")
	l := Layer{
		Name: "Holdfast detections", Domain: "enterprise-attack", Versions: layerVersions{major, "5.2.0", "4.5"},
		Description: fmt.Sprintf("%d of %d techniques are found by a detection that is on and passes its tests.", c.Count(Detected), len(c.Techniques)),
		Filters:     layerFilters{cloudPlatforms}, Layout: layerLayout{"side", true, true, "annotated"},
		Gradient: layerGradient{[]string{"#ffffff", "#8ec843"}, 0, 10}, SelectTechniquesAcrossTactics: true,
	}
	for _, s := range States {
		l.LegendItems = append(l.LegendItems, layerColours[s])
	}
	for i := range c.Techniques {
		t := &c.Techniques[i]
		row := layerTechnique{TechniqueID: t.ID, Color: layerColours[t.State].Color, Comment: layerColours[t.State].Label, Enabled: true, ShowSubtechniques: len(t.Below) > 0}
		for _, b := range t.By {
			said := fmt.Sprintf("%d examples pass", b.Examples)
			switch {
			case b.Off != nil:
				said = "off: " + b.Off.Reason
			case b.Passed:
				row.Score++
			default:
				said = "not tested"
			}
			row.Metadata = append(row.Metadata, layerMetadata{b.Name, said})
		}
		l.Techniques = append(l.Techniques, row)
	}
	return l
}
