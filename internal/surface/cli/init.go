package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
)

func (p *program) init() *cobra.Command {
	return &cobra.Command{
		Use: "init [DIR]", Short: "Write a commented workspace", Args: cobra.MaximumNArgs(1),
		Long: `A workspace is the folder in which your organisation keeps its decisions, under
version control: settings, controls of your own, exceptions. init writes one
with every setting explained, and touches nothing that is there already.`,
		Example: "  holdfast init security/holdfast",
		RunE: func(_ *cobra.Command, args []string) error {
			dir := p.workspaceDir
			if len(args) == 1 {
				dir = args[0]
			}
			written, err := app.Init(dir)
			for _, name := range written {
				fmt.Fprintln(p.Out, "wrote", name)
			}
			return err
		},
	}
}
