package cli

import "github.com/spf13/cobra"

func (p *program) detectFlow() *cobra.Command {
	var f networkFlags
	c := &cobra.Command{
		Use:   "flow PATH… | s3://BUCKET/PREFIX",
		Short: "Find attacks in VPC flow logs",
		Long: `Runs VPC flow logs through the detections that read them: scans and sweeps, guessed
passwords, floods, unusual ports and volumes, and with --threats traffic with addresses
on threat lists. Files are read as AWS delivers them (text or Parquet, any format with
a header, any prefix) and as CloudWatch Logs exports and prints them. Logs without a
header have the default format, or the one that --format gives: the LogFormat of
` + "`aws ec2 describe-flow-logs`" + `.

A format with flow-direction, tcp-flags, instance-id and pkt-srcaddr lets detections
tell more, and with fewer false alarms, than the default one.

` + networkHelp,
		Example: `  holdfast detect flow AWSLogs/111122223333/vpcflowlogs/
  holdfast detect flow s3://flow-logs/AWSLogs --since 2026-03-01 --threats c2=feodo.txt --threats tor=exits.csv
  holdfast detect flow export/ --format '${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action}'
  holdfast detect flow flows/ --state flows.json --output jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			f.options.Paths = args
			return p.runNetwork(c, &f)
		},
	}
	f.flags(c)
	c.Flags().StringVar(&f.options.Format, "format", "", "format of logs without a header")
	return c
}
