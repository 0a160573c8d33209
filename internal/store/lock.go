package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// holder is what the lock file says about the process that writes.
type holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

func (h holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s since %s (%s)", h.PID, h.Host, h.Since.Format(time.RFC3339), h.Command)
}

// errHeld is what the system-specific part says when the lock is taken.
var errHeld = errors.New("held")

func lockPath(dir string) string { return filepath.Join(dir, "lock") }

// acquire takes the writer's lock. The system drops it when the process ends,
// however it ends, so a lock never outlives its holder.
func acquire(dir string, now time.Time, command string) (*os.File, error) {
	f, err := os.OpenFile(lockPath(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	// A reader that asks whether somebody writes holds it for a moment.
	for try := 0; ; try++ {
		if err = lockFile(f); !errors.Is(err, errHeld) || try == 10 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if errors.Is(err, errHeld) {
		h := readHolder(f)
		f.Close()
		return nil, say(ErrLocked, nil, "the store in %q is being written by %v; wait until that is done, or end it, and run the command again (commands that only read are not held up)", dir, h)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %q: %w", f.Name(), err)
	}
	host, _ := os.Hostname()
	line, err := json.Marshal(holder{os.Getpid(), host, now.UTC().Truncate(time.Second), command})
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(line, '\n'), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("writing %q: %w", f.Name(), err)
	}
	return f, nil
}

func readHolder(f *os.File) holder {
	var h holder
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	_ = json.Unmarshal(text, &h) // an unreadable holder is "another process"
	return h
}

// held tells whether some process is writing.
func held(dir string) bool {
	f, err := os.Open(lockPath(dir))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(lockFile(f), errHeld)
}

func commandLine(args []string) string {
	if len(args) == 0 {
		return "unknown command"
	}
	line := strings.Join(append([]string{filepath.Base(args[0])}, args[1:]...), " ")
	if runes := []rune(line); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return line
}
