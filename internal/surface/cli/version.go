package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
)

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Example: "  holdfast version",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(p.Out, "holdfast %s (%s, %s/%s)\n", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
