package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/demo"
	"holdfast.dev/holdfast/internal/store"
	"holdfast.dev/holdfast/internal/surface/report"
)

func (p *program) demo() *cobra.Command {
	var o demo.Options
	var out output
	c := &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Review a generated organisation, without an AWS account",
		Long: `Makes up an organisation (accounts, resources, flaws, and an account that lets
nobody in), reviews it, lets a week go by, and reviews it again. The store is put
into DIR, or into a temporary folder, and stays there to look around in. The same
seed always gives the same organisation and the same review.`,
		Example: `  holdfast demo
  holdfast demo --seed 7 --accounts 100 --resources 50000
  holdfast demo --output html --out review.html`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := ""
			if len(args) == 1 {
				dir = args[0]
			}
			return p.runDemo(c, dir, o, out)
		},
	}
	out.flags(c, report.ReviewFormats)
	flags := c.Flags()
	flags.Uint64Var(&o.Seed, "seed", 1, "which organisation to make up")
	flags.IntVar(&o.Accounts, "accounts", 24, "how many accounts")
	flags.IntVar(&o.Resources, "resources", 3000, "about how many resources")
	return c
}

// leastAccounts is how many the tree needs before workloads come into it.
const leastAccounts = 12

func (p *program) runDemo(c *cobra.Command, dir string, o demo.Options, out output) error {
	format, err := report.ParseReviewFormat(out.format)
	if err != nil {
		return app.Usage(err)
	}
	if o.Accounts < leastAccounts || o.Accounts > 100_000 || o.Resources < 0 || o.Resources > 50_000_000 {
		return app.Usage(fmt.Errorf("--accounts takes %d to 100,000 and --resources up to 50,000,000", leastAccounts))
	}
	if dir, err = demoDir(dir); err != nil {
		return err
	}
	reviewing, err := app.NewReviewing(app.Workspace{Dir: dir})
	if err != nil {
		return err
	}
	where := filepath.Join(dir, ".holdfast")
	s, err := store.Open(c.Context(), where, store.Options{Now: p.Now})
	if err != nil {
		return err
	}
	defer s.Close()
	answer, err := app.Demo(c.Context(), s, reviewing, o)
	if err != nil {
		return err
	}
	if err := p.write(out, func(w io.Writer) error {
		return report.Review(w, format, p.meta(reviewing.Engine, app.DemoInstant), answer)
	}); err != nil {
		return err
	}
	fmt.Fprintf(p.Err, "\nThis organisation was made up from seed %d. Look around in it:\n  export HOLDFAST_STORE=%s\n  holdfast findings list --group control\n", o.Seed, quoted(absolute(where)))
	return nil
}

// absolute is a path that still holds after a change of folder.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// quoted is a path as a shell takes it.
func quoted(path string) string {
	if strings.IndexFunc(path, func(r rune) bool {
		return !strings.ContainsRune("/._-+:@", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// demoDir is an empty place for the demo's store.
func demoDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "holdfast-demo-")
	}
	if _, err := os.Stat(filepath.Join(dir, ".holdfast")); !errors.Is(err, os.ErrNotExist) {
		return "", app.Usage(fmt.Errorf("%s holds a store already; give the demo another folder, or none for a temporary one", dir))
	}
	return dir, app.Usage(os.MkdirAll(dir, 0o755))
}
