package cli

import "github.com/spf13/cobra"

// trail groups what is done with CloudTrail's records. Each verb has a file of its own.
func (p *program) trail() *cobra.Command {
	c := &cobra.Command{
		Use:   "trail",
		Short: "Work with the records of CloudTrail",
	}
	c.AddCommand(
		// one line per verb, in the order of the documentation
		p.trailVerify(),
		p.trailDetect(),
		p.trailImport(),
		p.trailSearch(),
		p.trailTimeline(),
		p.trailPrune(),
	)
	return c
}
