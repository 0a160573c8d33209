package store

import (
	"errors"
	"os"
	"time"

	"holdfast.dev/holdfast/internal/store/lock"
)

func lockPath(dir string) string { return lock.Path(dir) }

// acquire takes the writer's lock of the store.
func acquire(dir string, now time.Time, command string) (*os.File, error) {
	f, err := lock.Acquire(dir, now, command)
	if held := (*lock.HeldError)(nil); errors.As(err, &held) {
		return nil, say(ErrLocked, nil, "the store in %q is being written by %v; wait until that is done, or end it, and run the command again (commands that only read are not held up)", dir, held.By)
	}
	return f, err
}

// held tells whether some process is writing.
func held(dir string) bool { return lock.Held(dir) }

func commandLine(args []string) string { return lock.Command(args) }
