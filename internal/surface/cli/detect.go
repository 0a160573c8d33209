package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
)

// detect groups what is done with detections themselves. Each verb has a file of its own.
func (p *program) detect() *cobra.Command {
	c := &cobra.Command{
		Use:   "detect",
		Short: "List, test and tune what finds attacks in recorded activity",
		Long: `Detections are files: a Sigma rule, rules that correlate or an analytic; what it
means, what answers it, which logs it needs, and examples that are its tests. Yours
are read from the folders that holdfast.yaml names, plain Sigma rules too.

` + "`holdfast trail detect`" + ` runs them over CloudTrail's records.`,
		Example: `  holdfast detect list --severity critical,high
  holdfast detect show root-credential-use
  holdfast detect test --rules my-rules/`,
	}
	c.AddCommand(
		// one line per verb, in the order of the documentation
		p.detectList(),
		p.detectShow(),
		p.detectTest(),
		p.detectCoverage(),
		p.detectBacktest(),
		p.detectFlow(),
		p.detectDNS(),
	)
	return c
}

// detectFlags are what every verb of detect takes.
type detectFlags struct {
	output
	sources app.DetectSources
}

func (f *detectFlags) flags(c *cobra.Command, formats ...string) {
	f.output.flags(c, formats)
	c.Flags().StringSliceVar(&f.sources.Rules, "rules", nil, "folders or files with detections and Sigma rules of your own, besides those the workspace names")
	c.Flags().BoolVar(&f.sources.RulesOnly, "rules-only", false, "leave Holdfast's own detections out")
}

// detections loads what the flags ask for, and tells of rules that were refused.
func (p *program) detections(f *detectFlags) (app.Workspace, *app.Detections, error) {
	w, err := p.workspace()
	if err != nil {
		return w, nil, err
	}
	d, err := app.LoadDetections(w, f.sources)
	if err != nil {
		return w, nil, err
	}
	for _, r := range d.Refusals {
		fmt.Fprintf(p.Err, "refused: %v\n", r)
	}
	return w, d, nil
}
