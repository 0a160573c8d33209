// Package lock lets one process at a time write a directory. The system drops the lock
// when its process ends, however it ends, so a lock never outlives its holder; the file
// says who holds it, for those who are refused.
package lock

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

// Holder is what the lock file says about the process that writes.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("process %d on %s since %s (%s)", h.PID, h.Host, h.Since.Format(time.RFC3339), h.Command)
}

// HeldError says that another process writes.
type HeldError struct{ By Holder }

func (e *HeldError) Error() string { return "held by " + e.By.String() }

// errTaken is what the system-specific part says when the lock is taken.
var errTaken = errors.New("taken")

// Path is the lock file of a directory.
func Path(dir string) string { return filepath.Join(dir, "lock") }

// Acquire takes the writer's lock of a directory. Closing the file gives it back.
// Where somebody holds it the error is a *HeldError.
func Acquire(dir string, now time.Time, command string) (*os.File, error) {
	f, err := os.OpenFile(Path(dir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	// A reader that asks whether somebody writes holds it for a moment.
	for try := 0; ; try++ {
		if err = lockFile(f); !errors.Is(err, errTaken) || try == 10 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if errors.Is(err, errTaken) {
		h := readHolder(f)
		f.Close()
		return nil, &HeldError{h}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("locking %q: %w", f.Name(), err)
	}
	host, _ := os.Hostname()
	line, err := json.Marshal(Holder{os.Getpid(), host, now.UTC().Truncate(time.Second), command})
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

func readHolder(f *os.File) Holder {
	var h Holder
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 1<<16))
	_ = json.Unmarshal(text, &h) // an unreadable holder is "another process"
	return h
}

// Held tells whether some process is writing.
func Held(dir string) bool {
	f, err := os.Open(Path(dir))
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(lockFile(f), errTaken)
}

// Command is a command line in few words, for Acquire.
func Command(args []string) string {
	if len(args) == 0 {
		return "unknown command"
	}
	line := strings.Join(append([]string{filepath.Base(args[0])}, args[1:]...), " ")
	if runes := []rune(line); len(runes) > 200 {
		return string(runes[:200]) + "…"
	}
	return line
}
