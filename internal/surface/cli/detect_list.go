package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
	"holdfast.dev/holdfast/internal/operate/detect"
)

// detectFilter is the flags by which detections are chosen.
type detectFilter struct {
	severities, tactics, techniques, sources []string
	text                                     string
}

func (f *detectFilter) flags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.severities, "severity", nil, "only of these severities")
	flags.StringSliceVar(&f.tactics, "tactic", nil, "only for these tactics of ATT&CK: persistence, TA0003")
	flags.StringSliceVar(&f.techniques, "technique", nil, "only for these techniques and what is below them: T1078, T1078.004; ids of former editions too")
	flags.StringSliceVar(&f.sources, "source", nil, "only over these logs: cloudtrail, vpcflow, route53resolver")
	flags.StringVar(&f.text, "text", "", "only with this text in name, title or description")
}

// check refuses what no detection could have: an empty list would read as "nothing
// finds that".
func (f *detectFilter) check(a *detect.Attack) error {
	for _, s := range f.severities {
		if _, err := finding.ParseSeverity(s); err != nil {
			return app.Usage(fmt.Errorf("--severity: %w", err))
		}
	}
	for i, t := range f.tactics {
		tactic, ok := a.Tactic(t)
		if !ok {
			return app.Usage(fmt.Errorf("--tactic: %q is not one of %s", t, strings.Join(a.TacticTags(), ", ")))
		}
		f.tactics[i] = tactic.Tag
	}
	for i, t := range f.techniques {
		technique, ok := a.Technique(t)
		if !ok {
			return app.Usage(fmt.Errorf("--technique: ATT&CK %s has no technique %q in the part that clouds are attacked by", a.Version, t))
		}
		f.techniques[i] = technique.ID
	}
	for _, s := range f.sources {
		if !slices.Contains([]string{detect.Trail.Service, detect.Flows.Service, detect.Lookups.Service}, s) {
			return app.Usage(fmt.Errorf("--source: %q is not one of cloudtrail, vpcflow, route53resolver", s))
		}
	}
	return nil
}

func (f *detectFilter) wants(a *detect.Attack, x *detect.Detection) bool {
	any := func(want, have []string, same func(want, have string) bool) bool {
		return len(want) == 0 || slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(want, func(w string) bool { return same(w, h) })
		})
	}
	equal := func(a, b string) bool { return strings.EqualFold(a, b) }
	techniques, _ := a.Techniques(x)
	text := strings.ToLower(x.Name + "\n" + x.Rule.Title + "\n" + x.Rule.Description)
	return any(f.severities, []string{string(x.Severity())}, equal) && any(f.tactics, a.TacticsOf(x), equal) &&
		any(f.techniques, techniques, func(w, h string) bool { return h == w || strings.HasPrefix(h, w+".") }) &&
		any(f.sources, []string{x.Log().Service}, equal) && strings.Contains(text, strings.ToLower(f.text))
}

func (p *program) detectList() *cobra.Command {
	var f detectFlags
	var filter detectFilter
	c := &cobra.Command{
		Use: "list", Short: "List detections", Args: cobra.NoArgs,
		Example: `  holdfast detect list --severity critical,high
  holdfast detect list --technique T1078 --source cloudtrail
  holdfast detect list --rules my-rules/ --rules-only --output json`,
		RunE: func(*cobra.Command, []string) error {
			_, d, err := p.detections(&f)
			if err != nil {
				return err
			}
			if err := filter.check(d.Attack); err != nil {
				return err
			}
			all := slices.DeleteFunc(slices.Clone(d.All), func(x detect.Detection) bool { return !filter.wants(d.Attack, &x) })
			switch f.format {
			case "json":
				return p.writeJSON(f.output, detectionEntries(d.Attack, all))
			case "table":
				if err := p.write(f.output, func(out io.Writer) error { return p.detectionTable(out, d.Attack, all) }); err != nil {
					return err
				}
				fmt.Fprintf(p.Err, "%s\n", plural(len(all), "detection"))
				return nil
			}
			return app.Usage(fmt.Errorf("--output %q is not one of table, json", f.format))
		},
	}
	f.flags(c, "table", "json")
	filter.flags(c)
	return c
}

// tableWidth is how wide tables are: as the terminal, else 100 columns.
func (p *program) tableWidth(out io.Writer) int {
	if width, ok := terminal(out); ok && width > 60 {
		return width
	}
	return 100
}

func (p *program) detectionTable(out io.Writer, a *detect.Attack, all []detect.Detection) error {
	names := len("DETECTION")
	for i := range all {
		names = max(names, len(all[i].Name))
	}
	titles := 1000 // whoever reads it with a program wants them whole
	if width, ok := terminal(out); ok {
		titles = max(20, width-names-len("  SEVERITY  T1078.004 +1  "))
	}
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "DETECTION\tSEVERITY\tATT&CK\tTITLE\n")
	for i := range all {
		x := &all[i]
		techniques, _ := a.Techniques(x)
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", oneLine(x.Name), x.Severity(), someTypes(techniques), cut(oneLine(x.Rule.Title), titles))
	}
	return tw.Flush()
}

// detectionEntry is a detection as JSON has it.
type detectionEntry struct {
	Name       string         `json:"name"`
	ID         string         `json:"id,omitempty"`
	Title      string         `json:"title"`
	Kind       string         `json:"kind"`
	Severity   string         `json:"severity"`
	Status     string         `json:"status,omitempty"`
	About      string         `json:"description,omitempty"`
	Source     string         `json:"source"`
	Analytic   string         `json:"analytic,omitempty"`
	Params     map[string]any `json:"params,omitempty"`
	Tactics    []string       `json:"tactics"`
	Techniques []string       `json:"techniques"`
	Needs      []string       `json:"needs"`
	Objective  string         `json:"objective,omitempty"`
	Playbook   string         `json:"playbook,omitempty"`
	Resource   []string       `json:"resource,omitempty"`
	Message    string         `json:"message,omitempty"`
	Harmless   []string       `json:"false_positives,omitempty"`
	References []string       `json:"references,omitempty"`
	Examples   int            `json:"examples"`
	Catalogue  bool           `json:"catalogue"`
	File       string         `json:"file"`
}

func entryOf(a *detect.Attack, x *detect.Detection) detectionEntry {
	techniques, _ := a.Techniques(x)
	return detectionEntry{
		Name: x.Name, ID: x.Rule.ID, Title: x.Rule.Title, Kind: x.Kind(), Severity: string(x.Severity()), Status: x.Rule.Status,
		About: strings.TrimSpace(x.Rule.Description), Source: x.Log().Service, Analytic: x.Analytic, Params: x.Params,
		Tactics: list(a.TacticsOf(x)), Techniques: list(techniques), Needs: list(x.Needs), Objective: x.Objective, Playbook: x.Playbook,
		Resource: x.Resource, Message: x.Message, Harmless: x.Rule.FalsePositives, References: x.Rule.References,
		Examples: x.Examples.Count(), Catalogue: x.Catalogue, File: x.File,
	}
}

func detectionEntries(a *detect.Attack, all []detect.Detection) []detectionEntry {
	entries := []detectionEntry{}
	for i := range all {
		entries = append(entries, entryOf(a, &all[i]))
	}
	return entries
}

// list is a list as JSON has one where there is nothing in it.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}
