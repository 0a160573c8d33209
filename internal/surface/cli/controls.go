package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/catalog"
	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/engine/check"
	"holdfast.dev/holdfast/internal/finding"
)

func (p *program) controls() *cobra.Command {
	c := &cobra.Command{
		Use:   "controls",
		Short: "List and show controls",
		Long: `Controls are files: which resource types they speak about, an expression that is
true where all is well, what it serves, how to mend it, and examples that are its
tests. Yours are read from the folders that holdfast.yaml names.`,
		Example: `  holdfast controls list --type AWS::S3::Bucket
  holdfast controls list --practice BP02
  holdfast controls show s3-bucket-ssl-requests-only`,
	}
	c.AddCommand(p.controlsList(), p.controlsShow())
	return c
}

func (p *program) loadControls() ([]check.Control, error) {
	w, err := p.workspace()
	if err != nil {
		return nil, err
	}
	return app.Controls(w.ControlFolders())
}

func (p *program) controlsList() *cobra.Command {
	var types, practices, severities, objectives []string
	var framework, format string
	c := &cobra.Command{
		Use: "list", Short: "List controls", Args: cobra.NoArgs,
		Example: "  holdfast controls list --practice BP02 --severity critical,high\n  holdfast controls list --framework cis-7.0",
		RunE: func(*cobra.Command, []string) error {
			controls, err := p.loadControls()
			if err != nil {
				return err
			}
			if err := knownFilters(controls, practices, severities, objectives, framework); err != nil {
				return err
			}
			any := func(want, have []string) bool {
				return len(want) == 0 || slices.ContainsFunc(have, func(h string) bool { return slices.Contains(want, h) })
			}
			controls = slices.DeleteFunc(controls, func(c check.Control) bool {
				return !any(types, c.Resource) || !any(practices, c.Practices()) || !any(severities, []string{c.Severity}) ||
					!any(objectives, []string{c.Objective}) || framework != "" && len(c.Maps[framework]) == 0
			})
			switch format {
			case "json":
				return p.controlsJSON(controls)
			case "table":
				return p.controlsTable(controls, framework)
			}
			return app.Usage(fmt.Errorf("--output %q is not one of table, json", format))
		},
	}
	flags := c.Flags()
	flags.StringSliceVar(&types, "type", nil, "only those that judge these resource types")
	flags.StringSliceVar(&practices, "practice", nil, "only those that serve these practices: BP01 to BP08")
	flags.StringSliceVar(&severities, "severity", nil, "only of these severities")
	flags.StringSliceVar(&objectives, "objective", nil, "only those that serve these objectives")
	flags.StringVar(&framework, "framework", "", "only those that support this framework (fsbp, cis-5.0, cis-6.0, cis-7.0, nist-800-53, csf-2.0); its ids are shown")
	flags.StringVarP(&format, "output", "o", "table", "table or json")
	return c
}

// knownFilters refuses what no control could ever have: an empty list would
// read as "nothing is judged there".
func knownFilters(controls []check.Control, practices, severities, objectives []string, framework string) error {
	have := map[string]map[string]bool{"practice": {}, "severity": {}, "objective": {}, "framework": {}}
	for i := range controls {
		c := &controls[i]
		have["severity"][c.Severity], have["objective"][c.Objective] = true, true
		for _, practice := range c.Practices() {
			have["practice"][practice] = true
		}
		for name := range c.Maps {
			have["framework"][name] = true
		}
	}
	for _, s := range finding.Severities {
		have["severity"][string(s)] = true
	}
	asked := []struct {
		flag string
		want []string
	}{{"practice", practices}, {"severity", severities}, {"objective", objectives}}
	if framework != "" {
		asked = append(asked, struct {
			flag string
			want []string
		}{"framework", []string{framework}})
	}
	for _, a := range asked {
		for _, want := range a.want {
			if !have[a.flag][want] {
				return app.Usage(fmt.Errorf("--%s: %q is not one of %s", a.flag, want, strings.Join(slices.Sorted(maps.Keys(have[a.flag])), ", ")))
			}
		}
	}
	return nil
}

// someTypes are the resource types of a control as a table has room for them.
func someTypes(types []string) string {
	if len(types) <= 1 {
		return strings.Join(types, "")
	}
	return fmt.Sprintf("%s +%d", types[0], len(types)-1)
}

func (p *program) controlsTable(controls []check.Control, framework string) error {
	tw := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
	head := "SERVES"
	if framework != "" {
		head = strings.ToUpper(framework)
	}
	fmt.Fprintf(tw, "CONTROL\tSEVERITY\tRESOURCE\t%s\tTITLE\n", head)
	for i := range controls {
		c := &controls[i]
		serves := c.Practices()
		if framework != "" {
			serves = c.Maps[framework]
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", c.ID, c.Severity, someTypes(c.Resource), strings.Join(serves, ", "), c.Title)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "%s\n", plural(len(controls), "control"))
	return nil
}

func (p *program) controlsJSON(controls []check.Control) error {
	type entry struct {
		ID        string              `json:"id"`
		Title     string              `json:"title"`
		Severity  string              `json:"severity"`
		Objective string              `json:"objective"`
		Kind      string              `json:"kind"`
		Layer     string              `json:"layer"`
		Resource  []string            `json:"resource"`
		When      string              `json:"when,omitempty"`
		Check     string              `json:"check"`
		Why       string              `json:"why,omitempty"`
		Fix       string              `json:"fix,omitempty"`
		Prevented []string            `json:"prevented_by,omitempty"`
		Params    map[string]any      `json:"params,omitempty"`
		Supports  map[string][]string `json:"supports"`
		File      string              `json:"file"`
	}
	list := []entry{}
	for i := range controls {
		c := &controls[i]
		list = append(list, entry{c.ID, c.Title, c.Severity, c.Objective, c.Kind, c.Layer, c.Resource, c.When, c.Check,
			strings.TrimSpace(c.Why), strings.TrimSpace(c.Fix.Text), c.PreventedBy, c.Params, c.Maps, c.File})
	}
	return encodeJSON(p.Out, list)
}

func (p *program) controlsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Print one control's file", Args: cobra.ExactArgs(1),
		Long:    "Prints the file of one control as it stands, examples and all; a good start for one\nof your own.",
		Example: "  holdfast controls show s3-bucket-ssl-requests-only > controls/mine.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			controls, err := p.loadControls()
			if err != nil {
				return err
			}
			i := slices.IndexFunc(controls, func(c check.Control) bool { return c.ID == args[0] })
			if i < 0 {
				return noControl(controls, args[0])
			}
			data, err := catalog.Files.ReadFile(controls[i].File)
			if err != nil {
				if data, err = os.ReadFile(controls[i].File); err != nil {
					return err
				}
			}
			_, err = p.Out.Write(data)
			return err
		},
	}
}

func noControl(controls []check.Control, id string) error {
	return app.Usage(fmt.Errorf("no control is called %q%s; `holdfast controls list` names them all", id, nearest(controls, id)))
}

// nearest names the controls that share most words with what was asked for.
func nearest(controls []check.Control, id string) string {
	shared := map[string]int{}
	for _, word := range strings.Split(id, "-") {
		for i := range controls {
			if slices.Contains(strings.Split(controls[i].ID, "-"), word) {
				shared[controls[i].ID]++
			}
		}
	}
	ids := slices.SortedFunc(maps.Keys(shared), func(a, b string) int {
		if shared[a] != shared[b] {
			return shared[b] - shared[a]
		}
		return strings.Compare(a, b)
	})
	if len(ids) == 0 || shared[ids[0]] < 2 {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", ids[0])
}
