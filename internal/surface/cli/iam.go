package cli

import "github.com/spf13/cobra"

// iam groups what is asked of policies. Each question has a file of its own.
func (p *program) iam() *cobra.Command {
	c := &cobra.Command{
		Use:   "iam",
		Short: "Decide, explain and trim what policies allow",
	}
	c.AddCommand(
		// one line per question, in the order of the documentation
		p.iamDecide(), p.iamCan(), p.iamWhoCan(), p.iamExplain(), p.iamExpect(),
		p.iamExternal(), p.iamPublicCheck(), p.iamUnused(), p.iamGenerate(),
		p.iamLint(), p.iamSize(), p.iamMinify(),
		p.iamPaths(),
		p.iamDiff(),
	)
	return c
}
