package cli

import "github.com/spf13/cobra"

// trail groups what is done with CloudTrail's records. Each verb has a file of its own.
func (p *program) trail() *cobra.Command {
	c := &cobra.Command{
		Use:   "trail",
		Short: "Work with the records of CloudTrail",
		Long: `CloudTrail records what was done in the estate. Prove that its log files are whole, run
detections over them as they are, or keep their events in the event lake to search them.

` + "`holdfast detect`" + ` lists, tests and tunes the detections.`,
		Example: `  holdfast trail verify --trail-arn arn:aws:cloudtrail:eu-west-1:111122223333:trail/org --record
  holdfast trail detect s3://org-trail/AWSLogs --since 2026-03-01 --record
  holdfast trail import s3://org-trail/AWSLogs --since 2026-03-01
  holdfast trail search --action iam:Create* --since 2026-03-01`,
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
