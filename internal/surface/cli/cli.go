// Package cli is the command line: one file per command, each of which reads its
// flags, calls internal/app and prints what came of it.
//
// It uses cobra: completion, help and suggestions come with it, and unlike the
// reflective parsers it leaves the linker free to drop what nobody calls, which
// matters beside the AWS SDK (see docs/performance.md).
//
// Data goes to standard output, everything else to standard error.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/source/aws"
	"holdfast.dev/holdfast/internal/store"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// program is what every command shares.
type program struct {
	*app.App
	Streams
	workspaceDir, storeDir string
	controlDirs            []string
}

// Main runs the command line and returns the exit code.
func Main(a *app.App, s Streams, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := Command(a, s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return app.ExitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = &app.ExitError{Code: app.ExitUnseen, Err: errors.New("interrupted; what was completed before is kept, the rest is as it was")}
	}
	var exit *app.ExitError
	if !errors.As(err, &exit) || exit.Err != nil {
		fmt.Fprintf(s.Err, "holdfast: %s\n", sentence(err))
	}
	return code(err)
}

// code finds the exit code of errors that packages below know by name.
func code(err error) int {
	var credentials *aws.CredentialsError
	for _, known := range []error{store.ErrNoStore, store.ErrLocked, store.ErrNewer, store.ErrFull, store.ErrDenied} {
		if errors.Is(err, known) {
			return app.ExitUsage
		}
	}
	if errors.As(err, &credentials) {
		return app.ExitUsage
	}
	return app.Code(err)
}

// sentence keeps an error on lines of its own, without control characters that
// hostile input may have brought into it.
func sentence(err error) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, err.Error())
}

// Command is the root of the command tree.
func Command(a *app.App, s Streams) *cobra.Command {
	p := &program{App: a, Streams: s}
	root := &cobra.Command{
		Use:   "holdfast",
		Short: "Answers AWS Well-Architected SEC01 with evidence",
		Long: `Holdfast answers AWS Well-Architected SEC01, "How do you securely operate your
workload?", with evidence: it reads your organisation (live, or from what you
exported), judges it by controls that say why, and tells you what to do first.

What it could not see is UNKNOWN, never PASS.`,
		Example: `  holdfast demo                         see it work, without an AWS account
  holdfast collect --org                read your organisation
  holdfast review                       answer SEC01 from what was read
  holdfast check templates/             judge CloudFormation before it is deployed
  holdfast findings list --severity high`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return app.Usage(fmt.Errorf("%w; see `%s --help`", err, c.CommandPath()))
	})
	root.PersistentFlags().StringVar(&p.storeDir, "store", "", "directory of the store (default $HOLDFAST_STORE, else .holdfast in the workspace)")
	root.PersistentFlags().StringVar(&p.workspaceDir, "workspace", ".", "folder of the workspace")
	root.PersistentFlags().StringSliceVar(&p.controlDirs, "controls", nil, "folders of controls of your own, besides those the workspace names")
	root.AddCommand(p.demo(), p.init(), p.collect(), p.check(), p.review(), p.findings(), p.iam(), p.trail(), p.detect(), p.controls(), p.version())
	root.SetHelpCommand(help(root))
	root.InitDefaultCompletionCmd()
	for _, c := range allCommands(root) {
		strictArgs(c)
	}
	return root
}

// help is cobra's help command, except that a command it does not know is an
// error and not the help of everything.
func help(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about any command", Args: cobra.ArbitraryArgs,
		Example: "  holdfast help check",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return app.Usage(fmt.Errorf("%q is not a command of holdfast; see `holdfast --help`", strings.Join(args, " ")))
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

func allCommands(c *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		out = append(out, allCommands(sub)...)
	}
	return out
}

// strictArgs makes a wrong argument a usage error of ours, and a group without a
// subcommand show its help.
func strictArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return app.Usage(fmt.Errorf("%w; see `%s --help`", err, c.CommandPath()))
			}
			return nil
		}
	}
	if c.Run == nil && c.RunE == nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return app.Usage(fmt.Errorf("%q is not a command of %s; see `%s --help`", args[0], c.CommandPath(), c.CommandPath()))
			}
			return c.Help()
		}
		c.Args = cobra.ArbitraryArgs
	}
}

// workspace opens the workspace of --workspace, with the controls of --controls.
func (p *program) workspace() (app.Workspace, error) {
	w, err := app.OpenWorkspace(p.workspaceDir)
	for _, dir := range p.controlDirs {
		abs, fault := filepath.Abs(dir) // what a flag says is not relative to the workspace
		w.Controls, err = append(w.Controls, abs), errors.Join(err, fault)
	}
	return w, err
}

// watching opens the workspace for detections, which know the accounts of the
// organisation that was collected.
func (p *program) watching(ctx context.Context) (app.Workspace, error) {
	w, err := p.workspace()
	if err != nil {
		return w, err
	}
	return w, p.KnowAccounts(ctx, &w, p.StoreDir(w, p.storeDir))
}

// open opens the store of the workspace.
func (p *program) open(ctx context.Context, w app.Workspace, readOnly bool) (*store.Store, error) {
	return store.Open(ctx, p.StoreDir(w, p.storeDir), store.Options{ReadOnly: readOnly, Now: p.Now})
}

// reading opens what a command needs that looks at what was judged: the
// controls of the workspace, and the store for reading.
func (p *program) reading(ctx context.Context, use func(*app.Reviewing, *store.Store) error) error {
	w, err := p.workspace()
	if err != nil {
		return err
	}
	reviewing, err := app.NewReviewing(w)
	if err != nil {
		return err
	}
	s, err := p.open(ctx, w, true)
	if err != nil {
		return err
	}
	return errors.Join(use(reviewing, s), s.Close())
}

// terminal tells whether w is a terminal, and how wide.
func terminal(w io.Writer) (width int, ok bool) {
	f, is := w.(*os.File)
	if !is || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, true
	}
	return width, true
}

// colour tells whether to colour what goes to w. https://no-color.org
func (p *program) colour(w io.Writer) bool {
	_, ok := terminal(w)
	return ok && p.Env("NO_COLOR") == "" && p.Env("TERM") != "dumb"
}
