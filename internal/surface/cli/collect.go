package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/store"
)

func (p *program) collect() *cobra.Command {
	var o app.CollectOptions
	var printPolicy bool
	var configDir string
	c := &cobra.Command{
		Use:   "collect",
		Short: "Read AWS into the store",
		Long: `Reads accounts into the store: live, with the standard credential chain; from a
directory of saved responses; or from the snapshot and history files that AWS
Config delivers to S3. Only read operations on a fixed list can leave the process;
--print-policy prints the IAM policy they need.

What could not be read is recorded as a gap and makes the verdicts that needed it
UNKNOWN. One account, Region or API that fails takes nothing else down, and an
interrupted collection goes on with --resume.

Saved responses lie in ACCOUNT/REGION/SERVICE/Operation.json, as --record writes
them and as the AWS CLI prints them; global services are in the Region "global".`,
		Example: `  holdfast collect                                   the account of your credentials
  holdfast collect --org --role HoldfastAudit        every account of the organisation
  holdfast collect --from saved/                     saved responses instead of AWS
  holdfast collect --aws-config AWSLogs/             AWS Config files, with their history
  holdfast collect --print-policy > policy.json
  AWS_ENDPOINT_URL=http://localhost:4566 holdfast collect    an emulator`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if printPolicy {
				return p.printPolicy(o)
			}
			return p.runCollect(c, o, configDir)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&o.AWS.Org, "org", false, "every live account of the organisation")
	flags.StringVar(&o.AWS.RoleName, "role", "", "role to assume in each account (default "+aws.DefaultRole+")")
	flags.StringVar(&o.AWS.ExternalID, "external-id", "", "external id to hand over when assuming the role")
	flags.StringVar(&o.AWS.Profile, "profile", "", "profile of the shared AWS configuration")
	flags.StringSliceVar(&o.AWS.Accounts, "accounts", nil, "only these accounts")
	flags.StringSliceVar(&o.AWS.Regions, "regions", nil, "only these Regions, as far as they are enabled")
	flags.StringSliceVar(&o.Services, "services", nil, "only these services")
	flags.StringSliceVar(&o.Types, "types", nil, "only these resource types; those without a collector of their own come through Cloud Control API")
	flags.StringVar(&o.From, "from", "", "read saved responses from this directory instead of AWS")
	flags.StringVar(&o.Record, "record", "", "save every response to this directory, secrets redacted")
	flags.StringVar(&configDir, "aws-config", "", "read AWS Config snapshot and history files below this directory instead of AWS")
	flags.BoolVar(&o.Resume, "resume", false, "go on where the last collection was interrupted")
	flags.IntVar(&o.Concurrency, "concurrency", 0, "calls in flight (default 16)")
	flags.BoolVar(&printPolicy, "print-policy", false, "print the IAM policy that collecting needs, and do nothing else")
	return c
}

func (p *program) printPolicy(o app.CollectOptions) error {
	collectors, err := p.Select(o.Services, o.Types)
	if err != nil {
		return err
	}
	documents, err := aws.Policy(collectors, o.AWS.RoleName)
	if err != nil {
		return app.Usage(err)
	}
	for _, d := range documents {
		fmt.Fprintf(p.Err, "policy %s:\n", d.Name)
		if _, err := fmt.Fprintf(p.Out, "%s\n", d.JSON); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) runCollect(c *cobra.Command, o app.CollectOptions, configDir string) error {
	w, err := p.workspace()
	if err != nil {
		return err
	}
	defaults(c, &o, w.Collect)
	s, err := p.open(c.Context(), w, false)
	if err != nil {
		return err
	}
	defer s.Close()
	if configDir != "" {
		if o.From != "" {
			return app.Usage(errors.New("--from and --aws-config are two sources; read one, then the other"))
		}
		return p.importConfig(c, s, configDir)
	}
	progress := &progress{out: p.Err}
	if _, ok := terminal(p.Err); ok {
		o.Reporter = progress
	}
	done, err := p.Collect(c.Context(), s, o)
	progress.end()
	// A file that cannot be read ends in an error, and what the others gave is kept.
	if err == nil || done.Resources > 0 || done.Gaps > 0 {
		p.collected(done)
	}
	if err == nil && done.Resources > 0 {
		fmt.Fprintln(p.Err, "next: holdfast review")
	}
	return err
}

func (p *program) collected(done app.Collected) {
	fmt.Fprintf(p.Err, "%s: %d new, %d changed, %d gone; %s", plural(done.Resources, "resource"), done.New, done.Changed, done.Gone, plural(done.Gaps, "gap"))
	if done.Gaps > 0 {
		fmt.Fprint(p.Err, " (what could not be read; the review lists them)")
	}
	fmt.Fprintln(p.Err)
}

func (p *program) importConfig(c *cobra.Command, s *store.Store, dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return app.Usage(fmt.Errorf("there are no AWS Config files to read: %w; give the folder that holds what was delivered to S3, such as AWSLogs/", err))
	}
	done, err := p.Import(c.Context(), s, dir, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "%s of AWS Config: %s, %s\n", plural(done.Files, "file"), plural(done.Versions, "version"), plural(done.Gaps, "gap"))
	if len(done.Faults) > 0 {
		return app.Usage(fmt.Errorf("%s could not be read to the end; what came before is kept, what is missing counts as a gap:\n%w", plural(len(done.Faults), "file"), errors.Join(done.Faults...)))
	}
	return nil
}

// defaults fills in what the workspace says where no flag does.
func defaults(c *cobra.Command, o *app.CollectOptions, w app.CollectSettings) {
	set := c.Flags().Changed
	if !set("org") {
		o.AWS.Org = w.Org
	}
	for _, s := range []struct {
		flag string
		into *string
		from string
	}{{"role", &o.AWS.RoleName, w.Role}, {"external-id", &o.AWS.ExternalID, w.ExternalID}, {"profile", &o.AWS.Profile, w.Profile}} {
		if !set(s.flag) {
			*s.into = s.from
		}
	}
	for _, s := range []struct {
		flag string
		into *[]string
		from []string
	}{{"accounts", &o.AWS.Accounts, w.Accounts}, {"regions", &o.AWS.Regions, w.Regions}, {"types", &o.Types, w.Types}} {
		if !set(s.flag) {
			*s.into = s.from
		}
	}
}

// progress shows on a terminal which unit is under way.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	ended int
	shown bool
}

// Unit is called by the source, from several goroutines.
func (p *progress) Unit(u aws.Unit, state aws.State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state != aws.Started {
		p.ended++
	}
	fmt.Fprintf(p.out, "\r\x1b[K%d done  %s %s", p.ended, u, state)
	p.shown = true
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
