package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/operate/access"
)

// estateFlags say where who may do what is read from.
type estateFlags struct {
	files           []string
	account, region string
	asOf            string
	alone           bool
}

func (f *estateFlags) flags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringSliceVar(&f.files, "files", nil, "read these instead of the store: what aws iam get-account-authorization-details gives, CloudFormation templates")
	flags.StringVar(&f.account, "account", "", "account that templates among the files are for")
	flags.StringVar(&f.region, "region", "", "Region that templates among the files are for")
	flags.StringVar(&f.asOf, "as-of", "", "look at the store's snapshot of this instant (RFC 3339)")
	flags.BoolVar(&f.alone, "alone", false, "take what was not seen for not there: no other policy, no organisation")
}

// estate reads who may do what, from files or the store.
func (p *program) estate(ctx context.Context, f estateFlags) (*access.Estate, error) {
	o, done, err := p.accessFrom(ctx, f)
	if err != nil {
		return nil, err
	}
	e, err := p.Access(ctx, o)
	if err = errors.Join(err, done()); err != nil {
		return nil, err
	}
	for i, note := range e.Notes() {
		if i == mostNotes {
			fmt.Fprintf(p.Err, "warning: and %d more like these\n", len(e.Notes())-i)
			break
		}
		fmt.Fprintln(p.Err, "warning:", oneLine(note))
	}
	return e, nil
}

// mostNotes is how many notes on the evidence are printed.
const mostNotes = 5

// accessFrom checks the flags and opens what they name; done closes it.
func (p *program) accessFrom(ctx context.Context, f estateFlags) (o app.AccessOptions, done func() error, err error) {
	o = app.AccessOptions{Files: f.files, Account: f.account, Region: f.region, Alone: f.alone}
	if len(f.files) > 0 {
		if f.asOf != "" {
			return o, nil, app.Usage(errors.New("--as-of is about the store, and --files reads none; leave one of them out"))
		}
		return o, func() error { return nil }, nil
	}
	if f.account != "" || f.region != "" {
		return o, nil, app.Usage(errors.New("--account and --region say what templates are for; give the templates with --files"))
	}
	at, past, err := p.instant(f.asOf)
	if err != nil {
		return o, nil, err
	}
	w, err := p.workspace()
	if err != nil {
		return o, nil, err
	}
	s, err := p.open(ctx, w, true)
	if err != nil {
		return o, nil, fmt.Errorf("%w; or read files: --files details.json", err)
	}
	if at, err = judgedAt(ctx, s, at, past); err != nil {
		return o, nil, errors.Join(err, s.Close())
	}
	o.Store, o.AsOf = s, at
	return o, s.Close, nil
}
