package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"holdfast.dev/holdfast/internal/app"
	"holdfast.dev/holdfast/internal/finding"
)

// recorded runs detections and keeps in the store what they come to; what broke off is
// kept as such.
func (p *program) recorded(ctx context.Context, w app.Workspace, source string, run func(*app.TrailRecorder) error) error {
	s, err := p.open(ctx, w, false)
	if err != nil {
		return err
	}
	recorder, err := p.NewTrailRecorder(ctx, w, s, source, os.Args[1:])
	if err != nil {
		return errors.Join(err, s.Close())
	}
	err = run(recorder)
	if err = errors.Join(recorder.Finish(context.WithoutCancel(ctx), err), s.Close()); err != nil {
		return err
	}
	changes := recorder.Changes()
	fmt.Fprintf(p.Err, "recorded: %s, %d reopened, %d resolved; see `holdfast findings list --kind detection`\n", plural(changes.New, "new finding"), changes.Reopened, changes.Resolved)
	return nil
}

// detectOutcome is what came of detections over logs of any kind.
type detectOutcome interface {
	AtLeast(finding.Severity) int
	Unseen() error
	Blind() bool
}

// detectVerdict is how the command ends. Where nothing at all could be read, that is
// told by the exit code whether it was asked for or not.
func (p *program) detectVerdict(found detectOutcome, limit finding.Severity, strict bool) error {
	unseen := found.Unseen()
	if n := found.AtLeast(limit); n > 0 {
		if unseen != nil {
			fmt.Fprintf(p.Err, "besides, %v\n", unseen)
		}
		fmt.Fprintf(p.Err, "exit code 1: %s %s\n", plural(n, "alert"), reaching(limit))
		return &app.ExitError{Code: app.ExitViolations}
	}
	if unseen != nil && (strict || found.Blind()) {
		return &app.ExitError{Code: app.ExitUnseen, Err: fmt.Errorf("%w; what is named above was not judged", unseen)}
	}
	return nil
}
