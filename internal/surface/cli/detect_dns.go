package cli

import "github.com/spf13/cobra"

func (p *program) detectDNS() *cobra.Command {
	var f networkFlags
	f.options.Lookups = true
	c := &cobra.Command{
		Use:   "dns PATH… | s3://BUCKET/PREFIX",
		Short: "Find attacks in Route 53 Resolver query logs",
		Long: `Runs Route 53 Resolver query logs through the detections that read them: data that
leaves inside of names, generated domains, names that lead to the instance metadata
service, what the DNS Firewall acted upon, and with --threats names on threat lists.
Files are read as AWS delivers them to S3, and as CloudWatch Logs exports and prints
them.

` + networkHelp,
		Example: `  holdfast detect dns AWSLogs/111122223333/vpcdnsquerylogs/
  holdfast detect dns s3://query-logs --threats c2=domains.txt --trusted ours.txt
  holdfast detect dns queries.log.gz --output jsonl --fail-on high`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f.options.Paths = args
			return p.runNetwork(c, &f)
		},
	}
	f.flags(c)
	return c
}
